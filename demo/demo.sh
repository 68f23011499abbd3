#!/usr/bin/env bash
# Shows proxypatch on a real next-auth 4.2.1, in a scratch folder that it
# deletes at the end.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

step() { printf '\n== %s\n' "$*"; }
run() { printf '$ %s\n' "$*"; "$@"; }

step "install next-auth 4.2.1 and https-proxy-agent 7.0.6 from npm"
(cd "$top" && go build -o "$scratch/bin/" ./cmd/proxypatch)
PATH=$scratch/bin:$PATH
project=$top/testdata/npm/agent-7.0.6
mkdir "$scratch/app"
cp "$project/package.json" "$project/package-lock.json" "$project/.npmrc" "$scratch/app"
cd "$scratch/app"
npm ci --ignore-scripts --no-progress --loglevel=error
cp -R node_modules/next-auth "$scratch/released"

step "unpatched, a sign-in's first request does not reach the proxy"
run node "$top/demo/request.js" unpatched

step "what would change?"
run proxypatch --dry-run

step "patch, and check as CI would"
run proxypatch
run proxypatch check --quiet && echo "(exit code 0)"

step "now the request reaches the proxy, which refuses it on purpose"
run node "$top/demo/request.js" patched

step "revert, and compare every byte"
run proxypatch revert
diff -r node_modules/next-auth "$scratch/released"
echo "every file of the package is the released one again"
