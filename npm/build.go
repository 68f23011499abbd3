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

// Development is the version of what is no release.
const Development = "0.0.0-dev"

// Build compiles the program of a version for the platform, from the
// repository's top directory. The same Go makes the same bytes of the same
// sources, wherever they stand.
func (p Platform) Build(ctx context.Context, top, version string) ([]byte, error) {
	temp, err := os.MkdirTemp("", "proxypatch-build-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	out := filepath.Join(temp, "proxypatch")
	// What Go would record of the repository's state would differ between a clone and an archive of the same sources.
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags=-s -w -buildid= -X github.com/proxypatch/proxypatch/internal/cli.version=v"+version, "-o", out, "./cmd/proxypatch")
	cmd.Dir = top
	cmd.Env = append(os.Environ(), "GOOS="+p.GOOS, "GOARCH="+p.GOARCH, "CGO_ENABLED=0", "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=")
	if output, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build for %s: %w\n%s", p, err, output)
	}
	return os.ReadFile(out)
}

// Version returns the version of the repository's commit: that of its tag, such
// as v1.2.3, or Development if it has none or if files were changed since.
func Version(ctx context.Context, top string) (string, error) {
	git := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir = top
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err
	}
	changed, err := git("status", "--porcelain")
	if err != nil {
		return "", errors.New("git does not know the sources; name the version with -version")
	}
	tag, err := git("describe", "--tags", "--exact-match", "--match", "v[0-9]*")
	if err != nil || changed != "" {
		return Development, nil
	}
	return strings.TrimPrefix(tag, "v"), nil
}
