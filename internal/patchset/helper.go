package patchset

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
)

// Helper is the file with the functions that patched call sites use. It is the only file
// that proxypatch adds.
type Helper struct {
	Content  []byte
	Revision int // raised whenever Content changes
}

// HelperMarker starts the first line of every helper.
const HelperMarker = "// proxypatch helper revision "

// ParseHelper reads the marker in a helper's first line: the revision, and the sha256
// of everything after that line. ok is false if there is no marker or the hash
// differs: then no proxypatch wrote the file.
func ParseHelper(content []byte) (h Helper, ok bool) {
	line, body, hasLine := bytes.Cut(content, []byte("\n"))
	marker, hasStart := strings.CutPrefix(string(line), HelperMarker)
	number, hash, _ := strings.Cut(marker, " sha256:")
	revision, err := strconv.ParseUint(number, 10, 30)
	if !hasLine || !hasStart || err != nil || hash != fmt.Sprintf("%x", sha256.Sum256(body)) {
		return Helper{}, false
	}
	return Helper{Content: content, Revision: int(revision)}, true
}
