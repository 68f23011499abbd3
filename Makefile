# Every task of a contributor. docs/maintaining/testing.md lists the targets and their cost.

GO   = go
TOOL = $(GO) tool -modfile=tools/tools.mod
GORELEASER = $(GO) tool -modfile=tools/goreleaser.mod goreleaser

# The platforms of a release.
PLATFORMS = darwin/amd64 darwin/arm64 linux/amd64 linux/arm64 windows/amd64 windows/arm64
DIST      = dist

.PHONY: build snapshot archives test fuzz faults hostile layouts e2e lint windows sbom vulncheck demo bench bench-find bench-npm bench-signin soak releases npm transcripts stamp recording space

# Builds the same bytes from the same commit on every machine, with or without a C compiler.
build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/ ./cmd/proxypatch

# Makes what a release has, in dist/release: archives, packages for Linux, an image,
# lists of contents and checksums. Only the workflow can sign.
snapshot:
	$(GORELEASER) release --snapshot --clean --skip=sign

# Makes a release twice and compares the two. Publishes nothing.
archives:
	PROXYPATCH_TESTS=release:all $(TOOL) gotestsum --format testname -- -count=1 -timeout 60m -run TestArchives ./tests/packaging

# Checks, tests and programs use the same settings, so they share Go's build cache.
test lint: export CGO_ENABLED = 0
test lint: export GOFLAGS := $(strip $(shell $(GO) env GOFLAGS) -trimpath)

# The tests that make test adds to the quick loop. docs/maintaining/testing.md explains each name.
TESTS = differential,e2e,faults,hostile,layouts,next,nodes,payload,release,releases,verify

# Refuses to start on a disk that is nearly full, where hundreds of tests would fail for that
# reason alone. In MB; most of a first run is packages and programs, which the caches keep.
SPACE = $(if $(wildcard .cache/npm),4000,12000)
space:
	@df -Pk . "$${TMPDIR:-/tmp}" | awk -v needs=$(SPACE) 'NR > 1 && $$4 < needs * 1024 { \
	  printf "make test needs %d MB of free disk space, and %s has %d MB; free some with: go clean -cache\n", needs, $$6, $$4 / 1024; full = 1; exit \
	} END { exit full }' >&2

# Runs all checks and tests. At the end it prints how many cases the counting tests ran.
test: space lint
	@rm -rf .cache/counts
	PROXYPATCH_COUNTS=$(CURDIR)/.cache/counts PROXYPATCH_TESTS=$(TESTS) $(TOOL) gotestsum --format pkgname -- -count=1 -vet=off -p 2 -timeout 60m ./...
	@cat .cache/counts/*

# Runs every fuzz target for FUZZTIME. Failing inputs stay under testdata/fuzz of their
# package. Minimizing is bounded: where each input costs a process, it would take all the
# time. There Go may also report the end of the time as a failure without an input.
FUZZTIME = 5m
fuzz:
	@log=$$(mktemp); \
	for package in $$(grep -rl --include='*_test.go' '^func Fuzz' internal | xargs -n1 dirname | sort -u); do \
	  for target in $$($(GO) test -list '^Fuzz' ./$$package | grep '^Fuzz'); do \
	    echo "$$package $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x ./$$package >$$log 2>&1; code=$$?; \
	    grep -v '^fuzz: .*gathering' $$log; \
	    [ $$code = 0 ] || { grep -q '^ *context deadline exceeded$$' $$log && ! grep -q 'Failing input' $$log; } || failed=1; \
	  done; \
	done; rm -f $$log; test -z "$$failed"

# Tests every layout of docs/monorepos.md, the packages for npm, and the commands in the
# guides; make test tests some of them.
layouts:
	PROXYPATCH_TESTS=layouts:all $(TOOL) gotestsum --format testname -- -count=1 -timeout 90m ./tests/layouts

# Runs the quick start with each package manager and writes docs/maintaining/transcripts.md.
transcripts:
	UPDATE=1 PROXYPATCH_TESTS=layouts:all $(GO) test -count=1 -timeout 30m -run TestTranscript ./tests/layouts

# Makes the packages for npm, in dist/npm.
npm:
	$(GO) run ./tools/npmpack

# Signs in with every Next.js, router, bundler, https-proxy-agent and proxy; writes docs/maintaining/e2e.md.
e2e:
	PROXYPATCH_TESTS=e2e:all $(TOOL) gotestsum --format testname -- -count=1 -timeout 90m ./tests/e2e

# Fails every system call with every error, and kills the process before and after each.
faults:
	PROXYPATCH_TESTS=faults:all $(TOOL) gotestsum --format standard-verbose -- -count=1 -timeout 180m -run TestFaults ./tests/faults

# Runs every command on each hostile project.
hostile:
	PROXYPATCH_TESTS=hostile:all $(TOOL) gotestsum --format pkgname -- -count=1 -timeout 90m -run TestHostile ./tests/hostile

lint:
	@unformatted=$$($(TOOL) gofumpt -l bench cmd demo internal npm patches tests tools) && \
	  { test -z "$$unformatted" || { echo "gofumpt these: $$unformatted"; exit 1; }; }
	$(GO) vet ./...
	GOOS=windows $(GO) vet ./...
	GOOS=darwin $(GO) vet ./...
	@for platform in $(PLATFORMS); do \
	  echo "build for $$platform" && \
	  GOOS=$${platform%/*} GOARCH=$${platform#*/} CGO_ENABLED=0 $(GO) build -trimpath -o /dev/null ./cmd/proxypatch || exit 1; \
	done
	$(TOOL) staticcheck ./...
	$(TOOL) actionlint -shellcheck= -pyflakes=

