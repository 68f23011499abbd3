package patchset

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// HelperPath is where the helper, the one file proxypatch adds, stands in the
// package.
const HelperPath = "core/lib/proxy.js"

// Helper is the file that the call sites call.
type Helper struct {
	Content  []byte
	Revision int // raised whenever Content changes
}

// HelperMarker starts the first line of every helper.
const HelperMarker = "// proxypatch helper revision "

// ParseHelper reads the marker in a helper's first line: its revision, and the
// sha256 of everything after that line. ok is false if there is no marker or
// the hash is another one: then the file was not left by any proxypatch.
func ParseHelper(content []byte) (h Helper, ok bool) {
	marker, body, hasLine := strings.Cut(string(content), "\n")
	marker, hasStart := strings.CutPrefix(marker, HelperMarker)
	number, hash, _ := strings.Cut(marker, " sha256:")
	revision, err := strconv.ParseUint(number, 10, 30)
	if !hasLine || !hasStart || err != nil || hash != bodyHash([]byte(body)) {
		return Helper{}, false
	}
	return Helper{Content: content, Revision: int(revision)}, true
}

// StampHelper returns the helper with its marker's hash brought up to date.
func StampHelper(content []byte, revision int) []byte {
	_, body, _ := bytes.Cut(content, []byte("\n"))
	return fmt.Appendf(nil, HelperMarker+"%d sha256:%s\n%s", revision, bodyHash(body), body)
}

func bodyHash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
