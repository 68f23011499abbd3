package detect

import "path/filepath"

// NextRelease returns the release of Next.js that an app in dir loads, as Node.js finds
// it. It is empty if that is unknown.
func NextRelease(dir string) string {
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
