//go:build unix

package hostile

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/casecount"
	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
)

const (
	inPackage  = "node_modules/next-auth/"
	clientFile = inPackage + "core/lib/oauth/client.js"
)

// TestHostile runs the program in malicious projects.
func TestHostile(t *testing.T) {
	n, families := 0, map[string]map[string]hostile{
		"builds":     hostileBuilds(),
		"files":      hostileFiles(),
		"holders":    hostileHolders(),
		"inputs":     hostileInputs(t),
		"layouts":    hostileLayouts(),
		"manifests":  hostileManifests(),
		"names":      hostileNames(),
		"patches":    hostilePatches(),
		"plugged":    hostilePlugged(),
		"workspaces": hostileWorkspaces(),
		"settings":   hostileSettings(),
	}
	ran := 0
	for name, cases := range families {
		t.Run(name, func(t *testing.T) {
			ran++
			n += runHostile(t, cases)
		})
	}
	if gate.Wanted(t, "hostile") && ran == len(families) { // not only those that -run selects
		casecount.AtLeast(t, "hostile cases", n, 677)
	}
}

// refused are the runs for a package with drift.
func refused(says string) []attempt {
	return []attempt{{"apply", clitest.Drift, says}, {"check", clitest.Drift, says}, {"diff", clitest.Drift, says}, {"revert", clitest.Drift, says}}
}

