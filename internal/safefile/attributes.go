package safefile

import (
	"fmt"
	"io/fs"
)

// attributes are the extended attributes of one file.
type attributes []attribute

type attribute struct {
	name  string
	value []byte
}

// acl returns only the access control list, for a new file beside the old one.
func (a attributes) acl() attributes {
	for _, one := range a {
		if one.name == aclName {
			return attributes{one}
		}
	}
	return nil
}

// aclName is Linux's name for access control lists:
// https://man7.org/linux/man-pages/man5/acl.5.html
const aclName = "system.posix_acl_access"

// modeBits are the bits that chmod sets.
const modeBits = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky

func aclError(err error) error {
	return fmt.Errorf("its access control list can't be kept: %w", err)
}
