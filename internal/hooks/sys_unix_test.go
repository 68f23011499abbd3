//go:build unix

package hooks

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// What root writes into a user's project belongs to that user.
func TestOwnerIsKept(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	dir := project(t, map[string]string{"package.json": `{}`})
	path := filepath.Join(dir, "package.json")
	if err := os.Chown(path, 1000, 1001); err != nil {
		t.Fatal(err)
	}
	commit(t, dir, install)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Sys().(*syscall.Stat_t); got.Uid != 1000 || got.Gid != 1001 {
		t.Errorf("the file belongs to %d:%d, not 1000:1001", got.Uid, got.Gid)
	}
}
