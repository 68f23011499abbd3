package buildcache

import (
	"os"
	"path"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/safefile"
)

// devCache is the cache of `next dev` in the build directory.
const devCache = "dev/cache"

// hasDevCache reports whether a release of Next.js has a devCache: 16 and newer. A
// prerelease, or no release, is unknown and may have one.
func hasDevCache(release string) bool {
	v, err := semver.StrictNewVersion(release)
	return err != nil || v.Prerelease() != "" || v.Major() >= 16
}

// spare returns the Cache that removes a cache directory, if only a stamp of another
// state made it. A run that was killed while it removed the directory may have left it,
// or the ones above it, empty. A directory that a link leads to is not spare.
func spare(root *os.Root, name, state string) (cache Cache, is bool, err error) {
	for at := name; at != "."; at = path.Dir(at) {
		names, is, err := safefile.RealDir(root, at)
		switch {
		case safefile.Absent(err):
			continue
		case err != nil:
			return cache, false, newError(root, at, err)
		case !is || at != name && len(names) > 0:
			return cache, false, nil
		}
		cache = Cache{Path: at, Action: Remove}
		is, err = cache.holdsOnlyStamp(root, names, state)
		return cache, is, err
	}
	return cache, false, nil
}

// holdsOnlyStamp reports whether a cache directory with these names in it holds nothing
// but a stamp of another state and what killed runs left.
func (c *Cache) holdsOnlyStamp(root *os.Root, names []string, state string) (bool, error) {
	for _, name := range names {
		if isOurs(name) {
			continue
		}
		if name != stampName {
			return false, nil
		}
		stamp := path.Join(c.Path, stampName)
		stamped, since, err := readStamp(root, stamp)
		if err != nil {
			return false, newError(root, stamp, err)
		}
		if !since.IsZero() && (stamped == "" || stamped == state) {
			return false, nil
		}
		c.marked = true
	}
	return true, nil
}

// isOurs reports whether a run that was killed left a file or directory of this name in
// a cache directory.
func isOurs(name string) bool {
	base, _ := safefile.TempNameBase(name)
	return safefile.IsAside(name) || base == stampName
}
