# Everything a person needs. docs/testing.md lists the targets and their cost.

GO   = go
TOOL = $(GO) tool -modfile=tools/tools.mod
GORELEASER = $(GO) tool -modfile=tools/goreleaser.mod goreleaser

# What a release has programs for.
PLATFORMS = darwin/amd64 darwin/arm64 linux/amd64 linux/arm64 windows/amd64 windows/arm64
DIST      = dist

.PHONY: build snapshot archives test fuzz faults hostile layouts e2e lint windows sbom vulncheck demo bench bench-find bench-npm bench-signin soak npm transcripts stamp recording

# The same bytes of the same commit, wherever it is built, with a C compiler or without.
build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/ ./cmd/proxypatch

# The archives of a release, their checksums and what they consist of, in dist/release.
snapshot:
	$(GORELEASER) release --snapshot --clean

# A release made twice, as far as a machine can go that may not publish it.
archives:
	PROXYPATCH_RELEASE=all $(TOOL) gotestsum --format testname -- -count=1 -timeout 60m -run TestArchives ./tests/release

# Prints at the end how much the tests that count have tried.
test: lint
	@rm -rf .cache/counts
	PROXYPATCH_COUNTS=$(CURDIR)/.cache/counts PROXYPATCH_DIFFERENTIAL=1 PROXYPATCH_FAULTS=1 PROXYPATCH_HOSTILE=1 PROXYPATCH_ALL_NODES=1 PROXYPATCH_ALL_RELEASES=1 PROXYPATCH_NEXT=1 PROXYPATCH_LAYOUTS=1 PROXYPATCH_VERIFY=1 PROXYPATCH_E2E=1 PROXYPATCH_RELEASE=1 $(TOOL) gotestsum --format pkgname -- -count=1 -p 1 -timeout 60m ./...
	@cat .cache/counts/*

# Every fuzz target for a while. What fails is kept under testdata/fuzz of its package.
# Making inputs smaller is bounded, or it takes all the time where each costs a process.
# There Go may also report its own end of the time as a failure, without an input.
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

# Every layout of docs/layouts.md, of which make test tries some.
layouts:
	PROXYPATCH_LAYOUTS=all $(TOOL) gotestsum --format testname -- -count=1 -timeout 90m -run 'TestLayout|TestPackage|TestTranscript' ./internal/cli

# What a new user types and sees with each package manager; writes docs/transcripts.md.
transcripts:
	UPDATE=1 PROXYPATCH_LAYOUTS=all $(GO) test -count=1 -timeout 30m -run TestTranscript ./internal/cli

# The packages for npm, in dist/npm.
npm:
	$(GO) run ./tools/npmpack

# Sign-ins with every Next.js, router, bundler, https-proxy-agent and proxy; writes docs/e2e.md.
e2e:
	PROXYPATCH_E2E=all $(TOOL) gotestsum --format testname -- -count=1 -timeout 90m ./tests/e2e

# Every system call with every error, and killed before and after each.
faults:
	PROXYPATCH_FAULTS=all $(TOOL) gotestsum --format standard-verbose -- -count=1 -timeout 180m -run TestFaults ./tests/faults

# Every command on each hostile project.
hostile:
	PROXYPATCH_HOSTILE=all $(TOOL) gotestsum --format pkgname -- -count=1 -timeout 90m -run TestHostile ./internal/cli

lint:
	@unformatted=$$($(TOOL) gofumpt -l cmd internal npm patches tools bench tests) && \
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

# The tests as Windows programs, under Wine; docs/testing.md says what it needs.
windows:
	$(GO) run ./tools/wine

# What each program consists of, in CycloneDX, read from the program itself.
sbom:
	@for platform in $(PLATFORMS); do \
	  os=$${platform%/*} arch=$${platform#*/} && dir=$(DIST)/sbom/$${os}_$$arch && \
	  GOOS=$$os GOARCH=$$arch CGO_ENABLED=0 $(GO) build -trimpath -o $$dir/ ./cmd/proxypatch && \
	  $(TOOL) cyclonedx-gomod bin -json -std -noserial -notimestamp \
	    -output $(DIST)/sbom/proxypatch_$${os}_$$arch.cdx.json $$dir/proxypatch* || exit 1; \
	done

# Known vulnerabilities in what the program calls; needs Go's database of them.
vulncheck:
	$(TOOL) govulncheck ./...

demo:
	demo/demo.sh

# The terminal in README.md, docs/recording.svg, from a real run.
recording:
	$(GO) run ./tools/recording docs/recording.svg

bench:
	bench/run.sh

# Finding next-auth among hundreds of thousands of files, beside find and fd.
bench-find:
	bench/find.sh

# What the launcher of the npm package adds to the program.
bench-npm:
	bench/npm.sh

# Sign-ins beside NODE_USE_ENV_PROXY, the tutorial and no proxy; writes docs/bench-signin.md and its chart.
bench-signin:
	PROXYPATCH_BENCH=1 $(GO) test -count=1 -timeout 60m -v -run TestBenchSignIn ./tests/payload

# Sign-ins by the thousand with every Node.js, and verify under heavy load.
soak:
	PROXYPATCH_SOAK=1 $(TOOL) gotestsum --format standard-verbose -- -count=1 -timeout 180m -run TestSoak ./tests/payload

# Brings the hash in the helper's first line up to date.
stamp:
	$(GO) run ./tools/stamp patches/helper/proxy.js