// hostileFiles replaces the package's own files and directories.
func hostileFiles() map[string]hostile {
	cases := map[string]hostile{}
	for _, name := range []string{"core/lib/oauth/client.js", "providers/azure-ad.js", "core/lib/proxy.js"} {
		for what, stand := range obstacles {
			runs := refused("next-auth/" + name + "(:\\d+)?: ")
			switch what {
			case "no right to read":
				runs = []attempt{{"apply", clitest.Failed, "permission denied"}, {"check", clitest.Failed, "permission denied"}}
			case "noise":
				runs = refused(name)
			}
			cases[name+" is "+what] = hostile{func(p *place) { stand(p, inPackage+name) }, runs}
		}
		cases[name+" is a link to the outside's"] = hostile{func(p *place) {
			p.link(inPackage+name, filepath.Join(p.outside, clientFile))
		}, refused(name + ": .* is a symbolic link")}
		cases[name+" is a link to another file of the package"] = hostile{func(p *place) {
			p.link(inPackage+name, p.at(inPackage+"providers/trakt.js"))
		}, refused(name + ": .* is a symbolic link")}
	}
	for _, dir := range []string{"core", "core/lib", "core/lib/oauth", "providers"} {
		at := inPackage + dir
		cases[dir+" is a link to the outside's"] = hostile{func(p *place) { p.link(at, filepath.Join(p.outside, at)) }, refused(dir + " is a symbolic link, not a directory")}
		cases[dir+" is a link inside the package"] = hostile{func(p *place) {
			p.rename(at, inPackage+"moved")
			p.link(at, p.at(inPackage+"moved"))
		}, refused(dir + " is a symbolic link, not a directory")}
		cases[dir+" is a link by .."] = hostile{func(p *place) {
			up := strings.Repeat("../", strings.Count(at, "/")+1)
			p.link(at, up+"outside/"+at)
		}, refused(dir + " is a symbolic link, not a directory")}
		cases[dir+" is a file"] = hostile{func(p *place) { p.write(at, "") }, refused(dir + " is a file, not a directory")}
		cases[dir+" is a named pipe"] = hostile{func(p *place) { p.fifo(at) }, refused(dir + " is a named pipe, not a directory")}
		cases[dir+" is a link to itself"] = hostile{func(p *place) { p.link(at, filepath.Base(at)) }, refused(dir + " is a symbolic link")}
		cases[dir+" can't be entered"] = hostile{func(p *place) { p.unreadable(at) }, []attempt{{"apply", clitest.Failed, "permission denied"}, {"revert", clitest.Failed, "permission denied"}}}
	}
	// The tutorial patches no azure-ad.js in 4.1.0, so proxypatch looks at the place
	// without reading it.
	tutorial := []attempt{{"apply --set tutorial", clitest.Drift, "providers"}, {"check --set tutorial", clitest.Drift, "providers"}}
	for what, stand := range map[string]func(p *place, name string){
		"is a file":                    func(p *place, name string) { p.write(name, "") },
		"is a link to the outside's":   func(p *place, name string) { p.link(name, filepath.Join(p.outside, name)) },
		"is a link to itself":          func(p *place, name string) { p.link(name, filepath.Base(name)) },
		"is a named pipe":              func(p *place, name string) { p.fifo(name) },
		"is a link to /dev":            func(p *place, name string) { p.link(name, "/dev") },
		"is a link by a path too long": func(p *place, name string) { p.link(name, strings.Repeat("x", 300)) },
	} {
		cases["providers, of which the set has no diff for this release, "+what] = hostile{func(p *place) {
			p.write(inPackage+"package.json", `{"name": "next-auth", "version": "4.12.0"}`)
			stand(p, inPackage+"providers")
		}, tutorial}
	}
	cases["case-insensitive twins"] = hostile{func(p *place) {
		data, err := os.ReadFile(p.at(clientFile))
		p.must(err)
		if p.write(inPackage+"core/lib/oauth/Client.js", "twin"); p.sameFile(clientFile, inPackage+"core/lib/oauth/Client.js") {
			p.Skip("this file system takes both names for one")
		}
		p.write(inPackage+"core/lib/Proxy.js", "twin")
		p.write(inPackage+"Core/lib/oauth/client.js", string(data))
	}, []attempt{{"apply", clitest.OK, "8 files patched"}}}
	cases["leftovers that are none"] = hostile{func(p *place) {
		p.mkdir(inPackage + "core/lib/oauth/.proxypatch-client.js-ABCDEFGHIJKLMNOPQRSTUVWXYZ")
		p.fifo(inPackage + "core/lib/.proxypatch-proxy.js-ABCDEFGHIJKLMNOPQRSTUVWXYZ")
		p.link(inPackage+"providers/.proxypatch-azure-ad.js-ABCDEFGHIJKLMNOPQRSTUVWXYZ", filepath.Join(p.outside, "package.json"))
	}, []attempt{{"apply", clitest.OK, ""}}}
	cases["JavaScript that is none, when the helper goes"] = hostile{func(p *place) {
		p.fifo(inPackage + "a.js")
		p.sparse(inPackage+"b.js", 1<<30)
		p.link(inPackage+"c.js", "/dev/zero")
		p.link(inPackage+"cycle", p.at(inPackage))
		p.mkdir(inPackage + "d.js")
	}, []attempt{{"apply", clitest.OK, ""}}}
	cases["a package of 300 levels"] = hostile{func(p *place) {
		p.mkdir(inPackage + strings.Repeat("d/", 300))
	}, []attempt{{"apply", clitest.OK, ""}}}
	cases["another user's"] = hostile{func(p *place) {
		if os.Getuid() != 0 {
			p.Skip("only root can give files away")
		}
		p.must(filepath.WalkDir(p.at(inPackage), func(path string, _ os.DirEntry, err error) error {
			if err == nil {
				err = os.Lchown(path, 4242, 4242)
			}
			return err
		}))
		p.asUser = true
	}, []attempt{{"check", clitest.Pending, ""}, {"apply", clitest.Failed, "permission denied(?s:.*)hint: .*as the user who installed the packages, or "}}}
	cases["an immutable directory"] = hostile{func(p *place) {
		p.must(os.Chmod(p.at(inPackage+"core/lib"), 0o555))
		p.asUser = true
	}, []attempt{{"apply", clitest.Failed, "permission denied"}, {"check", clitest.Pending, ""}}}
	return cases
}

func (p *place) sameFile(a, b string) bool {
	first, err := os.Stat(p.at(a))
	p.must(err)
	second, err := os.Stat(p.at(b))
	p.must(err)
	return os.SameFile(first, second)
}

