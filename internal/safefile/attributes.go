package safefile

import (
	"fmt"
	"io/fs"
)

// Attributes are those of one file.
type Attributes []attribute

type attribute struct {
	name  string
	value []byte
}

// ACL returns the access control list alone, as for a new file beside the old one.
func (a Attributes) ACL() Attributes {
	for _, one := range a {
		if one.name == aclName {
			return Attributes{one}
		}
	}
	return nil
}

// aclName is the name by which Linux has access control lists:
// https://man7.org/linux/man-pages/man5/acl.5.html
const aclName = "system.posix_acl_access"

// modeBits are what chmod sets.
const modeBits = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky

// Mode returns the bits of a file that another gets which takes its place.
func Mode(info fs.FileInfo) fs.FileMode { return info.Mode() & modeBits }

func aclError(err error) error {
	return fmt.Errorf("its access control list can't be kept: %w", err)
}
