#!/bin/sh
# Writes the other files of an archive into dist/documents: completions, and the man
# page with the date of the commit. CHANGELOG.md must have a section for a release.
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
# A test writes the man page (internal/cli/reference_test.go).
PROXYPATCH_MAN=$out/man/proxypatch.1 SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) \
  go test -trimpath -vet=off -count=1 -run '^TestManPage$' ./internal/cli >/dev/null
