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
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
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
// configuration or was built, or its package.json names next and it has what is
// built. A workspace's root names next often and builds nothing.
func IsNext(dir string, dependsOnNext bool) bool {
	signs := append([]string{defaultDistDir}, configNames...)
	if dependsOnNext {
		signs = append(signs, "app", "pages", "src/app", "src/pages")
	}
	return slices.ContainsFunc(signs, func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
		return err == nil
	})
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

	// Unmarked says, after Renew, why there is no stamp. That does no harm: the
	// next run takes what is built without one for old.
	Unmarked error

	marked bool // there is a stamp, be it old
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
const Advice = "delete cache/webpack and dev/cache/webpack in the directory that the app is built into"

// Error says what could not be done with a cache directory or a configuration.
type Error struct {
	Path string // relative to the app, with slashes
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Path, cause(e.Err)) }

// cause returns what the system said, without a path that is relative to
// nothing a person knows.
func cause(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

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

// Stale says whether a build would take code from a cache that another state
// of next-auth, or an unknown one, went into.
func (a *App) Stale() bool {
	return slices.ContainsFunc(a.Caches, func(c Cache) bool { return c.Action == Delete })
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
	for _, sub := range trusting {
		at := path.Join(name, sub)
		there, err := isDir(root, at)
		if err != nil {
			return cache, err
		}
		if there {
			cache.Warm = append(cache.Warm, at)
		}
	}
	stamped, since, err := readStamp(root, path.Join(name, stampName))
	if err != nil {
		return cache, &Error{path.Join(name, stampName), err}
	}
	cache.marked = !since.IsZero()
	switch {
	case stamped != state && len(cache.Warm) == 0:
		cache.Action = Stamp
	case stamped != state:
		cache.Action = Delete
	default:
		old, err := anyOlder(root, cache.Warm, since)
		if err != nil {
			return cache, &Error{name, err}
		}
		if old {
			cache.Action = Delete
		}
	}
	return cache, nil
}

// isDir says whether there is a directory, be it behind a link inside the app.
func isDir(root *os.Root, name string) (bool, error) {
	info, err := root.Stat(filepath.FromSlash(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, &Error{name, err}
	case !info.IsDir():
		return false, &Error{name, errors.New("is not a directory")}
	}
	return true, nil
}

// restoring is how long a restore may take that gives files new times, in any
// order.
const restoring = 10 * time.Minute

// anyOlder says whether a file in the directories was there well before the
// stamp was. Stamps are put where there is no such file, so somebody has
// unpacked a saved cache over ours; the tools for that keep the times of files.
func anyOlder(root *os.Root, dirs []string, since time.Time) (bool, error) {
	var older bool
	for _, dir := range dirs {
		err := fs.WalkDir(root.FS(), dir, func(_ string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			info, err := entry.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil // a build is at work
			}
			if err == nil && info.ModTime().Before(since.Add(-restoring)) {
				older = true
				return fs.SkipAll
			}
			return err
		})
		if err != nil || older {
			return older, err
		}
	}
	return false, nil
}

// Renew does what Inspect found to be done. It removes a wrong stamp first, then
// what may be old, and writes the stamp last: if it is killed in between, what
// is left or built meanwhile is unstamped, and the next run takes it for old.
// Call it when next-auth's files are in their new state. An error is an *Error.
func (a *App) Renew() error {
	root, err := os.OpenRoot(a.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for i := range a.Caches {
		if err := a.Caches[i].renew(root, a.state); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cache) renew(root *os.Root, state string) error {
	if c.Action == Keep {
		return nil
	}
	stamp := path.Join(c.Path, stampName)
	if c.marked {
		err := root.Remove(filepath.FromSlash(stamp))
		if c.Action == Stamp && errors.Is(err, syscall.EROFS) {
			c.Unmarked = err // a wrong stamp, but nobody can build into it either
			return nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return &Error{stamp, err}
		}
	}
	if c.Action == Delete {
		for _, warm := range c.Warm {
			if err := root.RemoveAll(filepath.FromSlash(warm)); err != nil {
				return &Error{warm, err}
			}
		}
	}
	err := makeDirs(root, c.Path)
	if err == nil {
		err = writeStamp(root, c.Path, state)
	}
	switch {
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		c.Unmarked = err
	case err != nil:
		return &Error{stamp, err}
	}
	return nil
}

// makeDirs makes the directories that are missing on the way to name. Each gets
// the owner of the one it is made in, so that whoever builds can write there.
func makeDirs(root *os.Root, name string) error {
	for at := range len(name) + 1 {
		if at < len(name) && name[at] != '/' {
			continue
		}
		dir := filepath.FromSlash(name[:at])
		err := root.Mkdir(dir, 0o777)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := inheritOwner(root, dir); err != nil {
			return err
		}
	}
	return nil
}
