#!/usr/bin/env bash
# Measures proxypatch beside git apply and patch-package, all making the same
# change to the same installed next-auth, and beside programs that show the limits.
#
#   RUNS=50 bench/run.sh [DIR]
#
# With UPDATE=1 it writes its part of docs/maintaining/performance.md and the chart.
#
# DIR is a directory on the disk to measure (.cache/bench by default). If there
# is a tmpfs, it is measured too. proxypatch syncs what it writes (fsync) and
# the others do not, so on a disk it also waits for the disk.
#
# Every round runs each command once, in a new order, so other load on the
# machine affects all alike. You can compare ratios between machines, but not
# times. Only .cache/bench remains.
set -euo pipefail
export LC_ALL=C
runs=${RUNS:-50}
disk=$(cd "${1:-/}" && pwd -P)
cd "$(dirname "$0")/.."
cache=$(pwd -P)/.cache/bench
mkdir -p "$cache"
[ $# -gt 0 ] || disk=$cache
. bench/lib.sh

# The commands to measure: a name, and whether next-auth is released or patched before
# and after. bench/report has the texts. patch-package starts in the fastest way: npx and
# npm scripts would also start npm.
commands='
true       - -
empty      - -
limit      - -
linked     - -
version    - -
apply      released patched
git        released patched
pp         released patched
apply-noop patched patched
check      patched patched
git-noop   patched patched
pp-noop    patched patched
apply-app  patched patched
apply-built patched patched
'

# home is the project that a command runs in, below a place. The one of patch-package has
# its patch, which proxypatch would read too.
home() {
	case $1 in
	apply-app) echo app ;;
	apply-built) echo built ;;
	pp*) echo pp ;;
	*) echo project ;;
	esac
}

# start runs one of them in a project and prints its time and memory.
start() {
	case $2 in
	true) set -- "$1" . "$(type -P true)" ;;
	empty | limit | linked) set -- "$1" . "$cache/$2" ;;
	version) set -- "$1" . "$cache/proxypatch" version ;;
	apply*) set -- "$1" . "$cache/proxypatch" apply ;;
	check) set -- "$1" . "$cache/proxypatch" check ;;
	git) set -- "$1" node_modules/next-auth "$(type -P git)" apply -p1 "$cache/change.diff" ;;
	git-noop) set -- "$1" node_modules/next-auth "$(type -P git)" apply --check -R -p1 "$cache/change.diff" ;;
	pp*) set -- "$1" . "$(type -P node)" node_modules/patch-package/index.js ;;
	esac
	(cd "$1/$2" && shift 2 && exec "$cache/start" "$@")
}

# to brings a project's next-auth to a state and syncs the disk. Otherwise the
# next command that syncs would wait for this too.
to() {
	local package=$1/node_modules/next-auth file
	for file in $changed; do
		rm -f "$package/$file"
		[ ! -e "$cache/$2/$file" ] || cp -p "$cache/$2/$file" "$package/$file"
	done
	sync
}

is() {
	diff -r "$1/node_modules/next-auth" "$cache/$2" || { echo "$3 did not leave next-auth $2" >&2 && exit 1; }
}

# prepare makes the change as a diff for each tool, and the result.
prepare() {
	local project=$cache/project
	rm -rf "$cache/released" "$cache/patched" "$cache/patches" "$project/patches"
	cp -R "$project/node_modules/next-auth" "$cache/released"
	cp -R "$project/node_modules/next-auth" "$cache/patched"
	"$cache/proxypatch" diff -C "$project" >"$cache/change.diff"
	(cd "$cache/patched" && git apply -p1 "$cache/change.diff")
	mkdir "$cache/patches"
	sed -E -e '/^(diff --git|---|\+\+\+) /s# ([ab])/# \1/node_modules/next-auth/#g' \
		"$cache/change.diff" >"$cache/patches/next-auth+4.2.1.patch"
	changed=$(sed -n 's#^+++ b/##p' "$cache/change.diff")
}

# make_app makes the project a Next.js app that is patched and was never built.
make_app() {
	cp -R "$cache/project" "$1"
	echo 'module.exports = {}' >"$1/next.config.js"
	"$cache/proxypatch" -q -C "$1"
}

# build_app gives an app what next build leaves: 5,000 files, of which the server loads
# half, and standalone output.
build_app() {
	local i dir=$1/.next/standalone/.next
	mkdir -p "$dir/server/chunks" "$1/.next/server/chunks"
	for ((i = 1; i <= 2500; i++)); do
		echo "exports.id=$i" | tee "$dir/server/chunks/$i.js" >"$1/.next/server/chunks/$i.js"
	done
	echo "process.env.__NEXT_PRIVATE_STANDALONE_CONFIG = '{}'" >"$1/.next/standalone/server.js"
	echo bench | tee "$dir/BUILD_ID" >"$1/.next/BUILD_ID"
}

for name in $(git rev-parse --local-env-vars); do unset "$name"; done
places=("$(mktemp -d "$disk/proxypatch.XXXXXX")")
trap 'rm -rf "${places[@]}"' EXIT
[ ! -w /dev/shm ] || places+=("$(mktemp -d /dev/shm/proxypatch.XXXXXX)")
# The cache is inside a repository, and below a repository's top git apply skips
# files. So git must not look for a repository above these directories.
export GIT_CEILING_DIRECTORIES=$cache GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
for place in "${places[@]}"; do GIT_CEILING_DIRECTORIES+=:$place; done

install
echo 'package main; func main() {}' >"$cache/empty.go"
build empty "$cache/empty.go"
build limit ./bench/limit
build linked ./bench/linked
build report ./bench/report
build start ./bench/start
build proxypatch ./cmd/proxypatch
prepare
for place in "${places[@]}"; do
	cp -R "$cache/project" "$place"
	cp -R "$cache/project" "$place/pp"
	cp -R "$cache/patches" "$place/pp"
	make_app "$place/app"
	make_app "$place/built"
	build_app "$place/built"
done

for ((round = 1; round <= runs; round++)); do
	while read -r _ name before after _; do
		for place in "${places[@]}"; do
			project=$place/$(home "$name")
			[ "$before" = - ] || to "$project" "$before"
			sample=$(start "$project" "$name") || { echo "$name failed" >&2 && exit 1; }
			echo "$name $sample" >>"$place/samples"
			[ "$after" = - ] || is "$project" "$after" "$name"
		done
	done < <(while read -r line; do [ -z "$line" ] || echo "$RANDOM $line"; done <<<"$commands" | sort -n)
done

"$cache/report" bench "${places[@]}"
