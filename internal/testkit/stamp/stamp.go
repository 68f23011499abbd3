// Package stamp writes the first line of a helper, which tells its revision and
// the hash of the rest. It is for tests and maintainers only.
package stamp

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"github.com/proxypatch/proxypatch/internal/patchset"
)

// Helper returns the content with another first line.
func Helper(content []byte, revision int) []byte {
	_, body, _ := bytes.Cut(content, []byte("\n"))
	return fmt.Appendf(nil, patchset.HelperMarker+"%d sha256:%x\n%s", revision, sha256.Sum256(body), body)
}
