package pnp

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/proxypatch/proxypatch/internal/safefile"
)

const (
	maxArchive = 16 << 20 // bytes; next-auth needs less than a million
	maxEntries = 20_000   // next-auth has 600
	maxName    = 1024     // bytes
)

// ErrNoFiles says that an archive, or the package in it, is not there, because yarn has not
// installed it yet.
var ErrNoFiles = errors.New("is not installed yet")

// Open returns the files of a package's directory, if it is in an archive; nil if it is
// not. The whole archive is in memory, so it can't change any more. The error is an
// *Error, or from the system.
func Open(dir string) (fs.FS, error) {
	path, inside, err := Split(dir)
	if path == "" || err != nil {
		return nil, err
	}
	data, err := safefile.ReadFile(path, maxArchive)
	if safefile.Absent(err) {
		return nil, &Error{path, ErrNoFiles}
	}
	if errors.As(err, new(*safefile.Error)) {
		return nil, &Error{path, err}
	}
	if err != nil {
		return nil, err
	}
	files, err := openArchive(data, inside)
	if err != nil {
		return nil, &Error{path, err}
	}
	return files, nil
}

// Split splits a path into an archive and the rest, with slashes. Without an archive both
// are empty. A directory may have the name of an archive.
func Split(path string) (archive, inside string, err error) {
	for at := 0; ; {
		i := strings.Index(path[at:], ".zip"+string(filepath.Separator))
		if i < 0 {
			return "", "", nil
		}
		at += i + len(".zip")
		info, err := os.Stat(path[:at])
		if err != nil && !safefile.Absent(err) {
			return "", "", err
		}
		if err != nil || !info.IsDir() {
			return path[:at], filepath.ToSlash(path[at+1:]), nil
		}
	}
}

// openArchive returns the files of a directory in an archive.
func openArchive(data []byte, dir string) (fs.FS, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("is not a valid archive: %w", err)
	}
	if err := checkEntries(archive.File); err != nil {
		return nil, err
	}
	files, err := fs.Sub(archive, dir)
	if err != nil {
		return nil, ErrNoFiles
	}
	if info, err := fs.Stat(files, "."); err != nil || !info.IsDir() {
		return nil, ErrNoFiles
	}
	return files, nil
}

// checkEntries refuses what yarn does not write, and what programs read in different ways.
func checkEntries(entries []*zip.File) error {
	if len(entries) > maxEntries {
		return fmt.Errorf("has %d entries; the limit is %d", len(entries), maxEntries)
	}
	isDir := make(map[string]bool, len(entries))
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name, "/")
		_, known := isDir[name]
		switch {
		case !fs.ValidPath(name) || len(name) > maxName || strings.ContainsAny(name, "\\\x00"):
			return fmt.Errorf("has an entry with an unsafe name: %.100q", name)
		case known:
			return fmt.Errorf("has two entries with the name %q", name)
		case entry.UncompressedSize64 > maxArchive:
			return fmt.Errorf("has an entry of %d bytes; the limit is %d", entry.UncompressedSize64, maxArchive)
		}
		isDir[name] = entry.Mode().IsDir()
	}
	return checkParents(isDir)
}

// checkParents refuses entries below an entry that is no directory, such as a link.
func checkParents(isDir map[string]bool) error {
	for name := range isDir {
		for at, char := range name {
			if char != '/' {
				continue
			}
			if dir, known := isDir[name[:at]]; known && !dir {
				return fmt.Errorf("has entries below %q, which is no directory", name[:at])
			}
		}
	}
	return nil
}
