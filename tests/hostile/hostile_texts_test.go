//go:build unix

package hostile

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
)

// slow skips cases that take long, unless they are selected.
func slow(p *place) {
	if !gate.Wanted(p, "hostile") {
		p.Skip("takes long; make test runs it")
	}
}

const (
	// escapes is text that a terminal must not get: an escape sequence, the same as one
	// character and as one byte, right-to-left text, and a line break.
	escapes = "a\x1b[31m\x1b]0;x\a\u009b2J\x9b2J\u202egpj\nb\rc\x7f"
)

// nested is JSON or YAML of some depth.
func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// hostileManifests has package.json files that are wrong or invalid.
func hostileManifests() map[string]hostile {
	const manifest = inPackage + "package.json"
	cases := map[string]hostile{}
	for what, stand := range obstacles {
		runs := []attempt{{"apply", clitest.Unsupported, "package.json: (?s:.*)hint: reinstall next-auth"}, {"check", clitest.Unsupported, ""}, {"revert", clitest.Unsupported, ""}}
		switch what {
		case "a link to itself":
			runs = []attempt{{"apply", clitest.Failed, "too many levels of symbolic links"}, {"check", clitest.Failed, ""}}
		case "a link to nothing":
			runs = []attempt{{"apply", clitest.Unsupported, "is missing, but its directory exists"}, {"check", clitest.Unsupported, ""}}
		case "no right to read":
			runs = []attempt{{"apply", clitest.Failed, "permission denied"}, {"check", clitest.Failed, "permission denied"}}
		}
		cases["next-auth's is "+what] = hostile{func(p *place) { stand(p, manifest) }, runs}
		runs = []attempt{{"apply", clitest.Agent, "https-proxy-agent has no usable package.json"}, {"check", clitest.Agent, ""}}
		if what == "no right to read" {
			runs = []attempt{{"apply", clitest.Failed, "https-proxy-agent.package.json: permission denied"}, {"check", clitest.Failed, "permission denied"}}
		}
		cases["https-proxy-agent's is "+what] = hostile{func(p *place) { stand(p, "node_modules/https-proxy-agent/package.json") }, runs}
	}
	for what, text := range map[string]string{
		"empty":                            "",
		"HTML":                             "<!DOCTYPE html><title>502 Bad Gateway</title>",
		"a list":                           `["next-auth", "4.2.1"]`,
		"a number":                         "1e999999999",
		"null":                             "null",
		"cut off":                          `{"name": "next-auth", "version": "4.2`,
		"10,000 levels deep":               `{"name": "next-auth", "version": "4.2.1", "x": ` + nested(10_001) + "}",
		"a million levels deep":            nested(1_000_000),
		"of other types":                   `{"name": ["next-auth"], "version": {"4": 2}}`,
		"with a second object":             `{"name": "next-auth", "version": "4.2.1"} {"version": "9.9.9"}`,
		"with comments":                    `{"name": "next-auth", /* */ "version": "4.2.1"}`,
		"UTF-16":                           "\xff\xfe{\x00}\x00",
		"with a megabyte of version":       `{"name": "next-auth", "version": "4.2.1-` + strings.Repeat("a", 1<<20) + `"}`,
		"with a megabyte of name":          `{"name": "` + strings.Repeat("next-auth", 1<<17) + `", "version": "4.2.1"}`,
		"without a version":                `{"name": "next-auth"}`,
		"an escape sequence for a version": `{"name": "next-auth", "version": "4.2.1\u001b[31m\u009b\u202e"}`,
		"bytes for a version":              "{\"name\": \"next-auth\", \"version\": \"4.2.1\x9b2J\"}",
		"a huge version":                   `{"name": "next-auth", "version": "99999999999999999999.99999999999999999999.1"}`,
		"a path for a version":             `{"name": "next-auth", "version": "../../4.2.1"}`,
		"another package":                  `{"name": "left-pad", "version": "4.2.1"}`,
		"another package, by a name in other letters": `{"name": "left-pad", "version": "4.2.1", "NAME": "next-auth"}`,
		"another release, by a name in other letters": `{"name": "next-auth", "version": "5.0.0", "Version": "4.2.1"}`,
		"another release, by a name twice":            `{"name": "next-auth", "version": "4.2.1", "version": "5.0.0"}`,
	} {
		cases["next-auth's is "+what] = hostile{func(p *place) { p.write(manifest, text) }, []attempt{
			{"apply", clitest.Unsupported, `proxypatch: .{1,600}\nhint: `}, {"check --json", clitest.Unsupported, ""},
		}}
	}
	for what, version := range map[string]string{
		"an escape sequence": `"7.0.6\u001b[31m\u009b"`, "a megabyte": `"7.0.6-` + strings.Repeat("a", 1<<20) + `"`, "null": "null", "a huge number": `"99999999999999999999.0.0"`,
		"too new, by a name twice": `"7.0.6", "version": "10.0.0"`, "too new, by a name in other letters": `"10.0.0", "Version": "7.0.6"`,
	} {
		cases["https-proxy-agent's version is "+what] = hostile{func(p *place) {
			p.write("node_modules/https-proxy-agent/package.json", `{"name": "https-proxy-agent", "version": `+version+"}")
		}, []attempt{{"apply", clitest.Agent, `proxypatch: .{1,600}\nhint: `}, {"check", clitest.Agent, ""}}}
	}
	cases["next-auth's has every name twice"] = hostile{func(p *place) {
		p.write(manifest, `{"name": "x", "version": "0.0.0", "name": "next-auth", "version": "4.2.1"}`)
	}, []attempt{{"apply", clitest.OK, ""}}}
	cases["another package calls itself next-auth"] = hostile{func(p *place) {
		p.write("node_modules/evil/package.json", `{"name": "next-auth", "version": "4.2.1"}`)
		p.write("node_modules/evil/core/lib/oauth/client.js", "evil")
	}, []attempt{{"apply", clitest.Drift, "node_modules/evil/"}}}
	for what, text := range map[string]string{
		"100,000 levels deep":     `{"scripts": {"build": "next build"}, "x": ` + nested(100_000) + "}",
		"with scripts for a list": `{"scripts": ["next build"]}`,
		"with a script no text":   `{"scripts": {"build\u001b[31m": 1}}`,
	} {
		cases["the project's is "+what] = hostile{func(p *place) { p.write("package.json", text) }, []attempt{
			{"apply", clitest.OK, ""}, {"init", clitest.Failed, "package.json:1: "}, {"init --undo", clitest.Failed, "package.json:1: "},
		}}
	}
	for what, script := range map[string]string{
		"substitutions, a million deep": strings.Repeat("$(", 1_000_000),
		"parentheses, a million deep":   strings.Repeat("(", 1_000_000) + "next build" + strings.Repeat(")", 1_000_000),
		"loops, 100,000 deep":           strings.Repeat("if ", 100_000) + "next build",
		"megabytes of words":            strings.Repeat("next build && ", 50_000) + "true",
		"quotation marks, in a row":     strings.Repeat(`"' `, 200_000),
		"escape sequences":              escapes + " next build",
	} {
		cases["a script is "+what] = hostile{func(p *place) {
			p.write("package.json", `{"dependencies": {"next-auth": "4.2.1"}, "scripts": {"build": `+quoted(script)+`, "postinstall": `+quoted(script)+"}}")
		}, []attempt{{"init -n", clitest.OK, ""}, {"doctor", clitest.Unproven, ""}}}
	}
	cases["100,000 scripts"] = hostile{func(p *place) {
		slow(p)
		var b strings.Builder
		for i := range 100_000 {
			fmt.Fprintf(&b, `"s%d": "next build", `, i)
		}
		p.write("package.json", `{"scripts": {`+b.String()+`"x": ""}}`)
	}, []attempt{{"init -n", clitest.Failed, "has 100001 scripts; the limit is 1000"}}}
	cases["300,000 dependencies"] = hostile{func(p *place) {
		slow(p)
		var b strings.Builder
		for i := range 150_000 {
			fmt.Fprintf(&b, `"d%d": "file:x", `, i)
		}
		p.write("package.json", `{"workspaces": ["packages/*"], "dependencies": {`+b.String()+`"next-auth": "4.2.1"}}`)
		p.write("packages/a/package.json", `{"name": "a", "dependencies": {`+b.String()+`"next-auth": "4.2.1"}}`)
	}, []attempt{{"check -C packages/a", clitest.Pending, ""}}}
	return cases
}

