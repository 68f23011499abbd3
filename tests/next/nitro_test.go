package next

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// TestNitro judges what Nitro makes, as Nuxt does: with next-auth in the bundle, and with
// a copy of a part of the package beside it, which is named as unknown.
func TestNitro(t *testing.T) {
	gate.Need(t, "next")
	t.Parallel()
	for name, test := range map[string]struct {
		inline             string
		unpatched, patched clitest.Code
	}{
		"bundled":           {"INLINE=1", clitest.Pending, clitest.OK},
		"beside the bundle": {"INLINE=0", clitest.NotFound, clitest.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "nitro")
			must(t, nodetest.CopyTree(nodetest.Project(t, "nitro"), dir)) // all files, for the bundler
			must(t, nodetest.CopyTree("testdata/nitro", dir))
			buildNitro(t, dir, test.inline)
			judgeNitro(t, "unpatched", dir, test.unpatched)
			clitest.Must(t, "-C", dir, "apply")
			judgeNitro(t, "patched, but not built again", dir, test.unpatched)
			buildNitro(t, dir, test.inline)
			judgeNitro(t, "patched", dir, test.patched)
		})
	}
}

// judgeNitro requires what `check --built` says in the project and in its output, and
// that it writes nothing.
func judgeNitro(t *testing.T, when, dir string, want clitest.Code) {
	t.Helper()
	output := filepath.Join(dir, ".output")
	before := clitest.List(t, output)
	for _, start := range []string{dir, output} {
		got := clitest.Run(t, start, nil, "check", "--built")
		if unknown := strings.Contains(got.Stdout, "unknown"); got.Code != want || unknown != (want == clitest.NotFound) {
			t.Errorf("%s, %s: check --built exited with %d, not %d:\n%s%s", when, start, got.Code, want, got.Stdout, got.Stderr)
		}
	}
	if diff := cmp.Diff(before, clitest.List(t, output)); diff != "" {
		t.Errorf("%s: the build was changed (-before +after):\n%s", when, diff)
	}
}

func buildNitro(t *testing.T, dir, inline string) {
	t.Helper()
	cmd := exec.Command(nodetest.Node(t), filepath.Join(dir, "node_modules", "nitropack", "dist", "cli", "index.mjs"), "build")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), inline)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nitropack build: %v\n%s", err, out)
	}
}
