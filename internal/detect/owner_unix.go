//go:build unix

package detect

import (
	"io/fs"
	"os"
	"syscall"
)

// trustedOwners returns a function that reports whether a directory belongs to
// root, to the user who runs this, or to the owner of dir: what anybody else
// put into a directory above is no part of dir's project.
func trustedOwners(dir string) func(dir string) bool {
	trusted := []uint32{0, uint32(os.Geteuid())}
	if info, err := os.Stat(dir); there(err) {
		trusted = append(trusted, ownerOf(info))
	}
	return func(dir string) bool {
		info, err := os.Stat(dir)
		if !there(err) {
			return false
		}
		for _, id := range trusted {
			if ownerOf(info) == id {
				return true
			}
		}
		return false
	}
}

func ownerOf(info fs.FileInfo) uint32 { return info.Sys().(*syscall.Stat_t).Uid }