// hostileNames has names with escape sequences, in every place where a name is printed.
func hostileNames() map[string]hostile {
	name := strings.ReplaceAll(escapes, "/", "")
	cases := map[string]hostile{}
	for what, c := range map[string]hostile{
		"a copy": {func(p *place) {
			p.rename("node_modules/next-auth", "node_modules/"+name)
		}, []attempt{{"apply", clitest.OK, `\\x1b`}, {"apply -v", clitest.OK, `\\x9b`}, {"check --json", clitest.Pending, `\\u009b`}}},
		"an unsupported copy": {func(p *place) {
			p.rename("node_modules/next-auth", "node_modules/"+name)
			p.write("node_modules/"+name+"/package.json", `{"name": "next-auth", "version": "5.0.0"}`)
		}, []attempt{{"apply", clitest.Unsupported, `\\x1b`}, {"verify", clitest.Unsupported, `\\x1b`}, {"doctor --json", clitest.Unproven, `\\u009b`}}},
		"a broken copy": {func(p *place) {
			p.rename("node_modules/next-auth", "node_modules/"+name)
			p.write("node_modules/"+name+"/core/lib/oauth/client.js", escapes)
		}, []attempt{{"apply", clitest.Drift, `\\x1b`}, {"revert", clitest.Drift, `\\x1b`}, {"diff", clitest.Drift, `\\x1b`}, {"check --json", clitest.Drift, `\\u009b`}}},
		"a package of the workspace": {func(p *place) {
			p.write("package.json", `{"workspaces": ["packages/*"], "dependencies": {"next-auth": "4.2.1"}}`)
			p.write("packages/"+name+"/package.json", `{"name": `+quoted(escapes)+`, "dependencies": {"next-auth": "4", "next": "14"}, "scripts": {`+quoted("build"+escapes)+`: "next build"}}`)
			p.write("packages/"+name+"/next.config.js", "import x from '../../"+escapes+"'")
			p.write("packages/"+name+"/.env", "HTTPS_PROXY=http://proxy:1/"+escapes)
		}, []attempt{{"apply -n", clitest.OK, `\\x1b`}, {"apply -v", clitest.OK, `\\x1b`}, {"init -n", clitest.OK, `\\x1b`}, {"doctor", clitest.Unproven, `\\x1b`}, {"doctor --json", clitest.Unproven, `\\u009b`}, {"init -n --json", clitest.OK, `\\u009b`}}},
		"a cache": {func(p *place) {
			p.write("package.json", `{"dependencies": {"next": "14", "next-auth": "4.2.1"}}`)
			p.write("next.config.js", "module.exports = { distDir: '"+strings.ReplaceAll(name, "\n", "")+"' }")
			p.mkdir(strings.ReplaceAll(name, "\n", "") + "/cache/webpack")
		}, []attempt{{"apply -n", clitest.OK, ""}, {"apply --json -n", clitest.OK, ""}, {"check", clitest.Pending, ""}}},
		"a diff": {func(p *place) {
			p.write("patches/"+name+".diff", "no diff")
		}, []attempt{{"apply --patches patches", clitest.Usage, `\\x1b`}, {"apply --patches patches --json", clitest.Usage, `\\u009b`}}},
		"a file in a diff": {func(p *place) {
			p.write("patches/x.diff", "diff --git \"a/\\033[31m.js\" \"b/\\033[31m.js\"\n--- \"a/\\033[31m.js\"\n+++ \"b/\\033[31m.js\"\n@@ -1 +1 @@\n-a\n+b\n")
		}, []attempt{{"apply --patches patches", clitest.Usage, "is not a path inside the package"}}},
		"a diff within a diff": {func(p *place) {
			p.write("patches/x.diff", "diff --git \"a/x\\n+++ b/y\" \"b/x\\n+++ b/y\"\n--- \"a/x\\n+++ b/y\"\n+++ \"b/x\\n+++ b/y\"\n@@ -1 +1 @@\n-a\n+b\n")
			p.write(inPackage+"x\n+++ b/y", "a\n")
		}, []attempt{{"diff --set none --patches patches", clitest.Usage, "is not a path inside the package"}}},
		"a word in the place of a command": {func(*place) {}, []attempt{{"\x1b[31m\u009b\x9b", clitest.Usage, "unknown command"}, {"--\x1b[31m\x9b", clitest.Usage, ""}, {"--set \x9b2J --json", clitest.Usage, ""}}},
		"a directory to work in":           {func(*place) {}, []attempt{{"-C \x1b[31m\u009b\x9b", clitest.Usage, "no such directory"}, {"doctor -C \x9b --json", clitest.Usage, ""}}},
		"what decides on a release":        {func(*place) {}, []attempt{{"apply --copy \x1b[31m\x9b", clitest.Usage, ""}}},
		"a URL":                            {func(*place) {}, []attempt{{"doctor \x1b[31m\x9b", clitest.Usage, ""}, {"doctor https://\u202e\u009b.test", clitest.Usage, ""}}},
		"NODE_OPTIONS": {func(p *place) {
			p.env = append(p.env, "NODE_OPTIONS=--require ./"+escapes+" "+strings.Repeat("x", 100_000), "NODE_EXTRA_CA_CERTS="+escapes, "HTTPS_PROXY=http://"+escapes)
		}, []attempt{{"doctor", clitest.Unproven, `\\x1b`}, {"doctor --json", clitest.Unproven, ""}, {"apply", clitest.OK, ""}}},
		"the home directory": {func(p *place) {
			p.env = append(p.env, "HOME="+p.at(escapes))
		}, []attempt{{"doctor", clitest.Unproven, ""}, {"apply", clitest.OK, ""}}},
	} {
		cases["in the name of "+what] = c
	}
	return cases
}

