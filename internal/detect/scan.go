package detect

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

// scan collects the copies of next-auth in a workspace. It goes where package
// managers put packages, and nowhere else: into the node_modules of the
// workspace's packages, into those of the packages in there, and into the
// entries for next-auth of the stores that isolating package managers keep. So
// it costs by the number of packages, whatever the number of their files.
type scan struct {
	ws     *Workspace
	own    []string // real directories that belong to the project
	copies []*Install
	infos  []fs.FileInfo       // of the copies' directories
	looked map[string]*Install // what is at a path, nil if nothing
	behind map[string]bool     // real directories that were entered by a link
	empty  map[string]bool     // directories without node_modules
}

func newScan(ws *Workspace) *scan {
	return &scan{ws: ws, looked: map[string]*Install{}, behind: map[string]bool{}, empty: map[string]bool{}}
}

func (s *scan) run() error {
	s.findOwn()
	for i := range s.ws.Packages {
		if dir := s.ws.Packages[i].Dir; !s.empty[dir] {
			if err := s.modules(filepath.Join(dir, "node_modules")); err != nil {
				return err
			}
		}
	}
	for i := range s.ws.Packages {
		if err := s.reach(&s.ws.Packages[i]); err != nil {
			return err
		}
	}
	return nil
}

// findOwn fills in what belongs to the project: its packages and the
// node_modules of the directories above, which may be links, as some images
// have it. It also learns which packages have no node_modules.
func (s *scan) findOwn() {
	chain, packages := s.ws.chain, s.ws.Packages
	// Some tools install beside the packages, in the same repository. One that is
	// all of the home directory holds other projects too.
	if len(chain) > 0 {
		if top := chain[len(chain)-1]; exists(filepath.Join(top, ".git")) && top != homeDir() {
			s.own = append(s.own, top)
		}
	}
	dirs := slices.Clone(chain)
	for _, p := range packages {
		dirs = append(dirs, p.Dir)
		if !p.Linked { // else it is the project's only if it lies in it
			s.own = append(s.own, p.Dir)
		}
	}
	modes := make([]fs.FileMode, len(dirs))
	parallel(len(dirs), func(i int) {
		modes[i] = modeOf(filepath.Join(dirs[i], "node_modules"))
	})
	for i, dir := range dirs {
		s.empty[dir] = modes[i] == 0
		if modes[i] == 0 || i >= len(chain) && (!mayBeLink(modes[i]) || packages[i-len(chain)].Linked) {
			continue
		}
		if real, err := realPath(filepath.Join(dir, "node_modules")); there(err) {
			s.own = append(s.own, real)
		}
	}
}

// stores are the directories in which isolating package managers keep the
// packages that they link to: pnpm's, that of npm and yarn, and bun's.
var stores = []string{".pnpm", ".store", ".bun"}

// module is one package in a node_modules.
type module struct {
	path, name string
	link       bool
	nested     fs.FileMode // that of the node_modules of its own; 0 if it has none
	likely     bool        // it has the file by which next-auth is known under any name
}

// modules looks through one node_modules.
func (s *scan) modules(dir string) error {
	modules, err := s.list(dir, "")
	if err != nil {
		return err
	}
	parallel(len(modules), func(i int) {
		if m := &modules[i]; !m.link {
			m.nested = modeOf(filepath.Join(m.path, "node_modules"))
			m.likely = exists(filepath.Join(m.path, "core", "lib", "oauth", "client.js"))
		}
	})
	for _, m := range modules {
		if err := s.module(m); err != nil {
			return err
		}
	}
	return nil
}

// list returns the packages in a node_modules or, with its name and a slash, in
// one scope there. On the way it looks into stores.
func (s *scan) list(dir, scope string) ([]module, error) {
	entries, err := readDir(dir)
	if err != nil {
		return nil, err
	}
	var modules []module
	for _, entry := range entries {
		name := entry.Name()
		path := filepath.Join(dir, name)
		switch {
		case slices.Contains(stores, name):
			err = s.store(path)
		case name[0] == '.': // .bin, .cache and the like
		case name[0] == '@' && scope == "" && mayBeLink(entry.Type()) && !s.enter(path):
		case name[0] == '@' && scope == "":
			var scoped []module
			scoped, err = s.list(path, name+"/")
			modules = append(modules, scoped...)
		case entry.IsDir() || mayBeLink(entry.Type()):
			modules = append(modules, module{path: path, name: scope + name, link: !entry.IsDir()})
		}
		if err != nil {
			return nil, err
		}
	}
	return modules, nil
}

// module looks at one package. Links are followed for next-auth alone: what
// others lead to is a package of the workspace, linked to or in a store, and
// found there.
func (s *scan) module(m module) error {
	if m.name == "next-auth" || m.likely && isNextAuth(m.path) {
		if _, err := s.add(m.path); err != nil {
			return err
		}
	}
	nested := filepath.Join(m.path, "node_modules")
	if m.nested == 0 || mayBeLink(m.nested) && !s.enter(nested) {
		return nil
	}
	return s.modules(nested)
}

// enter reports whether to go through a link. Where it leads to is entered once,
// or links in a circle would be followed for ever.
func (s *scan) enter(link string) bool {
	real, err := realPath(link)
	if !there(err) || s.behind[real] {
		return false
	}
	s.behind[real] = true
	return true
}

// isNextAuth reports whether next-auth stands in a directory of any name.
func isNextAuth(path string) bool {
	m, err := readManifest(path)
	return !unusable(err) && there(err) && m.Name == "next-auth"
}

