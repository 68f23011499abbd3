package detect

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/line"
)

// scan collects the copies of next-auth in a workspace. It searches the node_modules of
// the workspace's packages, nested node_modules, and the entries for next-auth in stores.
// Package managers put packages nowhere else. So the cost grows with the number of
// packages, not of files.
type scan struct {
	ws     *Workspace
	own    []string // real directories that belong to the project
	copies []*Install
	strays []*Install
	seen   []seen              // each next-auth that was found
	looked map[string]*Install // the copy at a path, nil if there is none
	behind map[string]bool     // real directories that were entered by a link
	empty  map[string]bool     // directories without node_modules

	plugged *plugged // if Plug'n'Play loads the packages; nil otherwise
}

// seen is a directory of next-auth with the copy that it loads.
type seen struct {
	info fs.FileInfo
	copy *Install
}

func newScan(ws *Workspace) *scan {
	return &scan{ws: ws, looked: map[string]*Install{}, behind: map[string]bool{}, empty: map[string]bool{}}
}

func (s *scan) run() error {
	if err := s.findOwn(); err != nil {
		return err
	}
	for _, p := range s.ws.Packages {
		if !s.empty[p.Dir] {
			if err := s.modules(filepath.Join(p.Dir, "node_modules")); err != nil {
				return err
			}
		}
	}
	for _, p := range s.ws.Packages {
		if err := s.reach(p); err != nil {
			return err
		}
	}
	if len(s.copies) == 0 {
		return s.findPlugged()
	}
	return s.findStrays()
}

// findOwn collects the directories that belong to the project: its packages and the
// node_modules of the directories above, which are links in some images. It also learns
// which packages have no node_modules.
func (s *scan) findOwn() error {
	if err := s.ownRepository(); err != nil {
		return err
	}
	modes, err := s.modesOfModules(s.ws.chain)
	if err != nil {
		return err
	}
	for i, dir := range s.ws.chain {
		if modes[i] != 0 {
			if err := s.ownModules(dir); err != nil {
				return err
			}
		}
	}
	return s.ownPackages()
}

// ownRepository adds the repository around the project, because some tools install
// beside the packages. If the repository is the whole home directory, it also holds
// other projects.
func (s *scan) ownRepository() error {
	if len(s.ws.chain) == 0 {
		return nil
	}
	top := s.ws.chain[len(s.ws.chain)-1]
	found, err := exists(filepath.Join(top, ".git"))
	if found && top != homeDir() {
		s.own = append(s.own, top)
	}
	return err
}