// aLine is a diff that fits the file that hostilePatches writes.
const aLine = "--- a/x.js\n+++ b/x.js\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"

// hostilePatches has unusual files in the directory of --patches.
func hostilePatches() map[string]hostile {
	cases := map[string]hostile{}
	with := func(name string, exit clitest.Code, says string, stand func(p *place)) {
		cases[name] = hostile{func(p *place) {
			p.write(inPackage+"x.js", "a\nb\nc\n")
			p.mkdir("patches")
			stand(p)
		}, []attempt{
			{"apply --set none --patches patches", exit, says},
			{"check --json --set none --patches patches", map[bool]clitest.Code{true: clitest.Pending, false: exit}[exit == clitest.OK], ""},
		}}
	}
	for what, stand := range obstacles {
		exit, says := clitest.Usage, "patches.x.diff: ?1?"
		switch what {
		case "no right to read":
			says = "permission denied"
		case "a directory":
			says = "no diffs in it"
		}
		with("a diff is "+what, exit, says, func(p *place) { stand(p, "patches/x.diff") })
		if what != "no right to read" {
			with("the directory is "+what, clitest.Usage, "(?s:--patches.*)hint: name a directory", func(p *place) { stand(p, "patches") })
		}
	}
	with("a directory with a diff's name", clitest.OK, "", func(p *place) { p.write("patches/y.diff/x.diff", aLine) })
	with("a directory in a circle", clitest.OK, "", func(p *place) {
		p.link("patches/again", p.at("patches"))
		p.write("patches/x.diff", aLine)
	})
	with("300 levels deep", clitest.OK, "", func(p *place) { p.write("patches/"+strings.Repeat("d/", 300)+"x.diff", aLine) })
	with("more than is read", clitest.Usage, "patches.\\d+.diff:1: .*exceed 64 MB", func(p *place) {
		slow(p)
		for i := range 100 {
			p.sparse(fmt.Sprintf("patches/%02d.diff", i), 4<<20)
			file, err := os.OpenFile(p.at(fmt.Sprintf("patches/%02d.diff", i)), os.O_WRONLY, 0)
			p.must(err)
			_, err = io.WriteString(file, aLine+strings.Repeat("\n", 4<<20-len(aLine)))
			p.must(err)
			p.must(file.Close())
		}
	})
	var bomb bytes.Buffer
	packed := zlib.NewWriter(&bomb)
	_, _ = packed.Write(make([]byte, 1<<26))
	_ = packed.Close()
	head := "diff --git a/x.js b/x.js\n--- a/x.js\n+++ b/x.js\n"
	for what, text := range map[string]string{
		"empty":                  "",
		"a line break":           "\n",
		"HTML":                   "<!DOCTYPE html><html>\n<body>502</body>\n",
		"a NUL":                  aLine + "\x00",
		"a huge count":           "--- a/x.js\n+++ b/x.js\n@@ -1,999999999999 +1 @@\n a\n",
		"a count out of range":   "--- a/x.js\n+++ b/x.js\n@@ -1,99999999999999999999 +1 @@\n a\n",
		"a negative count":       "--- a/x.js\n+++ b/x.js\n@@ -1,-1 +1 @@\n a\n",
		"no count":               "--- a/x.js\n+++ b/x.js\n@@ -, +, @@\n a\n",
		"no hunk":                head,
		"a hunk cut off":         head + "@@ -1,3 +1,3 @@\n a\n",
		"a hunk of other lines":  head + "@@ -1,1 +1,1 @@\n a\n b\n c\n",
		"a hunk of nothing":      head + "@@ -0,0 +0,0 @@\n",
		"a rename":               "diff --git a/x.js b/y.js\nsimilarity index 100%\nrename from x.js\nrename to y.js\n",
		"a link":                 "diff --git a/x.js b/x.js\nnew file mode 120000\n--- /dev/null\n+++ b/x.js\n@@ -0,0 +1 @@\n+/etc/passwd\n\\ No newline at end of file\n",
		"a mode":                 "diff --git a/x.js b/x.js\nold mode 100644\nnew mode 104755\n",
		"a removal":              "diff --git a/x.js b/x.js\ndeleted file mode 100644\n--- a/x.js\n+++ /dev/null\n@@ -1,3 +0,0 @@\n-a\n-b\n-c\n",
		"binary":                 "diff --git a/x.js b/x.js\nindex " + strings.Repeat("1", 40) + ".." + strings.Repeat("2", 40) + " 100644\nGIT binary patch\nliteral 67108864\nzc$@#\n\n" + bomb.String()[:10] + "\n",
		"an absolute path":       strings.NewReplacer("a/x.js", "/etc/passwd", "b/x.js", "/etc/passwd").Replace(aLine),
		"a path to the outside":  strings.NewReplacer("a/x.js", "a/../../../outside/package.json", "b/x.js", "b/../../../outside/package.json").Replace(aLine),
		"a path by node_modules": strings.NewReplacer("a/x.js", "a/node_modules/next-auth/../../package.json", "b/x.js", "b/node_modules/next-auth/../../package.json").Replace(aLine),
		"a path of Windows":      strings.NewReplacer("a/x.js", `a/..\..\x.js`, "b/x.js", `b/..\..\x.js`).Replace(aLine),
		"a path with a drive":    strings.NewReplacer("a/x.js", "a/C:x.js", "b/x.js", "b/C:x.js").Replace(aLine),
		"the helper":             strings.NewReplacer("x.js", "core/lib/PROXY.js").Replace(aLine),
		"package.json":           strings.NewReplacer("x.js", "Package.json").Replace(aLine),
		"a range without end":    "Releases: " + strings.Repeat(">=4.0.0 ", 400_000) + "\n" + aLine,
		"no range":               "Releases: \x1b[31m\n" + aLine,
		"lines of other places":  aLine + "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\ntext\n",
		"4 MB of @@":             head + strings.Repeat("@@ -1 +1 @@\n", 300_000),
		"200,000 hunks":          head + strings.Repeat("@@ -1,2 +1,2 @@\n a\n-b\n+b\n", 150_000),
		"200,000 files":          strings.Repeat("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", 100_000),
	} {
		with("a diff of "+what, clitest.Usage, `proxypatch: patches.x\.diff:\d+: .{1,600}\nhint: `, func(p *place) { p.write("patches/x.diff", text) })
	}
	for what, line := range map[string]string{"the last line there can be": "9223372036854775807", "a line of more than 32 bits": "4294967297"} {
		with("a diff for "+what, clitest.OK, "", func(p *place) {
			p.write("patches/x.diff", strings.ReplaceAll(aLine, "-1,3 +1,3", "-"+line+",3 +"+line+",3"))
		})
	}
	with("lines that are all alike, and a hunk of half of them", clitest.Drift, "x.js:500002: hunk 1 of 1 does not fit", func(p *place) {
		p.write(inPackage+"x.js", strings.Repeat("\n", 2_000_000))
		p.write("patches/x.diff", fmt.Sprintf("--- a/x.js\n+++ b/x.js\n@@ -2,%d +2,%d @@\n%s-x\n+y\n \n", 500_002, 500_002, strings.Repeat(" \n", 500_000)))
	})
	with("lines that are all alike, and 1000 hunks of one", clitest.Drift, "x.js:2: hunk 1 of 1000 fits at", func(p *place) {
		var b strings.Builder
		for i := range 1000 {
			fmt.Fprintf(&b, "@@ -%d,3 +%d,4 @@\n \n \n+x\n \n", 2+5*i, 2+6*i)
		}
		p.write(inPackage+"x.js", strings.Repeat("\n", 4<<20))
		p.write("patches/x.diff", "--- a/x.js\n+++ b/x.js\n"+b.String())
	})
	return cases
}

