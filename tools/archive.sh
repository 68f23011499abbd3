#!/bin/sh
# Writes the other files of archives and packages into dist/documents: completions, the man
# page with the date of the commit, the packages' documents, and what Debian compresses or
# has in its own format. CHANGELOG.md must have a section for a release.
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
# The packages own these directories, so they too need the date of the commit.
mkdir "$out/doc"
cp -R README.md README.ko.md SECURITY.md docs "$out/doc"
chmod -R u=rwX,go=rX "$out/doc"
date=$(TZ=UTC git log -1 --format=%cd --date=format-local:%Y%m%d%H%M.%S)
find "$out/doc" -type d -exec env TZ=UTC touch -t "$date" {} +
go run ./tools/gz <"$out/man/proxypatch.1" >"$out/man/proxypatch.1.gz"
go run ./tools/gz <CHANGELOG.md >"$out/CHANGELOG.md.gz"
cat >"$out/changelog.yaml" <<EOF
- semver: $version
  date: $(TZ=UTC git log -1 --format=%cd --date=iso-strict-local)
  packager: The proxypatch authors <proxypatch@users.noreply.github.com>
  deb: {urgency: low, distributions: [stable]}
  changes:
    - note: "Release $version: the other changelog lists the changes."
EOF
