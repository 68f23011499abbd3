package safefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestConcerned(t *testing.T) {
	dir, cause := t.TempDir(), errors.New("no space left")
	temp := NewTempName("b")
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"no path":               {cause, "."},
		"relative":              {&fs.PathError{Op: "mkdirat", Path: "a", Err: cause}, "a"},
		"absolute":              {fmt.Errorf("x: %w", &fs.PathError{Op: "write", Path: filepath.Join(dir, "a", "b"), Err: cause}), "a/b"},
		"the directory":         {&fs.PathError{Op: "open", Path: dir, Err: cause}, "."},
		"a temporary file":      {&fs.PathError{Op: "write", Path: filepath.Join(dir, "a", temp), Err: cause}, "a/b"},
		"renamed":               {&os.LinkError{Op: "rename", Old: temp, New: "b", Err: cause}, "b"},
		"the first of two":      {&fs.PathError{Op: "chown", Path: "a", Err: &fs.PathError{Op: "fchown", Path: temp, Err: cause}}, "a"},
		"the first of a joined": {errors.Join(&fs.PathError{Op: "sync", Path: filepath.Join(dir, temp), Err: cause}, cause), "b"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, why := Concerned(tc.err, dir); got != tc.want || why != cause {
				t.Errorf("got %q, %v", got, why)
			}
		})
	}
}