// hostileWorkspaces has workspaces with an endless search.
func hostileWorkspaces() map[string]hostile {
	many := func(n int, glob string) string { return quoted(glob) + strings.Repeat(","+quoted(glob), n-1) }
	deep := func(p *place) {
		for _, name := range []string{"a", "aa", "b"} {
			p.mkdir("packages/" + strings.Repeat(name+"/", 100))
		}
	}
	cases := map[string]hostile{}
	for what, globs := range map[string]string{
		"**/**/**/**":            many(1, "**/**/**/**"),
		"stars, 1000 deep":       many(1, "packages"+strings.Repeat("/**", 1000)),
		"stars and names":        many(1, "**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a"),
		"stars in one name":      many(1, "packages/"+strings.Repeat("*a", 1000)),
		"1000 braces":            many(1, strings.Repeat("{a,b}", 1000)),
		"braces in braces":       many(1, strings.Repeat("{a,", 1000)+strings.Repeat("}", 1000)),
		"braces of paths":        many(1, "packages/"+strings.Repeat("{a/,aa/,}", 60)+"*"),
		"braces and stars":       many(1, "packages/"+strings.Repeat("{*,*a,**/}", 30)),
		"a class without end":    many(1, "packages/"+strings.Repeat("[a-z", 10000)),
		"100,000 times the same": many(100_000, "packages/*"),
		"100,000 names":          many(100_000, "packages/nothing"),
		"10,000 times all":       many(10_000, "**"),
		"all that there is":      many(1, "../../../../../../../../**"),
		"all of /proc":           many(1, "../../../../../../../../proc/**/fd/*"),
		"a pipe":                 many(1, "pipe/*"),
		"a pipe, found":          many(1, "*/*/*"),
		"no text":                "1, null, {}",
		"4 MB of stars":          many(1, strings.Repeat("*", 4_000_000)),
	} {
		cases["workspaces are "+what] = hostile{func(p *place) {
			if slices.Contains(long, what) {
				slow(p)
			}
			deep(p)
			p.fifo("pipe")
			p.fifo("packages/pipe")
			p.link("packages/circle", "..")
			p.write("package.json", `{"dependencies": {"next-auth": "4.2.1"}, "workspaces": [`+globs+"]}")
		}, []attempt{{"check", bounded(what), boundedSays(what)}}}
	}
	return cases
}

