//go:build unix

package hostile

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

const (
	holder         = "node_modules/@auth/core/"
	holderManifest = holder + "package.json"
)

// five replaces the project's next-auth by next-auth 5, whose files are in @auth/core.
func (p *place) five() {
	p.Helper()
	p.free("node_modules/next-auth")
	from := filepath.Join(nodetest.Project(p, "core-agent-9.1.0"), "node_modules")
	names := []string{"next-auth/package.json", "@auth/core/package.json", "@auth/core/lib/utils/providers.js"}
	providers, err := filepath.Glob(filepath.Join(from, "@auth/core/providers/*.js"))
	p.must(err)
	for _, path := range providers {
		names = append(names, "@auth/core/providers/"+filepath.Base(path))
	}
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(from, filepath.FromSlash(name)))
		p.must(err)
		p.write("node_modules/"+name, string(data))
	}
}

// hostileHolders has packages in the place of the @auth/core of next-auth 5.
func hostileHolders() map[string]hostile {
	cases := map[string]hostile{}
	add := func(name string, change func(p *place), runs ...attempt) {
		cases[name] = hostile{func(p *place) { p.five(); change(p) }, runs}
	}
	add("nothing", func(*place) {}, attempt{"apply -n", clitest.OK, "23 files would change"}, attempt{"apply", clitest.OK, "23 files patched"}, attempt{"revert", clitest.OK, ""})
	for what, stand := range obstacles {
		runs := []attempt{{"apply", clitest.Unsupported, "core.package.json: (?s:.*)hint: reinstall next-auth"}, {"check", clitest.Unsupported, ""}, {"revert", clitest.Unsupported, ""}}
		files := refused("@auth/core/lib/utils/providers.js(:\\d+)?: ")
		switch what {
		case "a link to itself":
			runs = []attempt{{"apply", clitest.Failed, "too many levels of symbolic links"}, {"check", clitest.Failed, ""}}
		case "a link to nothing":
			runs = []attempt{{"apply", clitest.Unsupported, "core.package.json: is missing, but its directory exists"}, {"check", clitest.Unsupported, ""}}
		case "no right to read":
			runs = []attempt{{"apply", clitest.Failed, "permission denied"}, {"check", clitest.Failed, "permission denied"}}
			files = runs
		case "noise":
			files = refused("lib/utils/providers.js")
		}
		add("its package.json is "+what, func(p *place) { stand(p, holderManifest) }, runs...)
		add("its providers.js is "+what, func(p *place) { stand(p, holder+"lib/utils/providers.js") }, files...)
	}
	for what, stand := range map[string]func(p *place, name string){
		"a file":            func(p *place, name string) { p.write(name, "") },
		"a named pipe":      func(p *place, name string) { p.fifo(name) },
		"a device":          func(p *place, name string) { p.link(name, "/dev/zero") },
		"a link to nothing": func(p *place, name string) { p.link(name, "nothing") },
		"a link to itself":  func(p *place, name string) { p.link(name, "core") },
	} {
		add("it is "+what, func(p *place) { stand(p, "node_modules/@auth/core") },
			attempt{"apply", clitest.Unsupported, "it loads @auth/core, which is not installed\nhint: reinstall next-auth"}, attempt{"check --json", clitest.Unsupported, ""})
	}
	add("it is next-auth itself", func(p *place) { p.link("node_modules/@auth/core", "../next-auth") },
		attempt{"apply", clitest.Unsupported, `its package.json has the name "next-auth"`}, attempt{"revert", clitest.Unsupported, ""})
	add("it is outside", func(p *place) { p.link("node_modules/@auth/core", filepath.Join(p.outside, "node_modules/next-auth")) },
		attempt{"apply", clitest.Unsupported, "its directory is outside the project"}, attempt{"revert", clitest.Unsupported, ""})
	add("its scope is outside", func(p *place) { p.link("node_modules/@auth", filepath.Join(p.outside, "node_modules")) },
		attempt{"apply", clitest.Unsupported, "it loads @auth/core, which is not installed"})
	add("lib is a link to the outside", func(p *place) { p.link(holder+"lib", filepath.Join(p.outside, "node_modules")) }, refused("lib is a symbolic link, not a directory")...)
	for what, text := range map[string]string{
		"an escape sequence for a version": `{"name": "@auth/core", "version": "0.41.3\u001b[31m\u009b\u202e"}`,
		"an escape sequence for a name":    `{"name": "@auth/core\u001b[31m\u009b\u202e", "version": "0.41.3"}`,
		"no version":                       `{"name": "@auth/core"}`,
		"a huge version":                   `{"name": "@auth/core", "version": "99999999999999999999.99999999999999999999.1"}`,
		"a megabyte of version":            `{"name": "@auth/core", "version": "0.41.3-` + strings.Repeat("a", 1<<20) + `"}`,
		"another name, in other letters":   `{"name": "x", "version": "0.41.3", "Name": "@auth/core"}`,
	} {
		add("it has "+what, func(p *place) { p.write(holderManifest, text) }, attempt{"apply", clitest.Unsupported, `proxypatch: .{1,600}\nhint: `}, attempt{"check --json", clitest.Unsupported, ""})
	}
	add("a name with escape sequences beside it", func(p *place) {
		name := strings.ReplaceAll(escapes, "/", "")
		p.write("package.json", `{"name": `+quoted(escapes)+`, "dependencies": {"next-auth": "beta", "@auth/core": "0.41.3", "": "x", `+quoted(name)+`: "1"}}`)
		p.rename("node_modules/@auth/core", "node_modules/next-auth/node_modules/@auth/core")
		p.write(holderManifest, `{"name": "@auth/core", "version": "0.1.0\u001b[31m"}`)
		p.write("node_modules/"+name+"/package.json", `{"name": "x", "dependencies": {"@auth/core": "0.1.0"}}`)
		p.write("node_modules/"+name+"/node_modules/@auth/core/package.json", `{"name": "@auth/core", "version": "0.2.0\u001b[31m"}`)
	}, attempt{"apply -n", clitest.OK, `\\x1b`}, attempt{"doctor", clitest.Unproven, `\\x1b`}, attempt{"doctor --json", clitest.Unproven, `\\u001b`}, attempt{"apply --copy node_modules/@auth/core", clitest.Unsupported, ""})
	add("links in a circle beside it", func(p *place) {
		p.write("package.json", `{"name": "app", "dependencies": {"next-auth": "beta", "@auth/core": "0.41.3", "kit": "1"}}`)
		p.rename("node_modules/@auth/core", "node_modules/next-auth/node_modules/@auth/core")
		p.link("node_modules/@auth/core", "../kit")
		p.link("node_modules/kit", "@auth/core")
	}, attempt{"apply -n", clitest.OK, ""}, attempt{"doctor", clitest.Unproven, ""})
	add("the app's own is outside", func(p *place) {
		p.write("package.json", `{"name": "app", "dependencies": {"next-auth": "beta", "@auth/core": "0.41.3"}}`)
		p.rename("node_modules/@auth/core", "node_modules/next-auth/node_modules/@auth/core")
		p.link("node_modules/@auth/core", filepath.Join(p.outside, "node_modules/next-auth"))
	}, attempt{"apply -n", clitest.OK, "warning: "}, attempt{"apply --copy node_modules/@auth/core", clitest.Unsupported, "its directory is outside the project"})
	return cases
}
