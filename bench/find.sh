#!/usr/bin/env bash
# Measures how long proxypatch takes to find all copies of next-auth in a
# workspace of 500 packages, beside find and fd, which look at every file.
#
#   RUNS=10 bench/find.sh
#
# With UPDATE=1 it writes its part of docs/maintaining/performance.md and the chart.
#
# Debian calls fd fdfind (package fd-find). Each command runs in two trees, the
# second with twice the files, which must not slow proxypatch down. It measures
# all of `proxypatch check`, which also reads the six copies that it finds.
# Every round runs each command once, in a new order; the caches are warm.
set -euo pipefail
export LC_ALL=C
runs=${RUNS:-10}
cd "$(dirname "$0")/.."
cache=$(pwd -P)/.cache/bench
mkdir -p "$cache"
. bench/lib.sh
fd=$(type -P fd || type -P fdfind) || { echo "bench/find.sh needs fd (Debian: apt-get install fd-find)" >&2 && exit 1; }

# start runs one of the commands on a tree and prints its time and memory.
start() {
	case $1 in
	proxypatch) "$cache/start" "$cache/proxypatch" check -C "$2" ;;
	find) "$cache/start" "$(type -P find)" "$2" -path '*/next-auth/package.json' ;;
	fd) "$cache/start" "$fd" --no-ignore --hidden --full-path --glob '**/next-auth/package.json' "$2" ;;
	esac
}

install
build start ./bench/start
build proxypatch ./cmd/proxypatch
build workspace ./bench/workspace
build report ./bench/report
samples=$cache/find-samples
trap 'rm -rf "$cache"/tree-* "$samples"' EXIT
rm -rf "$cache"/tree-* "$samples"
for files in 105 210; do
	echo "files-$files $("$cache/workspace" "$cache/tree-$files" "$cache/project" "$files") 0 0" >>"$samples"
	"$cache/proxypatch" apply --quiet -C "$cache/tree-$files"
	find "$cache/tree-$files" -path '*/next-auth/package.json' >/dev/null
done

for ((round = 0; round <= runs; round++)); do # the first only warms up
	while read -r _ name files; do
		sample=$(start "$name" "$cache/tree-$files") || { echo "$name failed" >&2 && exit 1; }
		[ "$round" = 0 ] || echo "$name-$files $sample" >>"$samples"
	done < <(for name in proxypatch find fd; do for files in 105 210; do echo "$RANDOM $name $files"; done; done | sort -n)
done

"$cache/report" bench-find "$samples"
