//go:build unix

package safefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// All readers agree on what a file is; they differ in the links that they follow.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{
		os.WriteFile(at("file"), []byte("1234"), 0o644), os.WriteFile(at("large"), []byte("12345"), 0o644), os.Mkdir(at("dir"), 0o755),
		syscall.Mkfifo(at("pipe"), 0o644), os.Symlink("file", at("link")), os.Symlink("pipe", at("to-pipe")), os.Symlink("/dev/zero", at("device")),
		os.Symlink("none", at("dangling")), os.Symlink("loop", at("loop")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for name, want := range map[string][3]bool{ // ReadFile, ReadIn, ReadUnlinked
		"file": {true, true, true}, "link": {true, true, false}, "large": {}, "dir": {}, "pipe": {}, "to-pipe": {}, "device": {}, "dangling": {}, "loop": {}, "none": {},
	} {
		path, err1 := ReadFile(at(name), 4)
		in, err2 := ReadIn(root, name, 4)
		unlinked, _, err3 := ReadUnlinked(root, name, 4)
		for i, err := range []error{err1, err2, err3} {
			if content := string([][]byte{path, in, unlinked}[i]); (err == nil) != want[i] || want[i] && content != "1234" || !want[i] && content != "" {
				t.Errorf("%s: reader %d returns %q, %v", name, i, content, err)
			}
		}
	}
	for name, want := range map[string]string{
		"large": "has 5 bytes; the limit is 4", "dir": "is a directory, not a regular file", "to-pipe": "is a named pipe, not a regular file", "device": "is a special file, not a regular file",
	} {
		if _, err := ReadFile(at(name), 4); !errors.As(err, new(*Error)) || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

func TestReadDir(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644), os.Symlink(".", filepath.Join(dir, "link"))); err != nil {
		t.Fatal(err)
	}
	if entries, err := ReadDir(filepath.Join(dir, "link")); err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
	if _, err := ReadDir(filepath.Join(dir, "pipe")); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("a named pipe: %v", err)
	}
	if _, err := ReadDir(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
}
