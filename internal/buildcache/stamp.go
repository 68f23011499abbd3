package buildcache

import (
	"encoding/json"
	"errors"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/proxypatch/proxypatch/internal/safefile"
)

const (
	// stampName is the stamp's name in each cache directory.
	stampName = "proxypatch.json"
	// maxStamp bounds what is read of a stamp, in bytes.
	maxStamp = 4096
	// stampSchema is raised when a field of the stamp changes its meaning.
	stampSchema = 1
)

// stamp is the content of the file. It holds no time and no path, so that a
// cache means the same wherever it is restored.
type stamp struct {
	Schema int    `json:"schema"`
	State  string `json:"state"`
	About  string `json:"about"`
}

const about = "proxypatch marks the build cache beside this file with the state of next-auth that it belongs to; " +
	"deleting it is safe, the cache is then renewed at the next proxypatch apply"

// readStamp returns the state that a stamp names and since when the stamp is
// there. The state is empty if there is none that can be understood; the time is
// zero only if nothing is there, which may be so because another run has just put
// it aside.
func readStamp(root *os.Root, name string) (state string, since time.Time, err error) {
	info, err := root.Lstat(filepath.FromSlash(name))
	if safefile.Absent(err) {
		return "", time.Time{}, nil
	}
	if err != nil {
		return "", time.Time{}, err
	}
	data, read, err := safefile.ReadUnlinked(root, name, maxStamp)
	switch {
	case safefile.Absent(err):
		return "", time.Time{}, nil
	case errors.As(err, new(*safefile.Error)):
		return "", info.ModTime(), nil
	case err != nil:
		return "", info.ModTime(), err
	}
	since = read.ModTime()
	var s stamp
	if json.Unmarshal(data, &s) != nil || s.Schema != stampSchema {
		return "", since, nil
	}
	return s.State, since, nil
}

// writeStamp puts the stamp into dir by a rename, so that it is there whole or
// not at all.
func writeStamp(root *os.Root, dir, state string) error {
	data, err := json.Marshal(stamp{stampSchema, state, about})
	if err != nil {
		return err
	}
	return safefile.Write(root, path.Join(dir, stampName), append(data, '\n'))
}
