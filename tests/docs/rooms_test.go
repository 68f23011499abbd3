package docs

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

var (
	roomRow  = regexp.MustCompile("(?m)^\\| ((?:`[a-z/]+`(?:, )?)+) \\| .* \\|$")
	roomName = regexp.MustCompile("`([a-z/]+)`")
	filePath = regexp.MustCompile("`((?:cmd|internal)/[a-z_/]+\\.go)`")
)

// TestRooms compares the table of rooms with the directories, and the walk through the
// files with the files.
func TestRooms(t *testing.T) {
	top := repotest.Top(t)
	data, err := os.ReadFile(filepath.Join(top, "docs", "maintaining", "design.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	rows := roomRow.FindAllStringSubmatch(text, -1)
	if len(rows) > 24 {
		t.Errorf("%d rooms are more than a reader keeps in mind", len(rows))
	}
	var listed []string
	for _, row := range rows {
		for _, name := range roomName.FindAllStringSubmatch(row[1], -1) {
			listed = append(listed, name[1])
		}
	}
	slices.Sort(listed)
	if diff := cmp.Diff(rooms(t, top), listed); diff != "" {
		t.Errorf("docs/maintaining/design.md (-directories +table):\n%s", diff)
	}
	for _, m := range filePath.FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join(top, filepath.FromSlash(m[1]))); err != nil {
			t.Errorf("docs/maintaining/design.md: %v", err)
		}
	}
}

// rooms returns the tracked directories at the top. Instead of cmd and internal it
// returns their Go packages. All of testkit is one room.
func rooms(t *testing.T, top string) []string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		repotest.Unavailable(t, "the list of directories: %v", err)
	}
	tracked := strings.Fields(repotest.Output(t, repotest.Command(top, nil, "git", "ls-files")))
	found := map[string]bool{}
	for _, file := range tracked {
		first, _, below := strings.Cut(file, "/")
		switch {
		case !below || first[0] == '.':
		case first != "cmd" && first != "internal":
			found[first] = true
		case strings.HasPrefix(file, "internal/testkit/"):
			found["internal/testkit"] = true
		case strings.HasSuffix(file, ".go") && !strings.Contains(file, "/testdata/"):
			found[filepath.ToSlash(filepath.Dir(file))] = true
		}
	}
	var names []string
	for name := range found {
		if info, err := os.Stat(filepath.Join(top, filepath.FromSlash(name))); err == nil && info.IsDir() {
			names = append(names, name)
		} else if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	slices.Sort(names)
	return names
}

// TestNoRoomImportsUpward requires that every import of the product follows the order
// of the table.
func TestNoRoomImportsUpward(t *testing.T) {
	const module = "github.com/proxypatch/proxypatch/"
	top := repotest.Top(t)
	data, err := os.ReadFile(filepath.Join(top, "docs", "maintaining", "design.md"))
	if err != nil {
		t.Fatal(err)
	}
	floor := map[string]int{}
	for _, row := range roomRow.FindAllStringSubmatch(string(data), -1) {
		for _, name := range roomName.FindAllStringSubmatch(row[1], -1) {
			floor[name[1]] = len(floor)
		}
	}
	imports := 0
	for _, room := range rooms(t, top) {
		if !strings.HasPrefix(room, "cmd/") && !strings.HasPrefix(room, "internal/") || room == "internal/testkit" {
			continue
		}
		files, err := filepath.Glob(filepath.Join(top, filepath.FromSlash(room), "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, spec := range file.Imports {
				imported, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module)
				if !ours {
					continue
				}
				imports++
				if floor[imported] <= floor[room] {
					t.Errorf("%s imports %s, which is not below it in the table", name, imported)
				}
			}
		}
	}
	if imports < 50 {
		t.Errorf("only %d imports were read", imports)
	}
}