// unbounded are the workspaces whose search is given up; the others end.
var unbounded = []string{
	"**/**/**/**", "100,000 names", "100,000 times the same", "10,000 times all", "1000 braces", "4 MB of stars", "a class without end", "all of /proc", "all that there is",
	"braces and stars", "braces in braces", "braces of paths", "stars and names", "stars in one name", "stars, 1000 deep",
}

// long are the workspaces whose search takes long.
var long = []string{"100,000 names", "100,000 times the same", "10,000 times all", "**/**/**/**", "all of /proc", "all that there is"}

func bounded(what string) clitest.Code {
	if slices.Contains(unbounded, what) {
		return clitest.Failed
	}
	return clitest.Pending
}

func boundedSays(what string) string {
	if what == "all of /proc" || what == "all that there is" { // some of which are not readable for everyone
		return "(: its workspaces .*\nhint: .*simpler globs|permission denied)"
	}
	if bounded(what) == clitest.Failed {
		return ": its workspaces .*\nhint: .*simpler globs"
	}
	return ""
}

// hostileSettings has small files that become huge when they are parsed.
func hostileSettings() map[string]hostile {
	laughs := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for name := 'b'; name <= 'm'; name++ {
		laughs += fmt.Sprintf("%c: &%c [%s*%c]\n", name, name, strings.Repeat(fmt.Sprintf("*%c,", name-1), 9), name-1)
	}
	cases := map[string]hostile{}
	for what, text := range map[string]string{
		"a billion laughs":      laughs + "packages: *m\n",
		"laughs of settings":    laughs + "patchedDependencies: {x: *m}\n",
		"merged without end":    "a: &a {x: 1}\n" + strings.Repeat("b: &a {<<: *a}\n", 10_000),
		"100,000 levels deep":   nested(100_000),
		"a million levels":      strings.Repeat("- ", 1_000_000),
		"a million questions":   strings.Repeat("? ", 1_000_000),
		"a million brackets":    "packages: " + strings.Repeat("[{", 1_000_000),
		"4 MB of keys":          strings.Repeat("a: b\n", 800_000),
		"4 MB of anchors":       strings.Repeat("- &a b\n", 500_000),
		"4 MB of one word":      "packages: " + strings.Repeat("x", 4_000_000),
		"4 MB of tabs":          strings.Repeat("\t", 4_000_000),
		"4 MB of comments":      strings.Repeat("#\n", 2_000_000),
		"a number without end":  "packages: [1e" + strings.Repeat("9", 1_000_000) + "]",
		"many documents":        strings.Repeat("---\n", 1_000_000),
		"a circle":              "packages: &a [*a]\n",
		"escape sequences":      "packages: [\"\\e[31m\"]\n" + escapes,
		"a timestamp, a binary": "packages: [2001-01-01, !!binary x, !!int y]",
		"200 KB of slashes":     strings.Repeat("/", 200_000),
		"200 KB of strings":     `{"workspace": [` + strings.Repeat(`"\`, 60_000),
		"200 KB of commas":      `{"workspace": [` + strings.Repeat(", ", 100_000),
	} {
		cases["deno.json is "+what] = hostile{func(p *place) { p.write("deno.json", text) }, []attempt{{"check", clitest.Pending, ""}}}
		cases["pnpm-workspace.yaml is "+what] = hostile{func(p *place) { p.write("pnpm-workspace.yaml", text) }, []attempt{{"check", clitest.Pending, ""}}}
		cases[".modules.yaml is "+what] = hostile{func(p *place) {
			p.write("pnpm-lock.yaml", "")
			p.write("node_modules/.modules.yaml", text)
		}, []attempt{{"check", clitest.Pending, ""}}}
	}
	for what, text := range map[string]string{
		"values in values":    "A=" + strings.Repeat("x", 500_000) + "\nHTTPS_PROXY=" + strings.Repeat("$A", 200_000) + "\n",
		"quotation marks":     strings.Repeat("A='\nB=\"\nC=`\n", 100_000),
		"names without end":   strings.Repeat("A", 1<<20),
		"300,000 variables":   strings.Repeat("A=\n", 300_000),
		"a circle":            "HTTPS_PROXY=$NO_PROXY\nNO_PROXY=$HTTPS_PROXY\n",
		"a list of all hosts": "HTTPS_PROXY=http://proxy.test:3128\nNO_PROXY=" + strings.Repeat("x,", 400_000) + "\n",
		"escape sequences":    "HTTPS_PROXY=http://" + escapes + "\n",
		"URLs without end":    "HTTPS_PROXY=http://" + strings.Repeat("a@", 400_000) + "\nX_ISSUER=https://" + strings.Repeat("x.", 100_000) + "\n",
	} {
		cases[".env is "+what] = hostile{func(p *place) {
			p.write("package.json", `{"dependencies": {"next": "14", "next-auth": "4.2.1"}}`)
			p.mkdir(".next")
			p.write(".env", text)
		}, []attempt{{"doctor", clitest.Unproven, ""}, {"doctor --json", clitest.Unproven, ""}}}
	}
	for what, text := range map[string]string{
		"itself, again and again": strings.Repeat("import './next.config.js'\n", 40_000),
		"brackets":                "distDir " + strings.Repeat("`${{[(", 100_000),
		"slashes":                 "distDir " + strings.Repeat("/[", 400_000),
		"comments":                strings.Repeat("/*", 500_000),
		"distDir outside":         "module.exports = { distDir: '../outside' }",
		"an absolute distDir":     "module.exports = { distDir: '/outside' }",
	} {
		cases["next.config.js is "+what] = hostile{func(p *place) {
			p.write("package.json", `{"dependencies": {"next": "14", "next-auth": "4.2.1"}}`)
			p.write("next.config.js", text)
		}, []attempt{{"apply -n", clitest.OK, ""}, {"check", clitest.Pending, ""}}}
	}
	cases["distDir is a link to the outside"] = hostile{func(p *place) {
		p.write("package.json", `{"dependencies": {"next": "14", "next-auth": "4.2.1"}}`)
		p.mkdir(filepath.Join(p.outside, "cache/webpack"))
		p.without = inventory(p.T, p.outside, true)
		p.link(".next", p.outside)
	}, []attempt{{"apply", clitest.Failed, `leads out of the app through a link\nhint: .*\nhint: .*--keep-cache`}, {"check", clitest.Pending, ""}}}
	return cases
}