// hostileLayouts has links that form circles, leave the project, or have no target.
func hostileLayouts() map[string]hostile {
	const absent = "no next-auth is installed"
	notFound := []attempt{{"apply", clitest.NotFound, absent}, {"check", clitest.NotFound, absent}, {"revert", clitest.NotFound, absent}}
	patched := []attempt{{"apply", clitest.OK, "8 files patched"}}
	cases := map[string]hostile{
		"next-auth is a link to the outside's": {func(p *place) {
			p.link("node_modules/next-auth", filepath.Join(p.outside, "node_modules/next-auth"))
		}, []attempt{{"apply", clitest.Unsupported, "is outside the project"}, {"revert", clitest.Unsupported, "is outside the project"}}},
		"next-auth is a link to the outside's by a link and ..": {func(p *place) {
			p.link("node_modules/hop", filepath.Join(p.outside, "node_modules/https-proxy-agent"))
			p.rename("node_modules/next-auth", "node_modules/next-auth-4")
			p.link("node_modules/next-auth", "hop/../next-auth")
		}, []attempt{{"apply", clitest.Unsupported, "is outside the project"}}},
		"next-auth is a link by .. through a link to itself": {func(p *place) {
			p.link("node_modules/loop", "loop")
			p.link("node_modules/next-auth", "loop/../next-auth-4")
		}, []attempt{{"apply", clitest.Failed, "too many levels of symbolic links"}}},
		"next-auth is an absolute link to the outside by a name of its own": {func(p *place) {
			p.write("package.json", `{"dependencies": {"../../outside/node_modules/next-auth": "npm:next-auth@4.2.1", "/": "npm:next-auth@4", "": "npm:next-auth@4"}}`)
			p.free("node_modules/next-auth")
		}, []attempt{{"apply", clitest.Unsupported, "is outside the project"}}},
		"links in a circle": {func(p *place) {
			for _, name := range []string{"a", "b", "c", "d"} {
				p.write("node_modules/"+name+"/package.json", "{}")
				p.link("node_modules/"+name+"/node_modules", p.at("node_modules"))
			}
		}, patched},
		"scopes in a circle": {func(p *place) {
			for _, name := range []string{"a", "b", "c"} {
				for _, scope := range []string{"@x", "@y"} {
					p.link("node_modules/"+name+"/node_modules/"+scope, p.at("node_modules"))
				}
			}
		}, patched},
		"a scope that is a link to itself": {func(p *place) { p.link("node_modules/@x", "@x") }, patched},
		"a store in a circle": {func(p *place) {
			p.link("node_modules/.pnpm", p.at("node_modules"))
			p.link("node_modules/.store", ".store")
		}, patched},
		"300 levels of node_modules": {func(p *place) {
			dir := p.at("node_modules/x")
			p.mkdir(dir)
			root, err := os.OpenRoot(dir)
			p.must(err)
			for range 300 {
				p.must(root.MkdirAll("node_modules/x", 0o755))
				below, err := root.OpenRoot("node_modules/x")
				p.must(err)
				p.must(root.Close())
				root = below
			}
			p.must(root.MkdirAll("node_modules/@scope/x/node_modules", 0o755))
			p.must(root.Close())
		}, patched},
		"a dependency by path to everything": {func(p *place) {
			p.write("package.json", `{"dependencies": {"next-auth": "4.2.1", "root": "file:/", "up": "link:../..", "loop": "file:loop"}}`)
			p.link("node_modules/root", "/")
			p.link("node_modules/up", "../..")
			p.link("node_modules/loop", "loop")
		}, patched},
		"5000 packages": {func(p *place) {
			for i := range 5000 {
				p.must(os.Mkdir(p.at(fmt.Sprintf("node_modules/p%d", i)), 0o755))
			}
		}, []attempt{{"check", clitest.Pending, ""}}},
	}
	for what, stand := range obstacles {
		if what == "no right to read" {
			continue
		}
		for _, name := range []string{"node_modules", "node_modules/next-auth"} {
			runs := notFound
			if name == "node_modules/next-auth" && what == "a directory" {
				runs = []attempt{{"apply", clitest.Unsupported, "is missing, but its directory exists"}, {"check", clitest.Unsupported, ""}}
			}
			if what == "a link to itself" {
				runs = []attempt{{"apply", clitest.Failed, "too many levels of symbolic links"}, {"check", clitest.Failed, ""}}
			}
			cases[name+" is "+what] = hostile{func(p *place) { stand(p, name) }, runs}
		}
		if what != "a directory" {
			cases["https-proxy-agent is "+what] = hostile{func(p *place) { stand(p, "node_modules/https-proxy-agent") }, []attempt{
				{"apply", clitest.Agent, "https-proxy-agent is not installed"},
				{"check", clitest.Agent, "https-proxy-agent is not installed"},
			}}
		}
	}
	return cases
}

// decisive are the inputs that decide where copies of next-auth are.
var decisive = []string{"package.json", "pnpm-workspace.yaml", "deno.json", "node_modules/.modules.yaml", "packages/a/package.json"}

