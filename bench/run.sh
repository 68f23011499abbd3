#!/usr/bin/env bash
# Measures proxypatch beside git apply and patch-package, all making the same
# change to the same installed next-auth.
#
#   RUNS=50 bench/run.sh [DIR]
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

# The commands to measure: a name, whether next-auth is released or patched
# before and after, and the text in the table. patch-package starts in the
# fastest way: npx and npm scripts would also start npm.
commands='
true       - -               an empty process
empty      - -               an empty Go program
version    - -               proxypatch version
apply      released patched  proxypatch apply
git        released patched  git apply
pp         released patched  patch-package
apply-noop patched patched   proxypatch apply
check      patched patched   proxypatch check
git-noop   patched patched   git apply --check -R
pp-noop    patched patched   patch-package
apply-app  patched patched   apply, in an app
apply-built patched patched  apply, 5,000 built files
'

# home is the project that a command runs in, below a place.
home() {
	case $1 in
	apply-app) echo app ;;
	apply-built) echo built ;;
	*) echo project ;;
	esac
}

# start runs one of them in a project and prints its time and memory.
start() {
	case $2 in
	true) set -- "$1" . "$(type -P true)" ;;
	empty) set -- "$1" . "$cache/empty" ;;
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
	rm -rf "$cache/released" "$cache/patched" "$project/patches"
	cp -R "$project/node_modules/next-auth" "$cache/released"
	cp -R "$project/node_modules/next-auth" "$cache/patched"
	"$cache/proxypatch" diff -C "$project" >"$cache/change.diff"
	(cd "$cache/patched" && git apply -p1 "$cache/change.diff")
	mkdir "$project/patches"
	sed -E -e '/^(diff --git|---|\+\+\+) /s# ([ab])/# \1/node_modules/next-auth/#g' \
		"$cache/change.diff" >"$project/patches/next-auth+4.2.1.patch"
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

# table prints the medians of one place. The last two columns compare each with
# the command that does the same for git and patch-package: changing files or,
# below the line, finding them changed.
table() {
	{ echo "$commands"; sort -k1,1 -k2,2n "$1"; } | awk -v memory="$2" '
		NF > 3 { k = row[++rows] = $1; before[k] = $2; $1 = $2 = $3 = ""; sub(/^ +/, ""); label[k] = $0; next }
		NF == 3 { ms[$1, ++n[$1]] = $2 / 1e6; if ($3 > kb[$1]) kb[$1] = $3 }
		function median(k) { return (ms[k, int((n[k] + 1) / 2)] + ms[k, int(n[k] / 2) + 1]) / 2 }
		function aim(text, ratio, fastest, met) {
			printf "  aim: %-46s %s: %.2f (fastest runs: %.2f)\n", text, met ? "met" : "MISSED", ratio, fastest
		}
		END {
			printf "  %-24s %9s %9s %8s %13s %15s\n", "", "median ms", "min ms", "peak MB", "/ git apply", "patch-package /"
			for (i = 1; i <= rows; i++) {
				k = row[i]; like = before[k] == "patched" ? "-noop" : ""
				if (like != "" && before[row[i - 1]] != "patched") print "  nothing to do:"
				printf "  %-24s %9.2f %9.2f %8.1f %12.2f %15.1f\n", label[k], median(k), ms[k, 1], kb[k] / memory, median(k) / median("git" like), median("pp" like) / median(k)
			}
			r = median("apply") / median("git"); f = ms["apply", 1] / ms["git", 1]
			aim("apply at most 1.5 times git apply", r, f, r <= 1.5)
			r = median("pp") / median("apply"); f = ms["pp", 1] / ms["apply", 1]
			aim("apply at least 50 times as fast as patch-package", r, f, r >= 50)
			r = median("apply-built") / median("apply-app"); f = ms["apply-built", 1] / ms["apply-app", 1]
			aim("apply with a build at most 1.1 times without", r, f, r <= 1.1)
		}'
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
build start ./bench/start
build proxypatch ./cmd/proxypatch
prepare
for place in "${places[@]}"; do
	cp -R "$cache/project" "$place"
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

memory=1024 # ru_maxrss is in kB, but on macOS in bytes
[ "$(uname)" != Darwin ] || memory=1048576
for place in "${places[@]}"; do
	printf '\n%s, %d runs each:\n' "$(case $place in /dev/shm/*) echo tmpfs ;; *) echo disk ;; esac)" "$runs"
	table "$place/samples" "$memory"
done
