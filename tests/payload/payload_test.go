// Package payload measures what proxypatch puts into next-auth, and tests it at length and under load.
package payload

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
)

func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	must(t, err)
	return path
}

// misleads reports whether an environment variable chooses a proxy, or changes how Node.js runs.
func misleads(entry string) bool {
	name, _, _ := strings.Cut(strings.ToUpper(entry), "=")
	return strings.HasSuffix(name, "_PROXY") || strings.HasPrefix(name, "NODE_") || strings.HasPrefix(name, "NEXTAUTH_")
}
