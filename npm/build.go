package npm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Development is the version of anything but a release.
const Development = "0.0.0-dev"

// Build compiles the program of a version for the platform, from the repository's
// top directory. The same Go and the same sources give the same bytes in any
// directory.
func (p Platform) Build(ctx context.Context, top, version string) ([]byte, error) {
	temp, err := os.MkdirTemp("", "proxypatch-build-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	out := filepath.Join(temp, "proxypatch")
	// The repository's state that Go records would differ between a clone and an archive.
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags=-s -w -buildid= -X github.com/proxypatch/proxypatch/internal/cli.version=v"+version, "-o", out, "./cmd/proxypatch")
	cmd.Dir = top
	cmd.Env = append(os.Environ(), "GOOS="+p.GOOS, "GOARCH="+p.GOARCH, "CGO_ENABLED=0", "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=")
	if output, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build for %s: %w\n%s", p, err, output)
	}
	return os.ReadFile(out)
}

// Version returns the version of the repository's commit: the one in its tag, such
// as v1.2.3, or Development without a tag or with uncommitted changes.
func Version(ctx context.Context, top string) (string, error) {
	git := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir = top
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err
	}
	changed, err := git("status", "--porcelain")
	if err != nil {
		return "", errors.New("git does not know these sources; set the version with -version")
	}
	tag, err := git("describe", "--tags", "--exact-match", "--match", "v[0-9]*")
	if err != nil || changed != "" {
		return Development, nil
	}
	return strings.TrimPrefix(tag, "v"), nil
}
