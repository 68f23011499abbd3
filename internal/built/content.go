package built

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/safefile"
)

const maxFile = 64 << 20 // bytes

// A build with more JavaScript for the server is an error. Tests lower these limits.
var (
	maxFiles       = 100_000
	maxBytes int64 = 1 << 30
)

var (
	errLinked    = errors.New("is a link to a directory")
	errManyFiles = errors.New("is in a build with too many files")
	errManyBytes = errors.New("is in a build with too much JavaScript")
)

// Content says what of next-auth's server code a build holds.
type Content struct {
	// Unpatched lists the files in which a client of a provider is set up without the
	// patch, relative to the build directory and with slashes.
	Unpatched []string
	// Bundled says that next-auth's own code is in the build.
	Bundled bool
	// Patched says that the patch is.
	Patched bool
	// Revision is the lowest one of the helpers in the build; 0 if none says it.
	Revision int
	// Loads says that the build loads next-auth from node_modules.
	Loads bool
	// Names are the names by which it does so, in their order. Turbopack adds a hash to
	// the name, and links it to the package in the build directory's node_modules.
	Names []string
	// Part says that there is a part of next-auth that makes no requests of its own, such
	// as next-auth/jwt or next-auth/middleware, also in code for an edge runtime.
	Part bool
	// Alone says that all that was found is of a package that makes next-auth's requests, with
	// no sign of next-auth itself. Other packages use it too.
	Alone bool
	// Route says that the build has a route for next-auth's own endpoints.
	Route bool
}

// OnlyPart reports whether what the build itself holds makes none of next-auth's requests:
// there is a part of next-auth, and no sign of the rest. Another package may still load it.
func (c *Content) OnlyPart() bool {
	return c.Part && !c.Route && !c.Bundled && !c.Patched && !c.Loads
}

// Read looks for next-auth in the JavaScript that the Node.js server loads from a build.
// It follows no link out of the build. The error may be an *Error.
func (b *Build) Read() (*Content, error) {
	root, err := os.OpenRoot(filepath.Join(b.Dir, filepath.FromSlash(b.Dist)))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	r := &reader{elsewhere: elsewhere(root)}
	if there, err := safefile.IsDir(root, serverDir); err != nil {
		return nil, newError(root, serverDir, err)
	} else if there {
		if err := r.enter(root, serverDir, false, 0); err != nil {
			return nil, err
		}
	}
	c := &r.content
	c.Bundled = r.clients+len(c.Unpatched) > 0 || len(r.logging) > 0
	c.Patched = len(c.Unpatched) == 0 && (r.clients > 0 || c.Revision > 0)
	if !c.Patched && len(c.Unpatched) == 0 {
		c.Unpatched = r.logging
	}
	c.Alone = r.shared && !r.own && !c.Loads && !c.Route && c.Revision == 0
	return c, nil
}

// serverDir is where a build has the JavaScript for the server.
const serverDir = "server"

// elsewhere returns the files that an edge runtime loads, as the build's manifest lists
// them. Without a manifest there are none.
func elsewhere(root *os.Root) map[string]bool {
	type function struct{ Files []string }
	var manifest struct{ Middleware, Functions map[string]function }
	files := map[string]bool{}
	data, err := safefile.ReadIn(root, serverDir+"/middleware-manifest.json", maxManifest)
	if err != nil || json.Unmarshal(data, &manifest) != nil {
		return files
	}
	for _, functions := range []map[string]function{manifest.Middleware, manifest.Functions} {
		for _, f := range functions {
			for _, name := range f.Files {
				files[name] = true
			}
		}
	}
	return files
}

// reader reads one build.
type reader struct {
	content   Content
	clients   int             // that are set up with the patch
	logging   []string        // files that log the event of a release line
	shared    bool            // whether a shared package was found
	own       bool            // whether next-auth itself was
	elsewhere map[string]bool // files that an edge runtime loads
	files     int
	bytes     int64
	buffer    []byte // for the next file
}

// edge are directories and files that an edge runtime loads, not the Node.js server.
var edge = []string{"server/edge", "server/edge-chunks", "server/middleware.js", "server/src/middleware.js"}

// packages has packages of their own.
const packages = "server/node_modules"

// route is in the path of next-auth's endpoints, because next-auth needs the parameter.
const route = "[...nextauth]"

// scripts are the extensions of files with a bundler's code. Next.js uses the first.
var scripts = []string{".js", ".mjs", ".cjs"}

// enter reads a directory of the build, through a root of its own: to open a file by
// its name alone takes the system one step. isEdge says that an edge runtime loads it.
func (r *reader) enter(above *os.Root, name string, isEdge bool, depth int) error {
	if depth > maxDepth {
		return newError(above, path.Base(name), errTooDeep)
	}
	dir, err := above.OpenRoot(path.Base(name))
	if err != nil {
		return newError(above, path.Base(name), err)
	}
	defer dir.Close()
	entries, err := fs.ReadDir(dir.FS(), ".")
	if err != nil {
		return newError(dir, ".", err)
	}
	for _, entry := range entries {
		below := path.Join(name, entry.Name())
		isEdge := isEdge || r.elsewhere[below] || slices.Contains(edge, below)
		switch {
		case below == packages:
		case entry.IsDir():
			err = r.enter(dir, below, isEdge, depth+1)
		case slices.Contains(scripts, path.Ext(below)):
			err = r.read(dir, entry.Name(), below, isEdge)
		case entry.Type()&fs.ModeSymlink != 0:
			err = checkLink(dir, entry.Name())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkLink refuses a link to a directory, because it may lead in a circle.
func checkLink(dir *os.Root, name string) error {
	info, err := dir.Stat(name)
	if err == nil && info.IsDir() {
		err = errLinked
	}
	if err == nil || safefile.Absent(err) {
		return nil
	}
	return newError(dir, name, err)
}

// read reads one file.
func (r *reader) read(dir *os.Root, base, name string, isEdge bool) error {
	if r.files++; r.files > maxFiles {
		return newError(dir, base, errManyFiles)
	}
	text, err := safefile.ReadInto(r.buffer, dir, base, maxFile)
	if err != nil {
		return newError(dir, base, err)
	}
	r.buffer = text
	if r.bytes += int64(len(text)); r.bytes > maxBytes {
		return newError(dir, base, errManyBytes)
	}
	names, part := mentions(text)
	r.content.Part = r.content.Part || part
	r.own = r.own || slices.ContainsFunc(known, func(s signs) bool { return s.shared() && s.own.isIn(text) })
	if !isEdge {
		r.content.load(names)
		r.judge(text, name)
	}
	return nil
}

// load adds names by which the build loads next-auth.
func (c *Content) load(names []string) {
	for _, name := range names {
		if at, known := slices.BinarySearch(c.Names, name); !known {
			c.Names = slices.Insert(c.Names, at, name)
		}
	}
	c.Loads = len(c.Names) > 0
}

// judge looks for next-auth in one file.
func (r *reader) judge(text []byte, name string) {
	c := &r.content
	c.Route = c.Route || strings.Contains(name, route)
	for i := range known {
		patched, unpatched := known[i].count(text)
		logs := known[i].logs(text)
		r.clients += patched
		if unpatched > 0 {
			c.Unpatched = append(c.Unpatched, name)
		}
		if logs && !slices.Contains(r.logging, name) { // two lines have one event
			r.logging = append(r.logging, name)
		}
		if found := patched+unpatched > 0 || logs; found && known[i].shared() {
			r.shared = true
		} else if found {
			r.own = true
		}
	}
	if found := revision(text); found > 0 && (c.Revision == 0 || found < c.Revision) {
		c.Revision = found
	}
}
