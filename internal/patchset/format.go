package patchset

import (
	"bytes"
	"fmt"
	"io/fs"

	"github.com/rogpeppe/go-internal/diff"
)

// Format returns the change of one file as a git diff with full ids, for git apply
// and for Parse. Nil content means that the file does not exist, before or after.
func Format(path string, before, after []byte, mode fs.FileMode) []byte {
	const noFile = "0000000000000000000000000000000000000000"
	oldName, newName := "a/"+path, "b/"+path
	oldID, newID := BlobID(before), BlobID(after)
	var out bytes.Buffer
	fmt.Fprintf(&out, "diff --git %s %s\n", oldName, newName)
	switch {
	case before == nil:
		fmt.Fprintf(&out, "new file mode %s\nindex %s..%s\n", gitMode(mode), noFile, newID)
		oldName = "/dev/null"
	case after == nil:
		fmt.Fprintf(&out, "deleted file mode %s\nindex %s..%s\n", gitMode(mode), oldID, noFile)
		newName = "/dev/null"
	default:
		fmt.Fprintf(&out, "index %s..%s %s\n", oldID, newID, gitMode(mode))
	}
	hunks := diff.Diff(oldName, before, newName, after)
	_, hunks, _ = bytes.Cut(hunks, []byte("\n")) // its own "diff" line
	out.Write(hunks)
	return out.Bytes()
}

// gitMode returns the mode git records: it knows only whether a file is
// executable.
func gitMode(mode fs.FileMode) string {
	if mode&0o100 != 0 {
		return "100755"
	}
	return "100644"
}
