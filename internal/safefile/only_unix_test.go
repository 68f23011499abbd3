//go:build unix

package safefile

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// changers are the functions and methods that remove a file or put another one in its
// place. Only os.RemoveAll is allowed, because it removes only temporary directories of
// the program.
var changers = map[string]bool{
	"Rename": true, "Remove": true, "RemoveAll": true, "Link": true, "Symlink": true, "Truncate": true, "WriteFile": true, "Create": true,
	"Renameat": true, "Renameat2": true, "Unlink": true, "Unlinkat": true,
}

// TestOnlyHere makes sure that no other package of the program replaces, moves or removes
// files.
func TestOnlyHere(t *testing.T) {
	top := filepath.Join("..", "..")
	files := 0
	for _, dir := range []string{"cmd", "internal", "patches"} {
		err := filepath.WalkDir(filepath.Join(top, dir), func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() && (entry.Name() == "testkit" || entry.Name() == "testdata" || entry.Name() == "safefile") {
				return fs.SkipDir
			}
			if entry.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
				return nil
			}
			files++
			source, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			for _, call := range changes(t, source) {
				t.Errorf("%s: %s; replace files by internal/safefile", name, call)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 80 {
		t.Errorf("only %d files were read", files)
	}
}

// changes lists the uses of changers in a source.
func changes(t *testing.T, source []byte) (found []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ours := map[string]bool{} // packages of ours that use the same names
	for _, spec := range file.Imports {
		if at, ok := strings.CutPrefix(spec.Path.Value, `"github.com/proxypatch/`); ok {
			ours[strings.TrimSuffix(path.Base(at), `"`)] = true
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok || !changers[selector.Sel.Name] {
			return true
		}
		of := "…"
		if name, ok := selector.X.(*ast.Ident); ok {
			of = name.Name
		}
		if !ours[of] && of+"."+selector.Sel.Name != "os.RemoveAll" {
			found = append(found, of+"."+selector.Sel.Name)
		}
		return true
	})
	return found
}

func TestChanges(t *testing.T) {
	source := `package p
import "github.com/proxypatch/proxypatch/internal/hooks"
func f(root *os.Root, s *step) {
	os.Rename("a", "b")
	root.Rename("a", "b")
	s.copy.root.Remove("a")
	rename := root.Rename
	rename("a", "b")
	root.RemoveAll("a")
	os.RemoveAll("a")
	root.Open("a")
	use(hooks.Remove)
}`
	if diff := cmp.Diff([]string{"os.Rename", "root.Rename", "….Remove", "root.Rename", "root.RemoveAll"}, changes(t, []byte(source))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
