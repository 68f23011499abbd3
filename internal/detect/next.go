package detect

import "path/filepath"

// NextRelease returns the release of Next.js that an app in dir loads, as Node.js finds
// it. It is empty if that is unknown.
func (p *Project) NextRelease(dir string) string {
	if p.graph.plugged != nil {
		return p.graph.pluggedNext(dir)
	}
	for modules := range modulesAbove(dir) {
		at := filepath.Join(modules, "next")
		if is, err := isDir(at); err != nil {
			return ""
		} else if !is {
			continue
		}
		m, err := readManifest(at)
		if err != nil || m.Name != "next" {
			return ""
		}
		return m.Version
	}
	return ""
}

// pluggedNext does what NextRelease does.
func (g *graph) pluggedNext(dir string) string {
	at, err := g.resolve(dir, "next")
	if at == "" || err != nil {
		return ""
	}
	m, err := g.manifest(at)
	if err != nil {
		return ""
	}
	return m.Version
}
