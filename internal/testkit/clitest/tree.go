package clitest

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// List lists everything below a directory with its mode and a hash of its contents.
func List(t testing.TB, dir string) string {
	t.Helper()
	list, err := Listing(dir)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Listing is List without a test.
func Listing(root string) (string, error) {
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		content := "-"
		switch {
		case info.Mode().IsRegular():
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = fmt.Sprintf("%x", sha256.Sum256(data))
		case info.Mode()&fs.ModeSymlink != 0:
			if content, err = os.Readlink(path); err != nil {
				return err
			}
		}
		fmt.Fprintln(&b, info.Mode(), content, name)
		return nil
	})
	return b.String(), err
}