// hostileInputs replaces every other file and directory that proxypatch reads.
func hostileInputs(t *testing.T) map[string]hostile {
	const keepCache = "hint: .*--keep-cache"
	cases := map[string]hostile{}
	for name, exits := range map[string]struct {
		apply clitest.Code
		says  string
		init  clitest.Code
	}{
		"package.json":                   {clitest.OK, "", clitest.Failed},
		"pnpm-workspace.yaml":            {clitest.OK, "", clitest.OK},
		"deno.json":                      {clitest.OK, "", clitest.OK},
		"pnpm-lock.yaml":                 {clitest.OK, "", clitest.OK},
		"yarn.lock":                      {clitest.OK, "", clitest.OK},
		".yarnrc.yml":                    {clitest.OK, "", clitest.OK},
		".npmrc":                         {clitest.OK, "", clitest.OK},
		"../home/.npmrc":                 {clitest.OK, "", clitest.OK},
		"../certs.pem":                   {clitest.OK, "", clitest.OK},
		".env":                           {clitest.OK, "", clitest.OK},
		".env.production.local":          {clitest.OK, "", clitest.OK},
		".env.development":               {clitest.OK, "", clitest.OK},
		"next.config.js":                 {clitest.OK, "", clitest.OK},
		"next.config.mjs":                {clitest.OK, "", clitest.OK},
		"app":                            {clitest.OK, "", clitest.OK},
		".next":                          {clitest.Failed, keepCache, clitest.OK},
		".next/cache":                    {clitest.Failed, keepCache, clitest.OK},
		".next/cache/webpack":            {clitest.Failed, keepCache, clitest.OK},
		".next/cache/proxypatch.json":    {clitest.OK, "", clitest.OK}, // except one that can't be read
		".next/dev/cache":                {clitest.Failed, keepCache, clitest.OK},
		"node_modules/.modules.yaml":     {clitest.OK, "", clitest.OK},
		"node_modules/.pnpm":             {clitest.OK, "", clitest.OK},
		"node_modules/.store":            {clitest.OK, "", clitest.OK},
		"node_modules/.bun":              {clitest.OK, "", clitest.OK},
		"node_modules/.deno":             {clitest.OK, "", clitest.OK},
		"node_modules/.bin":              {clitest.OK, "", clitest.OK},
		"node_modules/@scope":            {clitest.OK, "", clitest.OK},
		"node_modules/x/node_modules":    {clitest.OK, "", clitest.OK},
		"node_modules/.pnpm/next-auth@4": {clitest.OK, "", clitest.OK},
		"node_modules/x/package.json":    {clitest.OK, "", clitest.OK},
		"packages/a":                     {clitest.OK, "", clitest.OK},
		"patches":                        {clitest.OK, "", clitest.OK},
		"patches/next-auth+4.2.1.patch":  {clitest.OK, "", clitest.OK},
		"packages/a/node_modules":        {clitest.OK, "", clitest.OK},
		"packages/a/package.json":        {clitest.OK, "", clitest.OK},
		"node_modules/x/core/lib/oauth/client.js": {clitest.OK, "", clitest.OK},
	} {
		for what, stand := range obstacles {
			if !gate.Wanted(t, "hostile") && what != "a named pipe" && what != "a link to itself" {
				continue
			}
			apply, says, init := exits.apply, exits.says, exits.init
			switch {
			case apply == clitest.Failed && (what == "a directory" || what == "a link to nothing" && name != ".next/cache/webpack"):
				continue // correct, or equal to a missing file
			case name == ".next/cache/proxypatch.json" && what == "no right to read":
				apply, says = clitest.Failed, keepCache
			case name == "packages/a/package.json" && what != "a link to nothing" && what != "a link to itself":
				init = clitest.Failed
			case name == "node_modules/.pnpm/next-auth@4" && what == "a link to itself":
				apply, says = clitest.Failed, "too many levels of symbolic links"
			}
			doctor := clitest.Unproven
			if what == "no right to read" && slices.Contains(decisive, name) { // an unreadable directory may hide a copy
				apply, says, doctor, init = clitest.Failed, "permission denied", clitest.Failed, clitest.Failed
			}
			if what == "a link to itself" && (name == ".next" || name == "node_modules/.pnpm/next-auth@4") {
				doctor = clitest.Failed
			}
			cases[name+" is "+what] = hostile{func(p *place) {
				p.write("package.json", `{"workspaces": ["packages/*"], "dependencies": {"next": "14", "next-auth": "4.2.1", "x": "file:x"}, "devDependencies": {"patch-package": "8"}, "scripts": {"build": "next build"}}`)
				p.write("next.config.js", "module.exports = {}")
				p.mkdir(".next/cache")
				p.env = append(p.env, "NODE_EXTRA_CA_CERTS="+p.at("../certs.pem"))
				stand(p, name)
			}, []attempt{{"apply", apply, says}, {"doctor", doctor, ""}, {"init -n", init, ""}}}
		}
	}
	return cases
}

// umask makes the modes of the cases' files the same on every machine.
func init() { syscall.Umask(0o022) }
