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
	// maxStamp limits the size of a stamp, in bytes.
	maxStamp = 4096
	// stampSchema is raised when a field of the stamp changes its meaning.
	stampSchema = 1
)

// stamp is the content of the file. It has no time and no path, so it means the same in
// every place where the cache is restored.
type stamp struct {
	Schema int    `json:"schema"`
	State  string `json:"state"`
	About  string `json:"about"`
}

const about = "proxypatch records here which state of next-auth this build cache was made with; " +
	"you can delete this file; the next proxypatch apply then renews the cache"

// readStamp returns the state that a stamp names and the time when the stamp was
// written. The state is empty if the stamp can't be understood. The time is zero only
// if nothing is there, perhaps because another run has just moved it aside.
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

// writeStamp writes the stamp into dir with a rename, so it is never incomplete.
func writeStamp(root *os.Root, dir, state string) error {
	data, err := json.Marshal(stamp{stampSchema, state, about})
	if err != nil {
		return err
	}
	return safefile.Write(root, path.Join(dir, stampName), append(data, '\n'))
}
