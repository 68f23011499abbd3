// Package foreign judges which patches of next-auth by other tools, such as patch-package,
// are in the way of proxypatch. It only reads.
package foreign

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/hooks"
	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/printable"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

// Patch is a patch of next-auth by another tool.
type Patch struct {
	detect.ForeignPatch
	Missing  bool   // the file does not exist, where installs need it
	Hidden   string // the script that ends before it runs patch-package; empty if none does
	parts    []part
	readable bool
}

// part is what a patch does to one file of the package.
type part struct {
	path  string
	diff  *patchset.Diff // nil if proxypatch can't read it, or if it adds the file
	added []byte         // the content of a new file; nil if it is none
}

// The limits of a patch: its size in bytes, and the files that it changes.
const (
	maxPatch = 4 << 20
	maxParts = 1000
)

// Find returns the patches that the workspace's settings name.
func Find(ws *detect.Workspace) ([]Patch, error) {
	found, err := ws.ForeignPatches()
	if err != nil || len(found) == 0 {
		return nil, err
	}
	root, err := os.OpenRoot(ws.Root().Dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var patches []Patch
	hidden := map[string]string{} // by the directory of the package
	for _, f := range found {
		p := Patch{ForeignPatch: f}
		if f.Tool == detect.PatchPackage {
			pkg := ws.PackageOf(f.File)
			if _, known := hidden[pkg.Dir]; !known {
				hidden[pkg.Dir] = hooks.Hidden(pkg.Scripts(), detect.PatchPackage)
			}
			p.Hidden = hidden[pkg.Dir]
			p.Runs = p.Runs && p.Hidden == ""
		}
		data, err := safefile.ReadIn(root, f.File, maxPatch)
		if err == nil { // if not, it may change any file
			p.parts, p.readable = partsOf(f.File, data), true
		}
		if errors.Is(err, fs.ErrNotExist) || printable.IsURL(f.File) {
			if p.Missing, err = ws.IsLocked(); err != nil {
				return nil, err
			}
		}
		patches = append(patches, p)
	}
	return patches, nil
}

// Parse reads the content of a patch. The name is for messages.
func Parse(name string, data []byte) *Patch {
	return &Patch{parts: partsOf(name, data), readable: true}
}

// Paths returns the files that the patch changes, from the package.
func (p *Patch) Paths() []string {
	var all []string
	for _, part := range p.parts {
		all = append(all, part.path)
	}
	return all
}

// partsOf splits a patch into the diffs of its files. On Windows, git may have changed the
// end of every line.
func partsOf(name string, data []byte) []part {
	if bytes.Count(data, []byte("\r\n")) == bytes.Count(data, []byte("\n")) {
		data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	}
	header := []byte("diff --git ")
	var parts []part
	for at := next(data, header, 0); at < len(data) && len(parts) < maxParts; {
		end := next(data, header, at+1)
		text := outermost(data[at:end])
		p := part{path: pathIn(text)}
		if diff, err := patchset.Parse(name, text); err == nil {
			p.diff = diff
		} else if _, content, ok := patchset.ParseAdded(text); ok {
			p.added = content
		}
		parts = append(parts, p)
		at = end
	}
	return parts
}

// next returns where the next line that begins with some bytes starts.
func next(data, begin []byte, from int) int {
	for from < len(data) {
		if (from == 0 || data[from-1] == '\n') && bytes.HasPrefix(data[from:], begin) {
			return from
		}
		at := bytes.IndexByte(data[from:], '\n')
		if at < 0 {
			break
		}
		from += at + 1
	}
	return len(data)
}

// outermost returns a diff for a package in the node_modules of another one, as
// patch-package writes it, with the paths that it would have at the top.
func outermost(diff []byte) []byte {
	header, _, _ := bytes.Cut(diff, []byte("\n"))
	_, name, _ := bytes.Cut(header, []byte(" b/"))
	for _, in := range line.Packages() {
		at := bytes.LastIndex(name, []byte("/node_modules/"+in+"/"))
		if at < 0 || !bytes.HasPrefix(name, []byte("node_modules/")) {
			continue
		}
		around := name[:at+1]
		body := next(diff, []byte("@@ "), 0)
		head := bytes.ReplaceAll(diff[:body], slices.Concat([]byte(" a/"), around), []byte(" a/"))
		head = bytes.ReplaceAll(head, slices.Concat([]byte(" b/"), around), []byte(" b/"))
		return slices.Concat(head, diff[body:])
	}
	return diff
}

// pathIn returns the path of the file that a diff changes, from the package.
func pathIn(diff []byte) string {
	header, _, _ := bytes.Cut(diff, []byte("\n"))
	_, name, _ := strings.Cut(strings.TrimSuffix(string(header), "\r"), " b/")
	for _, in := range line.Packages() {
		prefix := "node_modules/" + in + "/"
		if at := strings.LastIndex(name, prefix); at >= 0 {
			name = name[at+len(prefix):]
		}
	}
	return path.Clean(name)
}

// InTheWay returns, for each drifted file of the plan, a patch without which it would not
// be drifted.
func InTheWay(patches []Patch, library *patchset.Library, plan *apply.Plan) map[*apply.File]*Patch {
	found := map[*apply.File]*Patch{}
	for _, c := range plan.Copies {
		for i := range c.Files {
			file := &c.Files[i]
			if file.State != patchset.Drifted || file.Before == nil {
				continue
			}
			at := slices.IndexFunc(patches, func(p Patch) bool { return p.Concerns(&c.Install) && p.drifts(c, file, library) })
			if at >= 0 {
				found[file] = &patches[at]
			}
		}
	}
	return found
}

// drifts reports whether a file would fit without the patch. A patch that can't be read
// may change any file.
func (p *Patch) drifts(c *apply.Copy, file *apply.File, library *patchset.Library) bool {
	if !p.readable {
		return true
	}
	at := slices.IndexFunc(p.parts, func(part part) bool { return part.path == file.Path })
	if at < 0 || p.parts[at].diff == nil {
		return at >= 0
	}
	without, err := p.parts[at].diff.Reverse(file.Before)
	return err == nil && library.Fits(c.Line, c.Version(), file.Path, without)
}

// FailsLater reports whether patch-package will fail at the next install that keeps
// node_modules, because it finds lines of proxypatch. It accepts files to which it can
// apply all diffs, or from which it can take all off.
func (p *Patch) FailsLater(c *apply.Copy) bool {
	if p.Tool != detect.PatchPackage || !p.Runs || !p.Concerns(&c.Install) {
		return false
	}
	fits, applied := true, true
	for _, part := range p.parts {
		at := slices.IndexFunc(c.Files, func(f apply.File) bool { return f.Path == part.path })
		if at < 0 || part.diff == nil || c.Files[at].After == nil {
			continue
		}
		_, err := part.diff.Apply(c.Files[at].After)
		fits = fits && err == nil
		_, err = part.diff.Reverse(c.Files[at].After)
		applied = applied && err == nil
	}
	return !fits && !applied
}
