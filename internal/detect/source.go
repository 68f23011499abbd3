package detect

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// AgentSource says which dependency of the project brings the https-proxy-agent that a
// copy loads.
type AgentSource struct {
	// By is the name of that dependency. It is empty if a package of the workspace depends
	// on https-proxy-agent itself, or if no dependency is known to bring it.
	By string
	// Dev says that only devDependencies bring it, so installs without them lack it.
	Dev bool
}

// IsAgent reports whether the project names https-proxy-agent itself, as a devDependency.
func (s AgentSource) IsAgent() bool { return s.By == agentName }

const agentName = "https-proxy-agent"

// SourceOfAgent finds out why the https-proxy-agent that a copy loads is installed. It
// follows the dependencies in the manifests as Node.js resolves them.
func (p *Project) SourceOfAgent(c *Install) (AgentSource, error) {
	if c.PnP != nil {
		return p.sourceOfPluggedAgent(c)
	}
	agent, found, err := follow(c.Agent.Dir)
	if err != nil || !found || isBeside(c) {
		return AgentSource{}, err
	}
	return p.sourceOf(agent)
}

// sourceOf returns what brings the package in a directory.
func (p *Project) sourceOf(agent string) (AgentSource, error) {
	for _, dev := range []bool{false, true} {
		by, err := p.bringerOf(agent, dev)
		if err != nil || by != "" {
			return asSource(by, dev), err
		}
	}
	return AgentSource{}, nil
}

func asSource(by string, dev bool) AgentSource {
	if by == agentName && !dev {
		return AgentSource{}
	}
	return AgentSource{by, dev}
}

// isBeside reports whether a store gives the copy an agent of its own, as with
// packageExtensions.
func isBeside(c *Install) bool {
	names := strings.Split(filepath.ToSlash(c.Dir), "/")
	at := slices.IndexFunc(names, func(name string) bool { return slices.Contains(stores, name) })
	if at < 0 || at+1 == len(names) {
		return false
	}
	entry := strings.Join(names[:at+2], "/")
	return within(c.Agent.Dir, filepath.FromSlash(entry))
}

// bringerOf returns the name of a dependency of the workspace that brings the package in
// a directory; empty if none does. dev asks for devDependencies, and not for others. The
// package itself comes before packages that need it.
func (p *Project) bringerOf(dir string, dev bool) (string, error) {
	seen := map[string]bool{}
	for _, pkg := range p.Packages {
		seen[pkg.Dir] = true // its own dependencies are asked for below
	}
	for _, direct := range []bool{true, false} {
		for _, pkg := range p.Packages {
			for _, name := range slices.Sorted(maps.Keys(pkg.Dependencies)) {
				if pkg.Development[name] != dev || direct != (name == agentName) {
					continue
				}
				if brings, err := p.graph.leads(pkg.Dir, name, dir, seen); brings || err != nil {
					return name, err
				}
			}
		}
	}
	return "", nil
}

// leads reports whether a directory is that of a package that another one loads by a
// name, or of one that this one needs. It skips what was seen before.
func (g *graph) leads(from, name, to string, seen map[string]bool) (bool, error) {
	open, err := g.resolveAll(from, []string{name})
	for len(open) > 0 && err == nil {
		dir := open[len(open)-1]
		open = open[:len(open)-1]
		if g.filesOf(dir) == to {
			return true, nil
		}
		if !seen[dir] {
			seen[dir] = true
			var needs []string
			if needs, err = g.needsOf(dir); errors.Is(err, fs.ErrPermission) {
				err = nil // what this package needs is unknown
			}
			open = append(open, needs...)
		}
	}
	return false, err
}
