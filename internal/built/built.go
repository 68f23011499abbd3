// Package built finds what finished builds left, by the marks of the framework that made
// them: `next build` writes BUILD_ID, and a server.js of its own in standalone output.
package built

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/proxypatch/proxypatch/internal/buildcache"
	"github.com/proxypatch/proxypatch/internal/lazyregexp"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

const (
	nitroDist     = ".output"
	buildID       = "BUILD_ID" // `next dev` writes none
	standaloneDir = "standalone"
	serverFile    = "server.js"
	maxServer     = 4 << 20 // bytes of a server.js
)

// The search below a directory ends with an error above one of these limits.
const (
	maxDepth = 100
	maxDirs  = 50_000
)

// Build is what one finished build of an app left.
type Build struct {
	// Dir is the directory that the server starts in, absolute: the app, or its copy in
	// standalone output.
	Dir string
	// Dist is the build directory, relative to Dir and with slashes, such as ".next".
	Dist string
	// Standalone says that Next.js wrote the server.js in Dir. Then next to it are only
	// the files of packages that Next.js traced.
	Standalone bool
	// Nitro says that Nitro made the build, as Nuxt does. Else it was Next.js.
	Nitro bool
	// Top is the directory that images copy, such as .next/standalone. It is empty
	// unless the build was found inside of the app's own build.
	Top string
}

// Error is an error of the system about a build, or a limit that it exceeds.
type Error struct {
	Path string // absolute
	Err  error  // the cause, without a path
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func newError(root *os.Root, name string, err error) *Error {
	return &Error{filepath.Join(root.Name(), filepath.FromSlash(name)), buildcache.Cause(root, err)}
}

// Find returns the builds of the Next.js app in dir: what `next build` left in its build
// directory, and the standalone output inside of that. unknown says why there may be a
// build in another place; it is empty if the build directory is known. Find reads no
// bundles, and follows no link out of dir. The error may be an *Error.
func Find(dir string) (builds []Build, unknown string, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, "", err
	}
	defer root.Close()
	own, unknown, err := ownBuild(root)
	if own == nil || err != nil {
		return nil, unknown, err
	}
	builds = []Build{*own}
	copies, err := standaloneIn(root, own.Dist)
	return append(builds, copies...), unknown, err
}

// standaloneIn returns the standalone output inside of a build directory.
func standaloneIn(root *os.Root, dist string) ([]Build, error) {
	inside := path.Join(dist, standaloneDir)
	if there, err := safefile.IsDir(root, inside); err != nil {
		return nil, newError(root, inside, err)
	} else if !there {
		return nil, nil
	}
	top := filepath.Join(root.Name(), filepath.FromSlash(inside))
	s, err := searchBelow(top, true)
	if err != nil {
		return nil, err
	}
	for i := range s.found {
		s.found[i].Top = top
	}
	return s.found, nil
}

// HasUnfinished reports whether the app in dir has output, but no finished build. `next dev`
// leaves that, and so does a build that fails.
func HasUnfinished(dir string) (bool, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return false, err
	}
	defer root.Close()
	dist, _ := buildcache.DistDir(root)
	if dist == "" {
		dist = buildcache.DefaultDistDir
	}
	for _, name := range []string{serverDir, "dev/" + serverDir} {
		if _, err := root.Stat(filepath.FromSlash(path.Join(dist, name))); err == nil {
			return true, nil
		} else if !safefile.Absent(err) {
			return false, newError(root, path.Join(dist, name), err)
		}
	}
	return false, nil
}

// ownBuild returns the build of the app in root, without other builds inside of it; nil
// if there is none.
func ownBuild(root *os.Root) (own *Build, unknown string, err error) {
	dist, standalone, err := standaloneDist(root)
	if err != nil {
		return nil, "", err
	}
	if !standalone {
		dist, unknown = buildcache.DistDir(root)
	}
	if dist == "" {
		dist = buildcache.DefaultDistDir
	}
	finished, err := isFile(root, path.Join(dist, buildID))
	if !finished || err != nil {
		return nil, unknown, err
	}
	return &Build{Dir: root.Name(), Dist: dist, Standalone: standalone}, unknown, nil
}

