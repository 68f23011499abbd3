package detect

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/pnp"
)

// PlugAndPlay says how yarn's Plug'n'Play loads a copy.
type PlugAndPlay struct {
	Loader string // the file that makes Node.js find packages
	Dir    string // the copy's directory as Node.js names it, which need not exist
	Files  fs.FS  // the files, if they are in an archive; nil if they are in the copy's Dir
}

// plugged finds packages as yarn's Plug'n'Play does.
type plugged struct {
	*pnp.Map
	files map[string]fs.FS // of what is in an archive, by its directory
}

// readPlugged reads the nearest files of Plug'n'Play; nil if there are none.
func (w *Workspace) readPlugged() (*plugged, error) {
	for _, dir := range w.chain {
		m, err := pnp.Read(dir)
		if broken, is := errors.AsType[*pnp.Error](err); is {
			return nil, fmt.Errorf("%w in %s, which %w", ErrPlugAndPlay, w.Display(broken.Path), broken.Err)
		}
		if found, err := there(err); err != nil {
			return nil, err
		} else if found {
			return &plugged{m, map[string]fs.FS{}}, nil
		}
	}
	return nil, nil
}

// open returns the files of a package that is in an archive; nil if it is not. The error
// wraps ErrNotFound if the archive or the directory is not there yet.
func (p *plugged) open(pkg *pnp.Package) (fs.FS, error) {
	if files, known := p.files[pkg.Dir]; known {
		return files, nil
	}
	files, err := pnp.Open(pkg.Dir)
	if files == nil && err == nil {
		var is bool
		if is, err = isDir(pkg.Dir); !is && err == nil {
			err = &pnp.Error{Path: pkg.Dir, Err: pnp.ErrNoFiles}
		}
	}
	if errors.Is(err, pnp.ErrNoFiles) {
		return nil, fmt.Errorf("%w can be loaded: %w", ErrNotFound, err)
	}
	if err == nil {
		p.files[pkg.Dir] = files
	}
	return files, err
}

// manifest reads the package.json of a package.
func (p *plugged) manifest(pkg *pnp.Package) (*manifest, error) {
	files, err := p.open(pkg)
	if err != nil {
		return nil, err
	}
	m, err := readManifestIn(pkg.Dir, files)
	if isAbsent(err) {
		err = &ManifestError{filepath.Join(pkg.Dir, "package.json"), errMissing}
	}
	return m, err
}

// agent returns the https-proxy-agent that a package loads. name is the package's own.
func (p *plugged) agent(pkg *pnp.Package, name string) (Agent, error) {
	agent := p.Resolve(pkg, agentName)
	if agent == nil {
		return Agent{Problem: "is not installed where " + name + " can load it"}, nil
	}
	m, err := p.manifest(agent)
	if unusable(err) {
		return Agent{Dir: agent.Dir, Problem: fmt.Sprintf("has no usable package.json (%v)", err)}, nil
	}
	if err != nil {
		return Agent{}, err
	}
	return judge(agent.Dir, m.Version), nil
}

// placeOf returns the real path of a directory, which may be in an archive.
func placeOf(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	archive, inside, err := pnp.Split(abs)
	if archive == "" || err != nil {
		return realPath(path)
	}
	real, err := realPath(archive)
	return filepath.Join(real, filepath.FromSlash(inside)), err
}

// findPlugged finds the copies that Plug'n'Play loads, if the project uses it.
func (s *scan) findPlugged() (err error) {
	if s.plugged, err = s.ws.readPlugged(); s.plugged == nil || err != nil {
		return err
	}
	for _, pkg := range s.plugged.Loaded() {
		if mayBeNextAuth(pkg) {
			if err := s.addPlugged(pkg); err != nil {
				return err
			}
		}
	}
	for _, p := range s.ws.Packages {
		s.reachPlugged(p)
	}
	return s.findPluggedStrays()
}

// mayBeNextAuth reports whether a package may be next-auth. With a patch, an alias is a
// package with a name of its own, and only the reference names next-auth.
func mayBeNextAuth(pkg *pnp.Package) bool {
	return pkg.Name == line.NextAuth || strings.Contains(pkg.Reference, line.NextAuth)
}

