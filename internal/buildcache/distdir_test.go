package buildcache

import (
	"os"
	"path/filepath"
	"testing"
)

const unknown = ""

// Each row is a configuration and the build directory that it sets.
func TestDistDir(t *testing.T) {
	for _, test := range []struct {
		file, text, want string
	}{
		// The default.
		{"next.config.js", `module.exports = {}`, ".next"},
		{"next.config.mjs", `import { withX } from "x"; export default withX({ reactStrictMode: true })`, ".next"},
		{"next.config.js", `// distDir: "build",` + "\n" + `module.exports = { /* distDir: "build" */ }`, ".next"},

		// A plain string in what is exported.
		{"next.config.js", `module.exports = { distDir: "build" }`, "build"},
		{"next.config.js", `module.exports = { distDir: 'build/', }`, "build"},
		{"next.config.cjs", "module.exports = { 'distDir': `./build/web` }", "build/web"},
		{"next.config.mjs", "/** @type {import('next').NextConfig} */\nexport default {\n  env: { A: process.env.A ?? 'a' },\n  distDir: \"build\", // here\n}\n", "build"},
		{"next.config.mjs", `const nextConfig = { distDir: "build" }` + "\nexport default nextConfig", "build"},
		{"next.config.ts", "import type { NextConfig } from 'next'\nconst nextConfig: NextConfig = {\n  distDir: 'build',\n} satisfies NextConfig\nexport default nextConfig as NextConfig\n", "build"},
		{"next.config.mts", `export default defineConfig({ distDir: "build" })`, "build"},
		{"next.config.js", `const withX = require("x")({ a: 1 })` + "\nconst config = { distDir: 'build' }\nmodule.exports = withX(config)", "build"},
		{"next.config.js", `module.exports = require("x")({ a: (1) })(y.z({ distDir: "build" }), {})`, "build"},
		{"next.config.js", `const a = { distDir: "build" }; const b = withX(a); module.exports = b`, "build"},
		{"next.config.js", `module.exports = { webpack(c) { c.rules.push({ test: /["'/]{1,2}\// }); return c }, distDir: "build" }`, "build"},
		{"next.config.js", "module.exports = { a: `${x(`}`)}`, distDir: \"build\" }", "build"},

		// A plain string that may not be used: the default is handled too.
		{"next.config.js", `module.exports = dev ? { distDir: "build" } : {}`, "build"},
		{"next.config.js", `const a = { distDir: "build" }, b = {}; module.exports = dev ? a : b`, "build"},
		{"next.config.js", `const a = { distDir: "build" }; module.exports = {}; if (dev) module.exports = a`, "build"},
		{"next.config.js", `const a = { distDir: "build" }; if (dev) module.exports = a`, "build"},
		{"next.config.js", `module.exports = { ...(dev && { distDir: "build" }) }`, "build"},
		{"next.config.js", `module.exports = { env: { distDir: "build" } }`, "build"},
		{"next.config.js", `const paths = { distDir: "build" }; module.exports = { env: paths }`, "build"},
		{"next.config.js", `const paths = { distDir: "build" }; module.exports = {}`, "build"},
		{"next.config.js", `const paths = { distDir: "build" }; module.exports = paths.next`, "build"},
		{"next.config.js", `module.exports = (phase) => { if (phase) return { distDir: "build" }; return {} }`, "build"},
		{"next.config.js", `module.exports = () => ({ distDir: "build" })`, "build"},
		{"next.config.js", `module.exports = withX(other, { distDir: "build" })`, "build"},

		// Anything else would need to be run.
		{"next.config.js", `module.exports = { distDir: process.env.DIST }`, unknown},
		{"next.config.js", `module.exports = { distDir: process.env.DIST || "build" }`, unknown},
		{"next.config.js", `module.exports = { distDir: "build" + n }`, unknown},
		{"next.config.js", "module.exports = { distDir: `build-${n}` }", unknown},
		{"next.config.js", `module.exports = { distDir: "b\u0075ild" }`, unknown},
		{"next.config.js", `const distDir = "build"; module.exports = { distDir }`, unknown},
		{"next.config.js", `module.exports = { distDir() {} }`, unknown},
		{"next.config.js", `module.exports = { ["distDir"]: "build" }`, unknown},
		{"next.config.js", `module.exports = { distDir: "a", ...b, distDir: "c" }`, unknown},
		{"next.config.js", `const c = { distDir: "build" }; c.distDir = x; module.exports = c`, unknown},
		{"next.config.js", `module.exports = { distDir: "build" `, unknown},
		{"next.config.js", `module.exports = { distDir: "build" } /* `, unknown},
		{"next.config.js", `module.exports = { distDir: "../build" }`, unknown},
		{"next.config.js", `module.exports = { distDir: "/tmp/build" }`, unknown},
		{"next.config.js", `module.exports = { distDir: "." }`, unknown},
		{"next.config.js", `module.exports = { distDir: "" }`, unknown},
		{"next.config.js", `const { composePlugins, withNx } = require("@nx/next"); module.exports = withNx({})`, unknown},
		{"next.config.js", `module.exports = require("../../next.config.base")`, unknown},
		{"next.config.js", `module.exports = require(name)`, unknown},
		{"next.config.mjs", `export default (await import(/* x */ "./base.mjs")).default`, unknown},
		{"next.config.ts", `import base from "@/config"; export default base`, unknown},
		{"next.config.js", `module.exports = { ...require("./absent") }`, unknown},
	} {
		t.Run(test.text, func(t *testing.T) {
			got := distDirOf(t, newApp(t, test.file, test.text))
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// distDirOf returns the directory, empty if unknown.
func distDirOf(t *testing.T, dir string) string {
	t.Helper()
	root, err := os.OpenRoot(dir)
	must(t, err)
	defer root.Close()
	got, why := DistDir(root)
	if (got == "") == (why == "") {
		t.Errorf("got %q and %q", got, why)
	}
	return got
}

func TestDistDirInOtherFiles(t *testing.T) {
	for name, test := range map[string]struct {
		files []string
		want  string
	}{
		"none":                      {[]string{"next.config.mjs", `import "./src/env.js"; import { i18n } from './i18n'; export default { i18n }`, "src/env.ts", `import p from "../package.json"`, "package.json", "{}", "i18n/index.ts", ""}, ".next"},
		"an imported one":           {[]string{"next.config.js", `module.exports = { ...require("./base") }`, "base.js", `module.exports = { distDir: "build" }`}, unknown},
		"one that an import brings": {[]string{"next.config.js", `module.exports = { ...require("./base") }`, "base.mjs", `export * from "./more"`, "more.ts", `export const distDir = "build"`}, unknown},
		"beside one of its own":     {[]string{"next.config.js", `const x = require("./x"); module.exports = { distDir: "build" }`, "x.js", "// distDir"}, "build"},
		"imports in a circle":       {[]string{"next.config.js", `require("./a")`, "a.js", `require("./b")`, "b.js", `require("./a.js")`}, ".next"},
		"two configurations":        {[]string{"next.config.js", `module.exports = { distDir: "a" }`, "next.config.ts", `export default { distDir: "b" }`}, unknown},
		"a huge configuration":      {[]string{"next.config.js", "//" + string(make([]byte, maxConfig))}, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			if got := distDirOf(t, newApp(t, test.files...)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestConfigurationBehindALink(t *testing.T) {
	dir := newApp(t, "next.config.js", `module.exports = { distDir: "build" }`, "apps/docs/", "")
	if err := os.Symlink("../../next.config.js", filepath.Join(dir, "apps", "docs", "next.config.js")); err != nil {
		t.Skip(err)
	}
	if got := distDirOf(t, filepath.Join(dir, "apps", "docs")); got != unknown {
		t.Errorf("behind a link: got %q", got)
	}
}

// If the build directory is unknown or not the default, existing caches in the default
// one are handled too, but none is created there.
func TestDefaultDirectoryToo(t *testing.T) {
	for config, unknown := range map[string]string{
		`module.exports = { distDir: process.env.DIST }`: "next.config.js computes distDir",
		`module.exports = { distDir: "build" }`:          "",
	} {
		dir := newApp(t, "next.config.js", config, "build/cache/webpack/0.pack", "p", ".next/cache/webpack/0.pack", "p")
		app, err := Inspect(dir, Want{State: now})
		must(t, err)
		if app.Unknown != unknown || !stale(app) {
			t.Errorf("%+v", app)
		}
		mustRenew(t, app)
		got := tree(t, dir)
		if got[".next/cache/webpack"] != "" || !stampedNow(t, dir, ".next/cache/proxypatch.json") || got[".next/dev"] != "" {
			t.Errorf("%q", got)
		}
		if known := unknown == ""; known != (got["build/cache/webpack/0.pack"] == "") || known != (got["build/cache/proxypatch.json"] != "") {
			t.Errorf("%q", got)
		}
	}
}

// FuzzLiteral makes sure that no configuration stops the program.
func FuzzLiteral(f *testing.F) {
	f.Add([]byte(`module.exports = withX({ distDir: "build" })`))
	f.Add([]byte("x = `${distDir}`"))
	f.Add([]byte(`)({"distDir":"x"}`))
	f.Fuzz(func(_ *testing.T, text []byte) { literalDistDir(text) })
}