# Runs the tests as Windows programs under Wine. docs/maintaining/testing.md says what it needs.
windows:
	$(GO) run ./tools/wine

# Lists the contents of each program in CycloneDX, read from the program itself.
sbom:
	@for platform in $(PLATFORMS); do \
	  os=$${platform%/*} arch=$${platform#*/} && dir=$(DIST)/sbom/$${os}_$$arch && \
	  GOOS=$$os GOARCH=$$arch CGO_ENABLED=0 $(GO) build -trimpath -o $$dir/ ./cmd/proxypatch && \
	  $(TOOL) cyclonedx-gomod bin -json -std -noserial -notimestamp \
	    -output $(DIST)/sbom/proxypatch_$${os}_$$arch.cdx.json $$dir/proxypatch* || exit 1; \
	done

# Looks for known vulnerabilities in the program's calls; needs Go's database, from the network.
vulncheck:
	$(TOOL) govulncheck ./...

# Signs in to an app behind a proxy, without and with proxypatch, in a temporary directory.
demo:
	$(GO) run ./demo

# Draws docs/recording.svg, the terminal in README.md, from a real run.
recording:
	$(GO) run ./tools/recording docs/recording.svg

bench:
	bench/run.sh

# Measures the search among hundreds of thousands of files, beside find and fd.
bench-find:
	bench/find.sh

# Measures what the launcher of the npm package adds to the program.
bench-npm:
	bench/npm.sh

# Measures sign-ins beside NODE_USE_ENV_PROXY, the tutorial and no proxy; writes docs/bench-signin.md and its chart.
bench-signin:
	PROXYPATCH_TESTS=payload:all $(GO) test -count=1 -timeout 60m -v -run TestBenchSignIn ./tests/payload

# Signs in thousands of times with every Node.js, and runs verify under heavy load.
soak:
	PROXYPATCH_TESTS=payload:all $(TOOL) gotestsum --format standard-verbose -- -count=1 -timeout 180m -run TestSoak ./tests/payload

# Makes the requests of every @auth/core, and of every content of next-auth 3, with every
# pair of Node.js and https-proxy-agent.
releases:
	PROXYPATCH_TESTS=releases:all $(TOOL) gotestsum --format standard-verbose -- -count=1 -timeout 120m -run 'TestEveryHeldReleaseReachesTheProxy|TestEveryContentOf3ReachesTheProxy' ./tests/releases

# Updates the hash in the helper's first line, and makes its second form.
stamp:
	$(GO) run ./tools/stamp patches/helper/proxy.js