// addPlugged adds the copy that a next-auth loads, unless it is known.
func (s *scan) addPlugged(pkg *pnp.Package) error {
	m, err := s.plugged.manifest(pkg)
	if err != nil || m.Name != line.NextAuth && pkg.Name != line.NextAuth {
		return err
	}
	files, release, holder := pkg, m.Version, Holder{}
	if of, unsupported := line.Of(release); unsupported == nil && of.Package != line.NextAuth {
		if held := s.plugged.Resolve(pkg, of.Package); held != nil {
			if m, err = s.plugged.manifest(held); err != nil {
				return err
			}
			files, holder = held, Holder{of.Package, m.Version}
		}
	}
	c, err := s.describePlugged(files, &Install{Name: m.Name, Release: release, Holder: holder})
	if err != nil {
		return err
	}
	at := slices.IndexFunc(s.copies, func(known *Install) bool { return known.Dir == c.Dir })
	if at < 0 {
		s.copies = append(s.copies, c)
	} else {
		s.copies[at].join(c)
		c = s.copies[at]
	}
	c.addLoader(loader{pkg.Dir, release})
	s.looked[pkg.Location] = c
	return nil
}

// join adds what another set of peers makes of the same files. If its https-proxy-agent
// does not work, the copy does not.
func (i *Install) join(other *Install) {
	if i.Agent.Usable() && !other.Agent.Usable() {
		i.Agent, i.PnP = other.Agent, other.PnP
	}
}

// describePlugged fills in what depends on where the files of a copy are.
func (s *scan) describePlugged(pkg *pnp.Package, c *Install) (*Install, error) {
	files, err := s.plugged.open(pkg)
	if err != nil {
		return nil, err
	}
	c.Dir, c.Path, c.users = pkg.Dir, s.ws.Display(pkg.Dir), map[string]bool{}
	c.PnP = &PlugAndPlay{filepath.Join(s.plugged.Dir, pnp.Loader), pkg.Location, files}
	c.Shared = keptByYarn
	c.Agent, err = s.plugged.agent(pkg, c.Package())
	return c, err
}

var keptByYarn = &SharedError{"yarn's Plug'n'Play keeps it outside of node_modules, where only yarn may change it", ToNodeModules, true}

// ToNodeModules says how to use node_modules instead of Plug'n'Play.
var ToNodeModules = hint.Join(hint.Text("set nodeLinker: node-modules in .yarnrc.yml, run "), hint.Run("yarn install"), hint.Text(", then "), hint.Run("proxypatch"))

// reachPlugged finds the copies that a package of the workspace loads.
func (s *scan) reachPlugged(p Package) {
	from := s.plugged.At(p.Dir)
	if from == nil {
		return
	}
	names := []string{line.NextAuth}
	for name, wanted := range p.Dependencies {
		if strings.HasPrefix(wanted, aliasPrefix) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		pkg := s.plugged.Resolve(from, name)
		if pkg == nil || s.looked[pkg.Location] == nil {
			continue
		}
		c := s.looked[pkg.Location]
		c.users[p.Dir] = true
		if _, declared := p.Dependencies[name]; declared {
			c.Reached = append(c.Reached, Reach{s.ws.Display(pkg.Dir), s.ws.Label(p)})
		}
	}
}

// findPluggedStrays does what findStrays does.
func (s *scan) findPluggedStrays() error {
	for _, p := range s.ws.Packages {
		for _, c := range s.copies {
			name := c.Holder.Name
			if _, named := p.Dependencies[name]; name == "" || !named || !c.users[p.Dir] || p.Linked {
				continue
			}
			pkg := s.plugged.Resolve(s.plugged.At(p.Dir), name)
			if pkg == nil || slices.ContainsFunc(s.copies, func(known *Install) bool { return known.Dir == pkg.Dir }) {
				continue
			}
			m, err := s.plugged.manifest(pkg)
			if err != nil {
				return err
			}
			stray, err := s.describePlugged(pkg, &Install{Name: m.Name, Release: c.Release, Holder: Holder{name, m.Version}})
			if err != nil {
				return err
			}
			s.stray(stray, p)
		}
	}
	return nil
}

// sourceOfPluggedAgent does what SourceOfAgent does.
func (p *Project) sourceOfPluggedAgent(c *Install) (AgentSource, error) {
	if pkg := p.graph.at(c.PnP.Dir); pkg == nil || pkg.Depends(agentName) {
		return AgentSource{}, nil // as with packageExtensions
	}
	return p.sourceOf(c.Agent.Dir)
}
