// Package buildcache keeps a Next.js app from being built with old code after
// files of next-auth changed.
//
// webpack trusts everything below node_modules by name and version: with a warm
// <distDir>/cache/webpack, Next.js 14 and 16 build the module that they read
// before the change. A stamp, proxypatch.json, therefore lies in each cache
// directory. It names the state that the app's next-auth had when the cache was
// started, and lives and dies with the cache. It decides about caches only,
// never about files.
package buildcache

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/proxypatch/proxypatch/internal/safefile"
)

// trusting are the directories inside a cache directory whose builders take
// modules below node_modules for unchanged. Turbopack looks at every file;
// images and fetch-cache hold no code.
var trusting = []string{"webpack", "rspack"}

// State returns the name of the state of an app's copies of next-auth, given
// one line for each of their files: release, path and id of the bytes. The
// order of the lines, and repeated ones, mean nothing.
func State(lines []string) string {
	sorted := slices.Compact(slices.Sorted(slices.Values(lines)))
	sum := sha256.Sum256([]byte(strings.Join(sorted, "\n")))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// IsNext says whether the package in dir is a Next.js app: it has a
// configuration or was built, whatever its package.json says, or that names next
// and the package has what is built. A workspace's root names next often and
// builds nothing.
func IsNext(dir string, namesNext bool) (bool, error) {
	signs := append([]string{defaultDistDir}, configNames...)
	if namesNext {
		signs = append(signs, "app", "pages", "src/app", "src/pages")
	}
	for _, name := range signs {
		if is, err := safefile.Exists(filepath.Join(dir, filepath.FromSlash(name))); is || err != nil {
			return is, err
		}
	}
	return false, nil
}

// HasNext says whether directories below the package in dir get next from it. It
// may be there without being named, as a peer of next-auth.
func HasNext(dir string, namesNext bool) (bool, error) {
	if namesNext {
		return true, nil
	}
	return safefile.Exists(filepath.Join(dir, "node_modules", "next"))
}

// Action is what happens to a cache directory.
type Action int

// Create and Stamp leave everything that is there; Delete removes what webpack
// kept and nothing else. All three end with a current stamp.
const (
	Keep   Action = iota // the stamp is current
	Create               // there is no cache yet: make one for the stamp
	Stamp                // nothing in it holds code: only the stamp is put
	Delete               // what is in it may be old
)

// Cache is one cache directory of an app.
type Cache struct {
	Path   string // relative to the app, with slashes
	Action Action
	Warm   []string // what is in it that holds code, such as .next/cache/webpack

	// Oldest is when the oldest file in Warm was written, if there is no stamp
	// at all: a cache that is younger than the files of next-auth was built from
	// them. It is zero otherwise, and where there is no file or it can't be told.
	Oldest time.Time

	// Remains is what Finish could not delete of Warm, under the names that it was
	// put aside by.
	Remains []string

	marked bool    // there is a stamp, be it old
	aside  []moved // what Stage put out of the way, the stamp first
}

// App is a Next.js app and its caches.
type App struct {
	Caches []Cache

	// Unknown says why there may be caches elsewhere, for which [Advice] is all
	// there is. It is empty if the directory that the app is built into is
	// known.
	Unknown string

	dir, state string
}

// Advice is what to do by hand where the caches are not known.
const Advice = "delete cache/webpack and dev/cache/webpack in the app's build directory"

// Inspect says what has to happen to the caches of the app in dir so that it is
// built with the given state. It only reads, and never through a symbolic link
// that leads out of dir: that is an *Error, as is a cache that can't be read.
//
// Next.js keeps a cache in <distDir>/cache, and since 16 that of `next dev` in
// <distDir>/dev/cache. Both are always looked after, since one that appears
// later without a stamp would be taken for old. What is in the default distDir is
// looked after even where the configuration names another one.
func Inspect(dir, state string) (*App, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	app := &App{dir: dir, state: state}
	dist, unknown := distDir(root)
	app.Unknown = unknown
	for _, name := range slices.Compact([]string{dist, defaultDistDir}) {
		if name == "" {
			continue
		}
		for _, sub := range []string{"cache", "dev/cache"} {
			cache, err := inspect(root, path.Join(name, sub), state)
			if err != nil {
				return app, err
			}
			if name == dist || cache.Action != Create {
				app.Caches = append(app.Caches, cache)
			}
		}
	}
	return app, nil
}

func inspect(root *os.Root, name, state string) (Cache, error) {
	cache := Cache{Path: name}
	switch there, err := isDir(root, name); {
	case err != nil:
		return cache, err
	case !there:
		cache.Action = Create
		return cache, nil
	}
	warm, err := warmIn(root, name)
	if err != nil {
		return cache, err
	}
	cache.Warm = warm
	stamped, since, err := readStamp(root, path.Join(name, stampName))
	if err != nil {
		return cache, newError(root, path.Join(name, stampName), err)
	}
	cache.marked = !since.IsZero()
	switch {
	case stamped != state && len(cache.Warm) == 0:
		cache.Action = Stamp
	case stamped != state:
		cache.Action = Delete
	default:
		oldest, err := oldest(root, cache.Warm)
		if err != nil {
			return cache, newError(root, name, err)
		}
		if unpacked := oldest.Before(since.Add(-restoring)); unpacked && !oldest.IsZero() {
			cache.Action = Delete
		}
	}
	if cache.marked && (cache.Action == Delete || cache.Action == Stamp) {
		if err := replaceable(root, path.Join(name, stampName)); err != nil {
			return cache, err
		}
	}
	if !cache.marked {
		if cache.Oldest, err = oldest(root, cache.Warm); errors.Is(err, errDeep) {
			return cache, newError(root, name, err)
		}
	}
	return cache, nil
}

// warmIn returns the directories of a cache directory that hold code.
func warmIn(root *os.Root, name string) ([]string, error) {
	var warm []string
	for _, sub := range trusting {
		at := path.Join(name, sub)
		there, err := isDir(root, at)
		if err != nil {
			return nil, err
		}
		if there {
			warm = append(warm, at)
		}
	}
	return warm, nil
}

// isDir says whether there is a directory, be it behind a link inside the app.
func isDir(root *os.Root, name string) (bool, error) {
	there, err := safefile.IsDir(root, name)
	if err != nil {
		return false, newError(root, name, err)
	}
	return there, nil
}

// restoring is how long a restore may take that gives files new times, in any
// order. Stamps are put where there is no file with code, so if one was there
// well before the stamp, somebody has unpacked a saved cache over ours; the tools
// for that keep the times of files.
const restoring = 10 * time.Minute

// maxDepth bounds how many directories inside each other a cache may have. Each takes
// a walk from the top.
const maxDepth = 100

// oldest returns when the oldest file in the directories was written. It is zero
// if there is no file.
func oldest(root *os.Root, dirs []string) (time.Time, error) {
	var first time.Time
	for _, dir := range dirs {
		err := fs.WalkDir(root.FS(), dir, func(name string, entry fs.DirEntry, err error) error {
			if strings.Count(name, "/") > maxDepth {
				return errDeep
			}
			if safefile.Absent(err) {
				return nil // another run has put it aside
			}
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			info, err := entry.Info()
			if safefile.Absent(err) {
				return nil // a build is at work
			}
			if err == nil && (first.IsZero() || info.ModTime().Before(first)) {
				first = info.ModTime()
			}
			return err
		})
		if err != nil {
			return time.Time{}, err
		}
	}
	return first, nil
}