// The marks of a server.js that Next.js wrote: 13.4 and newer set the variable, and
// older releases load the server from next itself.
var (
	writtenByNext = lazyregexp.Compile(`__NEXT_PRIVATE_STANDALONE_CONFIG|next/dist/server/(?:next-server|lib/start-server)\b`)
	serverDist    = lazyregexp.Compile(`"distDir":"([^"\\]+)"`)
)

// standaloneDist reports whether root is an app in standalone output, and which build
// directory its server uses.
func standaloneDist(root *os.Root) (dist string, standalone bool, err error) {
	text, _, err := safefile.ReadUnlinked(root, serverFile, maxServer)
	if other := (*safefile.Error)(nil); safefile.Absent(err) || errors.As(err, &other) {
		return "", false, nil
	}
	if err != nil {
		return "", false, newError(root, serverFile, err)
	}
	if !writtenByNext().Match(text) {
		return "", false, nil
	}
	if m := serverDist().FindSubmatch(text); m != nil {
		dist = path.Clean(strings.ReplaceAll(string(m[1]), `\`, "/"))
	}
	if dist == "." || !filepath.IsLocal(filepath.FromSlash(dist)) {
		dist = buildcache.DefaultDistDir
	}
	return dist, true, nil
}

// HasServer reports whether a directory is an app in standalone output: it has a server.js
// that Next.js wrote, and no source. It looks at no build, which may be unreadable.
func HasServer(dir string) bool {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return false
	}
	defer root.Close()
	_, standalone, err := standaloneDist(root)
	source, unknown := (&Build{Dir: dir}).HasSource()
	return standalone && !source && err == nil && unknown == nil
}

func isFile(root *os.Root, name string) (bool, error) {
	info, err := root.Stat(filepath.FromSlash(name))
	if safefile.Absent(err) {
		return false, nil
	}
	if err != nil {
		return false, newError(root, name, err)
	}
	return info.Mode().IsRegular(), nil
}

// FindNitro returns the build that Nitro left for the app in dir, or that dir itself is;
// nil if there is none.
func FindNitro(dir string) (*Build, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	for _, dist := range []string{nitroDist, "."} {
		is := true
		for _, name := range []string{"nitro.json", serverDir + "/index.mjs"} {
			found, err := isFile(root, path.Join(dist, name))
			if err != nil {
				return nil, err
			}
			is = is && found
		}
		if is {
			return &Build{Dir: dir, Dist: dist, Nitro: true}, nil
		}
	}
	return nil, nil
}

// Below returns the builds of all apps in and below a directory, such as the directory of
// an image, as Find and FindNitro do. It does not search packages, hidden directories and
// builds. Directories below that the system refuses to list are skipped, except in builds.
// A search above a limit is an *Error.
func Below(dir string) (found []Build, skipped []string, err error) {
	s, err := searchBelow(dir, false)
	if err != nil {
		return nil, nil, err
	}
	return s.found, s.skipped, nil
}

func searchBelow(dir string, inBuild bool) (*search, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	s := &search{root: root, inBuild: inBuild, dirs: maxDirs, dists: map[string]bool{}}
	return s, s.visit(".", 0)
}

// search is one search below a directory.
type search struct {
	root    *os.Root
	inBuild bool            // whether root is part of a build, in which nothing is skipped
	dirs    int             // that it may still visit
	dists   map[string]bool // build directories, relative to root
	found   []Build
	skipped []string // directories that the system refuses to list
}

var (
	errTooDeep = fmt.Errorf("is nested more than %d directories deep", maxDepth)
	errTooMany = fmt.Errorf("is one of more than %d directories", maxDirs)
)

func (s *search) visit(name string, depth int) error {
	if s.dirs--; s.dirs < 0 {
		return newError(s.root, name, errTooMany)
	}
	entries, err := fs.ReadDir(s.root.FS(), name)
	if err != nil {
		return s.skip(name, err)
	}
	builds, err := s.builds(name, entries)
	if err != nil {
		return err
	}
	s.found = append(s.found, builds...)
	if len(builds) > 0 {
		s.dists[path.Join(name, builds[0].Dist)] = true
	}
	if s.dists[name] {
		return nil
	}
	for _, entry := range entries {
		below := path.Join(name, entry.Name())
		if !entry.IsDir() || entry.Name()[0] == '.' || entry.Name() == "node_modules" || s.dists[below] {
			continue
		}
		if depth == maxDepth {
			return newError(s.root, below, errTooDeep)
		}
		if err := s.visit(below, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// skip passes over a directory that the system refuses to list, or that is gone. Where the
// search begins and in a build, that is an error.
func (s *search) skip(name string, err error) error {
	gone, refused := isGone(err), errors.Is(err, fs.ErrPermission)
	if s.inBuild || name == "." || !gone && !refused {
		return newError(s.root, name, err)
	}
	if refused {
		s.skipped = append(s.skipped, s.path(name))
	}
	return nil
}

// isGone reports whether a directory is gone. In /proc, so is one of a process that ended.
func isGone(err error) bool { return safefile.Absent(err) || errors.Is(err, syscall.ESRCH) }

func (s *search) path(name string) string {
	return filepath.Join(s.root.Name(), filepath.FromSlash(name))
}

// builds returns the builds of the app in a directory with these entries.
func (s *search) builds(name string, entries []fs.DirEntry) ([]Build, error) {
	has := func(marks ...string) bool {
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return slices.Contains(marks, e.Name()) })
	}
	dir := s.path(name)
	if has(nitroDist, "nitro.json") {
		b, err := FindNitro(dir)
		if err != nil {
			return nil, err
		}
		if b != nil {
			return []Build{*b}, nil
		}
	}
	if has(buildcache.DefaultDistDir, serverFile) || has(buildcache.ConfigNames...) {
		if builds, _, err := Find(dir); len(builds) > 0 || err != nil {
			return builds, err
		}
	}
	if has(buildID) && has(standaloneDir) {
		return s.unnamed(name)
	}
	return nil, nil
}

// unnamed returns the build in a directory that no configuration is known to name, and the
// standalone output inside of it. Without the latter it may be something else.
func (s *search) unnamed(name string) ([]Build, error) {
	finished, err := isFile(s.root, path.Join(name, buildID))
	if !finished || err != nil {
		return nil, err
	}
	copies, err := standaloneIn(s.root, name)
	if len(copies) == 0 || err != nil {
		return nil, err
	}
	s.dists[name] = true
	dist := s.path(name)
	own := Build{Dir: filepath.Dir(dist), Dist: filepath.Base(dist)}
	if dir, ends := strings.CutSuffix(dist, string(filepath.Separator)+filepath.FromSlash(copies[0].Dist)); ends {
		own = Build{Dir: dir, Dist: copies[0].Dist}
	}
	return append([]Build{own}, copies...), nil
}

// IsStandalone reports whether a directory is standalone output, as images have it: in or
// below it is a server.js that Next.js wrote, beside a finished build. In a monorepo's
// output it is in a directory of its own, such as apps/web. Standalone output inside of
// an app's build does not count.
func IsStandalone(dir string) (bool, error) {
	builds, _, err := Below(dir)
	return slices.ContainsFunc(builds, func(b Build) bool { return b.Standalone && b.Top == "" }), err
}

// Holds reports whether what is in a directory goes with the build to where it runs.
func (b *Build) Holds(dir string) bool {
	if b.Top == "" {
		return true
	}
	rel, err := filepath.Rel(b.Top, dir)
	return err == nil && filepath.IsLocal(rel)
}

// sources are what an app is built from. A configuration is none: a server reads it too.
var sources = []string{"app", "pages", "src/app", "src/pages", "nuxt.config.ts", "nuxt.config.js", "nitro.config.ts", "nitro.config.js"}

// HasSource reports whether the app can be built again where it is. It can't in
// standalone output, nor where only the build was copied to, as in an image.
func (b *Build) HasSource() (bool, error) {
	if b.Standalone {
		return false, nil
	}
	for _, name := range sources {
		if is, err := safefile.Exists(filepath.Join(b.Dir, filepath.FromSlash(name))); is || err != nil {
			return is, err
		}
	}
	return false, nil
}
