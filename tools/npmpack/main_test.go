package main

import (
	"os"
	"path/filepath"
	"testing"
)

// What can't be packed leaves nothing behind.
func TestRefusals(t *testing.T) {
	t.Chdir("../..")
	for name, args := range map[string]struct{ version, platform string }{
		"platform": {"1.2.3", "plan9-x64"},
		"version":  {"v1.2.3", "host"},
	} {
		out := filepath.Join(t.TempDir(), "dist")
		if err := pack(t.Context(), out, args.version, args.platform); err == nil {
			t.Errorf("%s: packed", name)
		}
		if _, err := os.Stat(out); !os.IsNotExist(err) {
			t.Errorf("%s: %s is there: %v", name, out, err)
		}
	}
}
