#!/usr/bin/env bash
# Measures the time that the npm package's launcher adds to the program. Most of
# it is the start of Node.js, so that is measured too.
#
#   RUNS=50 bench/npm.sh
#
# Every round runs each command once, in a new order. You can compare ratios
# between machines, but not times. Only .cache/bench remains.
set -euo pipefail
export LC_ALL=C
runs=${RUNS:-50}
cd "$(dirname "$0")/.."
cache=$(pwd -P)/.cache/bench
mkdir -p "$cache"
. bench/lib.sh

modules=$cache/npm/node_modules
rm -rf "$cache/npm"
mkdir -p "$modules/proxypatch"
go run ./tools/npmpack -platform host -out "$cache/npm" >/dev/null
unpack() { mkdir -p "$2" && tar xzf "$1" -C "$2" --strip-components=1; }
for archive in "$cache"/npm/*.tgz; do
	platform=$(basename "$archive" | sed -nE 's/^proxypatch-([a-z]+[0-9]*-[a-z0-9]+)-[0-9].*/\1/p')
	unpack "$archive" "$modules/${platform:+@proxypatch/}${platform:-proxypatch}"
done
native=$(echo "$modules"/@proxypatch/*/bin/proxypatch)
launcher=$modules/proxypatch/bin/proxypatch.js
node=$(type -P node)
build start ./bench/start
"$node" "$launcher" version

start() {
	case $1 in
	node) "$cache/start" "$node" -e 0 ;;
	launcher) "$cache/start" "$node" "$launcher" version ;;
	native) "$cache/start" "$native" version ;;
	esac
}

samples=$(mktemp)
trap 'rm -f "$samples"' EXIT
for ((round = 1; round <= runs; round++)); do
	for name in $(for name in node launcher native; do echo "$RANDOM $name"; done | sort -n | cut -d" " -f2); do
		echo "$name $(start $name)" >>"$samples"
	done
done

printf '\n%d runs each, with Node.js %s:\n' "$runs" "$("$node" --version)"
sort -k1,1 -k2,2n "$samples" | awk '
	{ ms[$1, ++n[$1]] = $2 / 1e6 }
	function median(k) { return (ms[k, int((n[k] + 1) / 2)] + ms[k, int(n[k] / 2) + 1]) / 2 }
	function row(k, label) { printf "  %-36s %9.2f %9.2f %10.2f %10.2f\n", label, median(k), ms[k, 1], median(k) / median("node"), median(k) / median("native") }
	END {
		printf "  %-36s %9s %9s %10s %10s\n", "", "median ms", "min ms", "/ node", "/ native"
		row("node", "node -e 0")
		row("launcher", "proxypatch version, by the launcher")
		row("native", "proxypatch version, the program itself")
	}'
