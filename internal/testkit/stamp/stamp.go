// Package stamp writes the first line of a helper, which contains its revision and a
// hash of the rest. Only tests and the maintainers' programs use it.
package stamp

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"github.com/proxypatch/proxypatch/internal/patchset"
)

// Helper returns the content with a new first line.
func Helper(content []byte, revision int) []byte {
	_, body, _ := bytes.Cut(content, []byte("\n"))
	return fmt.Appendf(nil, patchset.HelperMarker+"%d sha256:%x\n%s", revision, sha256.Sum256(body), body)
}
