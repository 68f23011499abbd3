# Shared code of the measurements. They set $cache and source this file.

# The options of a release in .goreleaser.yaml.
ldflags='-s -w -buildid= -X github.com/proxypatch/proxypatch/internal/cli.version=v0.0.0-dev'
build() { GOAMD64=v1 GOARM64=v8.0 CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags="$ldflags" -o "$cache/$1" "$2"; }

# install puts next-auth 4.2.1 and patch-package into $cache/project.
install() {
	cmp -s bench/package-lock.json "$cache/installed" && return
	rm -rf "$cache/project"
	mkdir "$cache/project"
	cp bench/.npmrc bench/package.json bench/package-lock.json "$cache/project"
	(cd "$cache/project" && npm ci --ignore-scripts --no-progress)
	cp bench/package-lock.json "$cache/installed"
}
