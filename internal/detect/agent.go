package detect

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/Masterminds/semver/v3"
)

// Agent is the https-proxy-agent that a package with files of next-auth would load.
type Agent struct {
	Dir     string // its directory; empty if there is none
	Version string // as its package.json says
	Problem string // why it can't be used; empty if it can
}

// Usable reports whether the agent is installed in a release that works.
func (a Agent) Usable() bool { return a.Problem == "" }

// Major returns the agent's major version, 0 if it has none.
func (a Agent) Major() uint64 {
	v, err := semver.StrictNewVersion(a.Version)
	if err != nil {
		return 0
	}
	return v.Major()
}

// resolveAgent looks for https-proxy-agent as Node.js does from a package's real
// directory. It judges the agent by its version alone: 5.0.0 up to, but not including,
// 10. Loading it in Node.js would take twenty times as long as everything else.
func resolveAgent(packageDir, name string) (Agent, error) {
	for modules := range modulesAbove(packageDir) {
		// import() stops at the first directory of that name, even an empty one.
		agent, err := agentAt(filepath.Join(modules, agentName))
		if !errors.Is(err, errNone) {
			return agent, err
		}
	}
	return Agent{Problem: "is not installed where " + name + " can load it"}, nil
}

// agentAt judges the https-proxy-agent in a directory. The error is errNone if there
// is no directory.
func agentAt(dir string) (Agent, error) {
	if is, err := isDir(dir); !is {
		return Agent{}, cmp.Or(err, errNone)
	}
	m, err := readManifest(dir)
	if err == nil {
		return judge(dir, m.Version), nil
	}
	if !unusable(err) {
		if _, err := there(err); err != nil {
			return Agent{}, err
		}
		if is, err := isDir(dir); !is { // another process has removed it
			return Agent{}, cmp.Or(err, errNone)
		}
	}
	return Agent{Dir: dir, Problem: fmt.Sprintf("has no usable package.json (%v)", err)}, nil
}

// judge says whether a release of https-proxy-agent works.
func judge(dir, version string) Agent {
	agent := Agent{Dir: dir, Version: version}
	v, err := semver.StrictNewVersion(version)
	switch {
	case err != nil:
		agent.Problem = fmt.Sprintf("has no valid version (%q)", version)
	case v.LessThan(semver.New(5, 0, 0, "", "")):
		agent.Problem = fmt.Sprintf("%s is too old; use 5 to 9", version)
	case v.Major() > 9:
		agent.Problem = fmt.Sprintf("%s is not supported yet; use 5 to 9", version)
	}
	return agent
}
