package patchset

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"

	"github.com/proxypatch/proxypatch/internal/line"
)

// Write returns the diff in git's form, with paths below a directory, such as
// "node_modules/next-auth". The directory may be empty. Lines end as in the package.
func (d *Diff) Write(under string) []byte {
	name := join(under, d.Path)
	var out bytes.Buffer
	fmt.Fprintf(&out, "diff --git a/%s b/%s\n", name, name)
	if d.Pinned() {
		fmt.Fprintf(&out, "index %s..%s 100644\n", d.Old, d.New)
	}
	fmt.Fprintf(&out, "--- a/%s\n+++ b/%s\n", name, name)
	for _, h := range d.hunks {
		h.write(&out)
	}
	return out.Bytes()
}

// Write returns a diff that adds the helper as a new file of that path, in git's form.
func (h Helper) Write(under, path string) []byte {
	return Format(join(under, path), nil, h.Content, 0o644)
}

func join(dir, path string) string {
	if dir == "" {
		return path
	}
	return dir + "/" + path
}

func (h hunk) write(out *bytes.Buffer) {
	before, after := h.sides(false)
	fmt.Fprintf(out, "@@ -%d,%d +%d,%d @@\n", h.start, len(before), h.newStart, len(after))
	for _, line := range h.lines {
		out.WriteString(operators[line.Op] + line.Line)
		if !strings.HasSuffix(line.Line, "\n") {
			out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

// operators are what begins each kind of line in a hunk.
var operators = map[gitdiff.LineOp]string{gitdiff.OpContext: " ", gitdiff.OpDelete: "-", gitdiff.OpAdd: "+"}

// TwiceError says that two wanted diffs change one file. A patch file of a package manager
// can't hold both, because it describes each file once.
type TwiceError struct {
	Path string
	Name string // of the second diff
}

func (e *TwiceError) Error() string {
	return fmt.Sprintf("%s: another diff changes %s, too", e.Name, e.Path)
}

// Write returns the wanted diffs and the helper as one patch of a line's package, in git's
// form and in the order of paths. Paths are below a directory, as in [Diff.Write]. The
// error is a *TwiceError.
func (s *Selection) Write(of *line.Line, under string) ([]byte, error) {
	parts := map[string][]byte{}
	for _, target := range s.Targets {
		switch diffs := target.wanted; len(diffs) {
		case 0:
		case 1:
			parts[target.Path] = diffs[0].Write(under)
		default:
			return nil, &TwiceError{target.Path, diffs[1].Name}
		}
	}
	if s.addsHelper {
		parts[of.Helper] = s.Helper.Write(under, of.Helper)
	}
	var out bytes.Buffer
	for _, path := range slices.Sorted(maps.Keys(parts)) {
		out.Write(parts[path])
	}
	return out.Bytes(), nil
}
