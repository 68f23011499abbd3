package patchset

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
)

// HelperPath is where the helper, the one file proxypatch adds, stands in the
// package.
const HelperPath = "core/lib/proxy.js"

// Helper is the file that the call sites call.
type Helper struct {
	Content  []byte
	Revision int // raised whenever Content changes
}

var helperMarker = regexp.MustCompile(`^// proxypatch helper revision ([0-9]{1,9}) sha256:([0-9a-f]{64})\n`)

// ParseHelper reads the marker in a helper's first line: its revision, and the
// sha256 of everything after that line. ok is false if there is no marker or
// the hash is another one: then the file was not left by any proxypatch.
func ParseHelper(content []byte) (h Helper, ok bool) {
	m := helperMarker.FindSubmatch(content)
	if m == nil || string(m[2]) != bodyHash(content[len(m[0]):]) {
		return Helper{}, false
	}
	revision, err := strconv.Atoi(string(m[1]))
	if err != nil {
		return Helper{}, false
	}
	return Helper{Content: content, Revision: revision}, true
}

// StampHelper returns the helper with its marker's hash brought up to date.
func StampHelper(content []byte, revision int) []byte {
	_, body, _ := bytes.Cut(content, []byte("\n"))
	return fmt.Appendf(nil, "// proxypatch helper revision %d sha256:%s\n%s", revision, bodyHash(body), body)
}

func bodyHash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
