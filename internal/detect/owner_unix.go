//go:build unix

package detect

import (
	"io/fs"
	"os"
	"slices"
	"syscall"
)

// owners are the users whose parent directories may belong to a project.
type owners []uint32

// trustedOwners returns root, the current user and the owner of dir. Parent directories
// of other users are not part of dir's project.
func trustedOwners(dir string) (owners, error) {
	trusted := owners{0, uint32(os.Geteuid())}
	info, err := system.stat(dir)
	found, err := there(err)
	if found {
		trusted = append(trusted, ownerOf(info))
	}
	return trusted, err
}

// own reports whether a directory belongs to one of the owners.
func (o owners) own(dir string) (bool, error) {
	info, err := system.stat(dir)
	found, err := there(err)
	return found && slices.Contains(o, ownerOf(info)), err
}

func ownerOf(info fs.FileInfo) uint32 { return info.Sys().(*syscall.Stat_t).Uid }