// ownPackages adds the packages, and the targets of node_modules that are links. A
// linked package belongs to the project only if it is inside one of these directories.
func (s *scan) ownPackages() error {
	dirs := make([]string, len(s.ws.Packages))
	for i, p := range s.ws.Packages {
		dirs[i] = p.Dir
	}
	modes, err := s.modesOfModules(dirs)
	if err != nil {
		return err
	}
	for i, p := range s.ws.Packages {
		if p.Linked {
			continue
		}
		s.own = append(s.own, p.Dir)
		if mayBeLink(modes[i]) {
			if err := s.ownModules(p.Dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// ownModules adds the real path of a directory's node_modules.
func (s *scan) ownModules(dir string) error {
	real, found, err := follow(filepath.Join(dir, "node_modules"))
	if found {
		s.own = append(s.own, real)
	}
	return err
}

// modesOfModules returns the mode of each directory's node_modules, 0 if it has none.
func (s *scan) modesOfModules(dirs []string) ([]fs.FileMode, error) {
	modes := make([]fs.FileMode, len(dirs))
	err := Parallel(len(dirs), func(i int) (err error) {
		modes[i], err = modeOf(filepath.Join(dirs[i], "node_modules"))
		return err
	})
	for i, dir := range dirs {
		s.empty[dir] = modes[i] == 0
	}
	return modes, err
}

// stores are the directories in which isolating package managers keep the packages that
// they link to: first pnpm's, then npm's and yarn's, then bun's and Deno's.
var stores = []string{".pnpm", ".store", ".bun", ".deno"}

// module is one package in a node_modules.
type module struct {
	path, name string
	link       bool
	nested     fs.FileMode // of its own node_modules; 0 if it has none
	likely     bool        // it has a file of next-auth, so it may be next-auth under another name
}

// modules looks through one node_modules.
func (s *scan) modules(dir string) error {
	modules, err := s.list(dir, "")
	if err != nil {
		return err
	}
	err = Parallel(len(modules), func(i int) error { return modules[i].probe() })
	if err != nil {
		return err
	}
	for _, m := range modules {
		if err := s.module(m); err != nil {
			return err
		}
	}
	return nil
}

// probe looks into the package, unless it is a link.
func (m *module) probe() (err error) {
	if m.link {
		return nil
	}
	if m.nested, err = modeOf(inside(m.path, "node_modules")); err != nil {
		return err
	}
	for _, l := range line.All {
		if m.likely, err = exists(inside(m.path, filepath.FromSlash(l.Mark))); m.likely || err != nil {
			return err
		}
	}
	return nil
}

// inside joins a clean path and a name in it as filepath.Join does, which would clean them
// again. That would take a tenth of the search.
func inside(dir, name string) string { return dir + string(filepath.Separator) + name }

// list returns the packages in a node_modules directory or in one of its scopes, whose
// name then ends in a slash. It also searches stores.
func (s *scan) list(dir, scope string) ([]module, error) {
	entries, err := readDir(dir)
	var modules []module
	for _, entry := range entries {
		name := entry.Name()
		path := inside(dir, name)
		switch {
		case slices.Contains(stores, name):
			err = s.store(path)
		case name[0] == '.': // .bin, .cache and the like
		case name[0] == '@' && scope == "":
			var scoped []module
			scoped, err = s.scope(path, entry)
			modules = append(modules, scoped...)
		case entry.IsDir() || mayBeLink(entry.Type()):
			modules = append(modules, module{path: path, name: scope + name, link: !entry.IsDir()})
		}
		if err != nil {
			return nil, err
		}
	}
	return modules, err
}

// scope returns the packages in a scope of a node_modules.
func (s *scan) scope(dir string, entry fs.DirEntry) ([]module, error) {
	if mayBeLink(entry.Type()) {
		if enter, err := s.enter(dir); !enter {
			return nil, err
		}
	}
	return s.list(dir, entry.Name()+"/")
}

// module looks at one package. It follows only links that are called next-auth. Other
// links lead to packages of the workspace, to linked sources or into a store, which are
// searched anyway.
func (s *scan) module(m module) error {
	is := m.name == line.NextAuth
	if !is && m.likely {
		var err error
		if is, err = isNextAuth(m.path); err != nil {
			return err
		}
	}
	if is {
		if _, err := s.add(m.path); err != nil && !errors.Is(err, errNone) {
			return err
		}
	}
	return s.nested(m)
}

// nested looks through the node_modules of a package, if it has one.
func (s *scan) nested(m module) error {
	if m.nested == 0 {
		return nil
	}
	dir := filepath.Join(m.path, "node_modules")
	if mayBeLink(m.nested) {
		if enter, err := s.enter(dir); !enter {
			return err
		}
	}
	return s.modules(dir)
}

// enter reports whether to follow a link. Each target is entered only once, so that
// links in a circle come to an end.
func (s *scan) enter(link string) (bool, error) {
	real, found, err := follow(link)
	if !found || s.behind[real] {
		return false, err
	}
	s.behind[real] = true
	return true, nil
}

// isNextAuth reports whether the package in a directory of any name is next-auth.
func isNextAuth(path string) (bool, error) {
	m, err := readManifest(path)
	if unusable(err) {
		return false, nil
	}
	found, err := there(err)
	return found && m.Name == line.NextAuth, err
}

// store looks for next-auth among the entries of a store. Each package manager
// has its own place for the package in an entry.
func (s *scan) store(dir string) error {
	entries, err := readDir(dir)
	for _, entry := range entries {
		if !isEntry(entry.Name()) {
			continue
		}
		path, err := packageIn(filepath.Join(dir, entry.Name()))
		if err != nil {
			return err
		}
		if _, err := s.add(path); err != nil && !errors.Is(err, errNone) {
			return err
		}
	}
	return err
}

// packageIn returns where next-auth is in an entry of a store, if it is there.
func packageIn(entry string) (string, error) {
	yarns := filepath.Join(entry, "package")
	if is, err := isNextAuth(yarns); is || err != nil {
		return yarns, err
	}
	return filepath.Join(entry, "node_modules", line.NextAuth), nil
}

// isEntry reports whether a store's entry of this name may hold next-auth. Long names
// are cut off at a configurable length, and end in "_" and a hash.
func isEntry(name string) bool {
	if strings.HasPrefix(name, line.NextAuth) {
		return true
	}
	at := strings.LastIndexByte(name, '_')
	return at >= 0 && strings.HasPrefix(line.NextAuth, name[:at])
}

// errNone says that there is no package at a path.
var errNone = errors.New("no package")

// add adds the copy at path, unless it is known, and returns it. The error is errNone
// if there is none. If a directory called next-auth has no package.json, the error is a
// *ManifestError.
func (s *scan) add(path string) (*Install, error) {
	c, known := s.looked[path]
	if !known {
		var err error
		if c, err = s.look(path); err != nil && !errors.Is(err, errNone) {
			return nil, err
		}
		s.looked[path] = c
	}
	if c == nil {
		return nil, errNone
	}
	return c, nil
}

var errMissing = errors.New("is missing, but its directory exists")

// look does what add does for a path that is new.
func (s *scan) look(path string) (*Install, error) {
	info, err := system.stat(path)
	if isAbsent(err) || err == nil && !info.IsDir() {
		return nil, errNone
	}
	if err != nil {
		return nil, err
	}
	for _, known := range s.seen {
		if os.SameFile(known.info, info) {
			return known.copy, nil
		}
	}
	for _, c := range s.copies { // what next-auth should load is a next-auth itself
		if os.SameFile(c.info, info) {
			return c, nil
		}
	}
	m, err := readManifest(path)
	if isAbsent(err) && filepath.Base(path) == line.NextAuth {
		return nil, withoutManifest(path)
	}
	if isAbsent(err) {
		return nil, errNone
	}
	if err != nil {
		return nil, err
	}
	c, err := s.found(path, info, m)
	if err != nil {
		return nil, err
	}
	s.seen = append(s.seen, seen{info, c})
	return c, nil
}

// withoutManifest returns the error for a directory of next-auth without package.json. It
// is a *ManifestError, because Node.js would still load it, unless another process has
// removed the directory.
func withoutManifest(dir string) error {
	if is, err := isDir(dir); !is {
		return cmp.Or(err, errNone)
	}
	return &ManifestError{filepath.Join(dir, "package.json"), errMissing}
}

// found returns the copy that the next-auth at path loads: a new one, or one that another
// next-auth loads too. The error is errNone if it is gone.
func (s *scan) found(path string, info fs.FileInfo, m *manifest) (*Install, error) {
	dir, err := realPath(path)
	if isAbsent(err) { // another process has removed it
		return nil, errNone
	}
	if err != nil {
		return nil, err
	}
	known, c, err := false, (*Install)(nil), errNone
	if of, unsupported := line.Of(m.Version); unsupported == nil && m.Name == line.NextAuth && of.Package != line.NextAuth {
		c, known, err = s.held(m.Version, of.Package, dir)
	}
	if errors.Is(err, errNone) {
		c = &Install{Path: s.ws.Display(path), Dir: dir, Name: m.Name, Release: m.Version, info: info}
		err = s.describe(c)
	}
	if err != nil {
		return nil, err
	}
	c.addLoader(loader{dir, m.Version})
	if !known {
		s.copies = append(s.copies, c)
	}
	return c, nil
}

// describe fills in what depends on where the files of a copy are.
func (s *scan) describe(c *Install) (err error) {
	if c.Agent, err = resolveAgent(c.Dir, c.Package()); err != nil {
		return err
	}
	if c.Native, err = s.patchedByPnpm(c); err != nil {
		return err
	}
	c.Shared, c.users = s.shared(c), map[string]bool{}
	return nil
}

// patchedByPnpm reports whether pnpm has patched the copy itself. The name of the store's
// entry says so or, if that is cut off, the settings do.
func (s *scan) patchedByPnpm(c *Install) (bool, error) {
	entry := entryOf(c)
	name := filepath.Base(entry)
	switch {
	case filepath.Base(filepath.Dir(entry)) != ".pnpm":
		return false, nil
	case strings.Contains(name, "patch_hash="):
		return true, nil
	case strings.HasPrefix(name, flat(c.Package())+"@"+c.Version()):
		return false, nil
	}
	return pnpmPatches(s.ws.Root().Dir, c.Package())
}

// entryOf returns the directory around the node_modules that a copy is in.
func entryOf(c *Install) string {
	modules := filepath.Dir(c.Dir)
	for range strings.Count(c.Package(), "/") {
		modules = filepath.Dir(modules)
	}
	return filepath.Dir(modules)
}

// inGlobalStore reports whether a directory is that of a package in pnpm's global virtual
// store: <store>/links/<scope>/<name>/<version>/<hash>/node_modules/<name>. The first
// releases of pnpm 10 have no scope there.
func inGlobalStore(dir, name string) bool {
	entry, ends := strings.CutSuffix(filepath.ToSlash(dir), "/node_modules/"+name)
	store, named := strings.CutSuffix(path.Dir(path.Dir(entry)), "/"+name)
	return ends && named && (path.Base(store) == "links" || path.Base(path.Dir(store)) == "links")
}

// inBunsGlobalStore reports whether a directory is that of a package in bun's global store:
// <cache>/links/<name>@<version>-<hash>/node_modules/<name>, with "+" for the "/" in a name.
func inBunsGlobalStore(dir, name string) bool {
	entry, ends := strings.CutSuffix(filepath.ToSlash(dir), "/node_modules/"+name)
	return ends && path.Base(path.Dir(entry)) == "links" && strings.HasPrefix(path.Base(entry), flat(name)+"@")
}

var (
	inPnpmsStore = &SharedError{
		"it is in pnpm's global virtual store, which other projects share",
		hint.Join(hint.Text("set enableGlobalVirtualStore: false in pnpm-workspace.yaml, run "), hint.Run("rm -rf node_modules && pnpm install"), hint.Text(", then run proxypatch again")),
		true,
	}
	inBunsStore = &SharedError{
		"it is in bun's global store, which other projects share",
		hint.Join(hint.Text("set globalStore = false under [install] in bunfig.toml, run "), hint.Run("bun install --force"), hint.Text(", then run proxypatch again")),
		true,
	}
)

// shared says why changing a copy would change other projects too; nil if it would not.
func (s *scan) shared(c *Install) *SharedError {
	switch {
	case inGlobalStore(c.Dir, c.Package()):
		return inPnpmsStore
	case inBunsGlobalStore(c.Dir, c.Package()):
		return inBunsStore
	case s.isOwn(c.Dir):
		return nil
	}
	return &SharedError{"its directory is outside the project, in " + c.Dir, hint.Text("install next-auth in the project itself instead of linking to it"), false}
}

func (s *scan) isOwn(dir string) bool {
	return slices.ContainsFunc(s.own, func(own string) bool { return within(dir, own) })
}
