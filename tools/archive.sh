#!/bin/sh
# Writes what an archive has beside the program into dist/documents: completions and
# the man page, which is of the day of the commit. A release has to be told of.
#
#   tools/archive.sh VERSION IS-SNAPSHOT
set -eu
version=$1 snapshot=$2
cd "$(dirname "$0")/.."
if [ "$snapshot" = false ] && ! grep -q "^## \[$version\] - " CHANGELOG.md; then
  echo "CHANGELOG.md has no section \"## [$version] - DATE\" for the tag v$version" >&2
  exit 1
fi
out=$PWD/dist/documents
rm -rf "$out"
mkdir -p "$out/completions" "$out/man"
go build -trimpath -o "$out/proxypatch" ./cmd/proxypatch
for file in bash:proxypatch.bash fish:proxypatch.fish powershell:proxypatch.ps1 zsh:_proxypatch; do
  "$out/proxypatch" completion "${file%%:*}" >"$out/completions/${file#*:}"
done
# Making the man page is a test's work (internal/cli/reference_test.go).
PROXYPATCH_MAN=$out/man/proxypatch.1 SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) \
  go test -trimpath -vet=off -count=1 -run '^TestManPage$' ./internal/cli >/dev/null