// store looks for next-auth among the entries of a store. Each package manager
// has its own place for the package in an entry.
func (s *scan) store(dir string) error {
	entries, err := readDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !isEntry(entry.Name()) {
			continue
		}
		at := filepath.Join(dir, entry.Name())
		path := filepath.Join(at, "node_modules", "next-auth")
		if yarns := filepath.Join(at, "package"); isNextAuth(yarns) {
			path = yarns
		}
		c, err := s.add(path)
		if err != nil {
			return err
		}
		if c != nil && filepath.Base(dir) == ".bun" && mayBeLink(entry.Type()) {
			c.Shared = inBunsStore
		}
	}
	return nil
}

// isEntry reports whether a store's entry of this name may hold next-auth. Long
// names are cut off, at a place that can be configured, and end in "_" and a
// hash.
func isEntry(name string) bool {
	if strings.HasPrefix(name, "next-auth") {
		return true
	}
	at := strings.LastIndexByte(name, '_')
	return at >= 0 && strings.HasPrefix("next-auth", name[:at])
}

// add takes in the copy at path, unless there is none or it is known. It
// returns the copy if there is one. A directory called next-auth has to be one: if
// its package.json is missing, the error is a *ManifestError.
func (s *scan) add(path string) (*Install, error) {
	c, known := s.looked[path]
	if known {
		return c, nil
	}
	c, err := s.look(path)
	s.looked[path] = c
	return c, err
}

var errMissing = errors.New("is missing, but the directory is there")

func (s *scan) look(path string) (*Install, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return nil, ignoreAbsent(err)
	}
	for i, known := range s.infos {
		if os.SameFile(known, info) {
			return s.copies[i], nil
		}
	}
	m, err := readManifest(path)
	if err != nil {
		if err = ignoreAbsent(err); err == nil && filepath.Base(path) == "next-auth" { // Node.js loads what is there without it
			err = &ManifestError{filepath.Join(path, "package.json"), errMissing}
		}
		return nil, err
	}
	dir, err := realPath(path)
	if err != nil {
		return nil, err
	}
	c := &Install{info: info, users: map[*Package]bool{}, Path: s.ws.Display(path), Dir: dir, Name: m.Name, Release: m.Version, Agent: ResolveAgent(dir)}
	c.Shared = s.shared(dir)
	c.Native = s.patchedByPnpm(c)
	s.copies, s.infos = append(s.copies, c), append(s.infos, info)
	return c, nil
}

// patchedByPnpm reports whether pnpm has a patch of its own on a copy: it says so
// in the name of the store's entry or, where that is cut off, in the settings.
func (s *scan) patchedByPnpm(c *Install) bool {
	entry := filepath.Dir(filepath.Dir(c.Dir))
	switch {
	case filepath.Base(filepath.Dir(entry)) != ".pnpm":
		return false
	case strings.Contains(filepath.Base(entry), "patch_hash="):
		return true
	}
	return !strings.HasPrefix(filepath.Base(entry), "next-auth@"+c.Release) && pnpmPatches(s.ws.Root().Dir)
}

// globalStore matches where pnpm's global virtual store keeps next-auth:
// <store>/links/<scope>/next-auth/<version>/<hash>/node_modules/next-auth, where
// the first releases of pnpm 10 have no scope.
var globalStore = lazyregexp.Compile(`/links/(?:[^/]+/)?next-auth/[^/]+/[^/]+/node_modules/next-auth$`)

var (
	inPnpmsStore = &SharedError{
		"it stands in pnpm's global virtual store, which other projects share",
		"set enableGlobalVirtualStore: false in pnpm-workspace.yaml, run rm -rf node_modules && pnpm install, then proxypatch",
	}
	inBunsStore = &SharedError{
		"it stands in bun's global store, which other projects share",
		"set globalStore = false under [install] in bunfig.toml, run bun install --force, then proxypatch",
	}
)

// shared says why what is written to a copy would be written to other projects
// as well.
func (s *scan) shared(dir string) *SharedError {
	switch {
	case globalStore().MatchString(filepath.ToSlash(dir)):
		return inPnpmsStore
	case s.isOwn(dir):
		return nil
	}
	return &SharedError{"its directory lies outside the project, in " + dir, "install next-auth in the project itself instead of linking to it"}
}

func (s *scan) isOwn(dir string) bool {
	return slices.ContainsFunc(s.own, func(own string) bool { return within(dir, own) })
}

// readDir lists a directory in no order. What is no directory is empty, and so is
// a link to itself.
func readDir(dir string) ([]fs.DirEntry, error) {
	entries, err := safefile.ReadDir(dir)
	if errors.Is(err, syscall.ELOOP) {
		return nil, nil
	}
	return entries, ignoreAbsent(err)
}

// parallel calls do with every number below n, on all processors. What the
// system refuses to one of them, it refuses to all.
func parallel(n int, do func(i int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	errs := make([]error, min(n, runtime.GOMAXPROCS(0)))
	for worker := range errs {
		workers.Go(func() {
			defer catch(&errs[worker])
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	workers.Wait()
	there(errors.Join(errs...))
}

func exists(path string) bool { return modeOf(path) != 0 }

// modeOf returns the mode of what is at a path, which is never 0, or 0 if there
// is nothing.
func modeOf(path string) fs.FileMode {
	info, err := os.Lstat(path)
	if !there(err) {
		return 0
	}
	return info.Mode() | 1
}
