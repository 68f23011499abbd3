// Package buildcache prevents builds of Next.js apps with old code after files of
// next-auth changed.
//
// webpack assumes that a package never changes while its name and version stay the
// same. With a warm <distDir>/cache/webpack, Next.js 14 and 16 build the old module.
// So each cache directory has a stamp, proxypatch.json. It names the state that the
// app's next-auth had when the cache was started, and is saved and deleted with the
// cache. It decides only about caches, never about files.
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

// codeCaches are the caches of bundlers that assume node_modules never changes.
// Turbopack checks every file; images and fetch-cache hold no code.
var codeCaches = []string{"webpack", "rspack"}

// State returns the name of the state of an app's copies of next-auth. It gets a line
// for each of their files: release, path and id of the bytes. The order of the lines
// does not matter, nor do duplicates.
func State(lines []string) string {
	sorted := slices.Compact(slices.Sorted(slices.Values(lines)))
	sum := sha256.Sum256([]byte(strings.Join(sorted, "\n")))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// IsNext reports whether the package in dir is a Next.js app. An app has a configuration
// or a build, or depends on next and has a directory of pages. A dependency alone is not
// enough, because the root of a workspace often has one and builds nothing.
func IsNext(dir string, namesNext bool) (bool, error) {
	if is, err := safefile.Exists(filepath.Join(dir, DefaultDistDir)); is || err != nil {
		return is, err
	}
	for _, name := range ConfigNames { // even one that can't be read is a configuration
		_, err := os.Lstat(filepath.Join(dir, name))
		if err == nil || !safefile.Absent(err) {
			return err == nil, err
		}
	}
	if !namesNext {
		return false, nil
	}
	for _, name := range []string{"app", "pages", "src/app", "src/pages"} {
		if is, err := safefile.Exists(filepath.Join(dir, filepath.FromSlash(name))); is || err != nil {
			return is, err
		}
	}
	return false, nil
}

// HasNext reports whether directories below the package in dir can load next from it.
// It may be installed without a dependency, as a peer of next-auth.
func HasNext(dir string, namesNext bool) (bool, error) {
	if namesNext {
		return true, nil
	}
	return safefile.Exists(filepath.Join(dir, "node_modules", "next"))
}

// Action is what happens to a cache directory.
type Action int

// Create and Stamp keep everything; Delete removes only the code caches. After all
// three the stamp is current. Remove removes the stamp and its directories.
const (
	Keep   Action = iota // the stamp is current
	Create               // there is no cache yet: create one with a stamp
	Stamp                // it holds no code: write only the stamp
	Delete               // it may hold old code
	Remove               // only a stamp made it
)

// Cache is one cache directory of an app.
type Cache struct {
	Path   string // relative to the app, with slashes
	Action Action
	Warm   []string // its code caches, such as .next/cache/webpack

	// Oldest is when the oldest file in Warm was written, if there is no stamp. A cache
	// that is newer than the files of next-auth was built from them. Oldest is zero if
	// there is a stamp or no file, and if the time is unknown.
	Oldest time.Time

	// Remains lists what Finish could not delete, by the names that Stage gave.
	Remains []string

	marked bool    // there is a stamp, current or old
	aside  []moved // what Stage moved aside, the stamp first
}

// App is a Next.js app and its caches.
type App struct {
	Caches []Cache

	// Unknown says why there may be caches in other places; then show [Advice]. It is
	// empty if the app's build directory is known.
	Unknown string

	dir, state string
}

// Advice says what to do by hand if the build directory is unknown.
const Advice = "delete cache/webpack and dev/cache/webpack in the app's build directory"

// Want is how the caches of an app must be.
type Want struct {
	State string // of next-auth; see [State]
	Next  string // the release of Next.js that the app loads; empty if it is unknown
	Tidy  bool   // leave no directory that only a stamp made, as after a revert
}

// Inspect says what must happen to the caches of the app in dir so that the next
// build uses the wanted state. It only reads. A link that leads out of dir is an
// *Error, and so is a cache that can't be read.
//
// Next.js keeps a cache in <distDir>/cache and, since 16, one of `next dev` in
// <distDir>/dev/cache. Inspect includes them even if they do not exist, because a later
// cache without a stamp counts as old. It also includes existing caches in the default
// distDir if the configuration names another one.
func Inspect(dir string, want Want) (*App, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	app := &App{dir: dir, state: want.State}
	dist, unknown := DistDir(root)
	app.Unknown = unknown
	for _, name := range slices.Compact([]string{dist, DefaultDistDir}) {
		if name == "" {
			continue
		}
		for _, sub := range []string{"cache", devCache} {
			if err := app.look(root, name, sub, want, name == dist); err != nil {
				return app, err
			}
		}
	}
	return app, nil
}

// look adds what must happen to one cache, if anything. ours says that the configuration
// names the build directory.
func (a *App) look(root *os.Root, dist, sub string, want Want, ours bool) error {
	name := path.Join(dist, sub)
	if want.Tidy {
		cache, is, err := spare(root, name, want.State)
		if is {
			a.add(cache)
		}
		if is || err != nil {
			return err
		}
	}
	if sub == devCache && !hasDevCache(want.Next) {
		return nil
	}
	cache, err := inspect(root, name, want.State)
	if err == nil && (cache.Action != Create || ours && !want.Tidy) {
		a.add(cache)
	}
	return err
}

// add adds a cache, unless it is the empty directory that several caches were in.
func (a *App) add(cache Cache) {
	if !slices.ContainsFunc(a.Caches, func(c Cache) bool { return c.Path == cache.Path }) {
		a.Caches = append(a.Caches, cache)
	}
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
	if cache.replacesStamp() {
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

// replacesStamp reports whether a stamp that is there must make way for a new one.
func (c *Cache) replacesStamp() bool { return c.marked && c.Action != Keep }

// warmIn returns the code caches in a cache directory.
func warmIn(root *os.Root, name string) ([]string, error) {
	var warm []string
	for _, sub := range codeCaches {
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

// isDir reports whether a name is a directory, or a link to one inside the app.
func isDir(root *os.Root, name string) (bool, error) {
	there, err := safefile.IsDir(root, name)
	if err != nil {
		return false, newError(root, name, err)
	}
	return there, nil
}

// restoring is how long restoring a saved cache may take if files get new times, in
// any order. A stamp is written only when there are no files with code. So if a file
// is much older than the stamp, a saved cache was unpacked over ours by a tool that
// keeps file times.
const restoring = 10 * time.Minute

// maxDepth limits how deep directories in a cache may be nested. Reaching each one
// takes a walk from the top.
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
				return nil // a build is running
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
