package main

import (
	"fmt"
	"regexp"
)

// step is a replacement on the way from CommonJS to an ES module.
type step struct {
	find    string
	replace string
	times   int // that it must match, or the helper has changed in a way that needs a person
}

// steps make the helper's second form. In an ES module, all of Node's modules come by
// import(), which takes time. So proxyFetch loads them, and before it nothing else works.
// The form is for packages whose own variables begin with AUTH_.
var steps = []step{
	{`^"use strict";\n`, "", 1},
	{`^exports\.httpOptions = httpOptions;\nexports\.oauth1Request = oauth1Request;\nexports\.proxyAgent = proxyAgent;\n` +
		`exports\.proxyFetch = proxyFetch;\nexports\.proxyFor = proxyFor;\nexports\.throughProxy = throughProxy;\n`, "export { httpOptions, oauth1Request, proxyAgent, proxyFetch, proxyFor, throughProxy };\n", 1},
	{`\["NEXTAUTH_PROXY"\]`, `["NEXTAUTH_PROXY", "AUTH_PROXY"]`, 1},
	{`\["NEXTAUTH_HTTP_TIMEOUT"\]`, `["NEXTAUTH_HTTP_TIMEOUT", "AUTH_HTTP_TIMEOUT"]`, 1},
	{`^function load\(\) \{`, `async ${0}`, 1},
	// What an ES module can load, import() finds. So it needs no import.meta, which Babel
	// can't turn into CommonJS for tests.
	{`^      // Plug'n'Play .*\n      requireAgent: .*\n`, "", 1},
	{`const \{ importAgent, requireAgent \} =`, "const { importAgent } =", 1},
	{`\.catch\(error => \{\n    if \(error\.code !== "ERR_MODULE_NOT_FOUND"\) throw error;\n    return requireAgent\(\);\n  \}\)`, "", 1},
	{`\brequire\("(\w+)"\)`, `(await import("$1")).default`, 9},
	{`, (\w+: \(await )`, ",\n      $1", 6},
	{`^  return loaded \|\| \(loaded = load\(\)\);\n`, "  if (!loaded) throw new Error(\"proxyFetch was not called yet, which loads what this needs\");\n  return loaded;\n", 1},
	{
		`^async function proxyFetch\(input, init\) \{\n  if \(.*\) \{\n`,
		"${0}    if (environment(...OWN_PROXY, \"https_proxy\", \"http_proxy\", \"all_proxy\")) loaded ??= await load();\n", 1,
	},
}

// esModule returns the helper as an ES module, without a stamp.
func esModule(helper []byte) ([]byte, error) {
	for _, s := range steps {
		find := regexp.MustCompile("(?m)" + s.find)
		if n := len(find.FindAllIndex(helper, -1)); n != s.times {
			return nil, fmt.Errorf("%s matches %d times, not %d; change the steps of tools/stamp", find, n, s.times)
		}
		helper = find.ReplaceAll(helper, []byte(s.replace))
	}
	return helper, nil
}
