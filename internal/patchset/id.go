package patchset

import (
	"crypto/sha1"
	"encoding/hex"
	"strconv"
)

// ID is a full git blob id: 40 lower-case hex digits. It pins a file's exact bytes,
// like the index line of a git diff. The empty ID pins nothing.
type ID string

// BlobID returns the id that git gives to a file with this content.
func BlobID(content []byte) ID {
	h := sha1.New()
	h.Write([]byte("blob " + strconv.Itoa(len(content)) + "\x00"))
	h.Write(content)
	return ID(hex.EncodeToString(h.Sum(nil)))
}

// fullID returns s as an ID if it is a full one. Abbreviated ids, as in plain
// "git diff" output, are too short to be trusted and count as none.
func fullID(s string) ID {
	if len(s) != 40 {
		return ""
	}
	if _, err := hex.DecodeString(s); err != nil {
		return ""
	}
	return ID(s)
}
