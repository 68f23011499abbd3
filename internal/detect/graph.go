package detect

import (
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/pnp"
)

// graph knows which package loads which, as Node.js resolves their names. It reads
// only the manifests that are reachable from one package: the whole graph would need
// the manifest of every installed package.
type graph struct {
	plugged *plugged            // if Plug'n'Play resolves the names; nil otherwise
	needs   map[string][]string // the directories of a package's dependencies, by the package's directory
	real    map[string]string   // real directories by path; empty if there is none
}

func newGraph() *graph { return &graph{needs: map[string][]string{}, real: map[string]string{}} }

// closure returns the directories with the files of everything that a package of the
// workspace may load: its dependencies, theirs, and so on.
func (g *graph) closure(p Package) (map[string]bool, error) {
	found, seen := map[string]bool{}, map[string]bool{}
	open, err := g.resolveAll(p.Dir, slices.Collect(maps.Keys(p.Dependencies)))
	for len(open) > 0 && err == nil {
		dir := open[len(open)-1]
		open = open[:len(open)-1]
		if !seen[dir] {
			seen[dir], found[g.filesOf(dir)] = true, true
			var needs []string
			needs, err = g.needsOf(dir)
			open = append(open, needs...)
		}
	}
	return found, err
}

// needsOf returns the directories of a package's dependencies.
func (g *graph) needsOf(dir string) ([]string, error) {
	if needs, known := g.needs[dir]; known {
		return needs, nil
	}
	names, err := g.names(dir)
	if err != nil {
		return nil, err
	}
	needs, err := g.resolveAll(dir, names)
	g.needs[dir] = needs
	return needs, err
}

// names returns the names of the packages that the package in a directory may load.
func (g *graph) names(dir string) ([]string, error) {
	if pkg := g.at(dir); pkg != nil {
		return pkg.Names(), nil
	}
	m, _, err := readProject(dir)
	if err != nil {
		return nil, err
	}
	return m.loads(installed(dir)), nil
}

// at returns the package in a directory as Plug'n'Play knows it; nil without Plug'n'Play.
func (g *graph) at(dir string) *pnp.Package {
	if g.plugged == nil {
		return nil
	}
	return g.plugged.At(dir)
}

// filesOf returns the directory with the files of a package. For Plug'n'Play, the graph
// has a directory for each set of peers.
func (g *graph) filesOf(dir string) string {
	if pkg := g.at(dir); pkg != nil {
		return pkg.Dir
	}
	return dir
}

// manifest reads the package.json of an installed package.
func (g *graph) manifest(dir string) (*manifest, error) {
	if pkg := g.at(dir); pkg != nil {
		return g.plugged.manifest(pkg)
	}
	return readManifest(dir)
}

// loads returns the names of the packages that a package may load. Its
// devDependencies exist only if it is linked and not installed.
func (m *projectManifest) loads(installed bool) []string {
	all := []map[string]string{m.Dependencies, m.OptionalDependencies, m.PeerDependencies}
	if !installed {
		all = append(all, m.DevDependencies)
	}
	var names []string
	for _, some := range all {
		names = slices.AppendSeq(names, maps.Keys(some))
	}
	return names
}

func (g *graph) resolveAll(from string, names []string) ([]string, error) {
	var dirs []string
	for _, name := range names {
		dir, err := g.resolve(from, name)
		if err != nil {
			return nil, err
		}
		if dir != "" {
			dirs = append(dirs, dir)
		}
	}
	return dirs, nil
}

// resolve returns the real directory of the package that Node.js finds by a name from
// a directory; empty if there is none.
func (g *graph) resolve(from, name string) (string, error) {
	if pkg := g.at(from); pkg != nil {
		if to := g.plugged.Resolve(pkg, name); to != nil {
			return to.Location, nil
		}
		return "", nil
	}
	for modules := range modulesAbove(from) {
		real, err := g.realDir(filepath.Join(modules, filepath.FromSlash(name)))
		if real != "" || err != nil {
			return real, err
		}
	}
	return "", nil
}

// modulesAbove yields each node_modules in which Node.js looks for the packages that
// are loaded from a directory: its own, then those of its parents. Node.js does not look
// in node_modules/node_modules.
func modulesAbove(dir string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for at := dir; ; at = filepath.Dir(at) {
			if filepath.Base(at) != "node_modules" && !yield(filepath.Join(at, "node_modules")) {
				return
			}
			if at == filepath.Dir(at) {
				return
			}
		}
	}
}

// realDir returns the real path of a directory; empty if there is none.
func (g *graph) realDir(path string) (string, error) {
	if real, known := g.real[path]; known {
		return real, nil
	}
	real := ""
	is, err := isDir(path)
	if is {
		real, _, err = follow(path) // another process may have removed it
	}
	if err != nil {
		return "", err
	}
	g.real[path] = real
	return real, nil
}

// installed reports whether a package manager put a package where it is.
func installed(dir string) bool {
	return slices.Contains(strings.Split(filepath.ToSlash(dir), "/"), "node_modules")
}
