package detect

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/Masterminds/semver/v3"
)

// Agent is the https-proxy-agent that code in a next-auth package would load.
type Agent struct {
	Dir     string // the directory found; empty if none is
	Version string // as its package.json says
	Problem string // why it can't be used; empty if it can
}

// Usable reports whether the agent is there and of a release that works.
func (a Agent) Usable() bool { return a.Problem == "" }

// Major returns the agent's major version, 0 if it has none.
func (a Agent) Major() uint64 {
	v, err := semver.StrictNewVersion(a.Version)
	if err != nil {
		return 0
	}
	return v.Major()
}

// ResolveAgent looks for https-proxy-agent as Node.js does from a package's
// real directory, and judges it by its version alone: 5.0.0 up to, but not
// including, 10. Loading it would need Node.js, which takes twenty times as
// long as all the rest.
func ResolveAgent(packageDir string) Agent {
	for dir := packageDir; ; dir = filepath.Dir(dir) {
		found := filepath.Join(dir, "node_modules", "https-proxy-agent")
		// Node.js does not look for node_modules/node_modules, and its import()
		// takes the first directory of the name, whatever is in it.
		if filepath.Base(dir) != "node_modules" && isDir(found) {
			return judge(found)
		}
		if dir == filepath.Dir(dir) {
			return Agent{Problem: "is not installed where next-auth can load it"}
		}
	}
}

func judge(dir string) Agent {
	m, err := readManifest(dir)
	if unusable(err) || !there(err) {
		return Agent{Dir: dir, Problem: fmt.Sprintf("has no usable package.json (%v)", err)}
	}
	agent := Agent{Dir: dir, Version: m.Version}
	v, err := semver.StrictNewVersion(m.Version)
	switch {
	case err != nil:
		agent.Problem = fmt.Sprintf("names no valid version (%q)", m.Version)
	case v.LessThan(semver.New(5, 0, 0, "", "")):
		agent.Problem = fmt.Sprintf("%s is too old; 5 to 9 work", m.Version)
	case v.Major() > 9:
		agent.Problem = fmt.Sprintf("%s is newer than any that is known to work; 5 to 9 do", m.Version)
	}
	return agent
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return there(err) && info.IsDir()
}
