package main

import (
	"fmt"
	"regexp"
)

// rule says how to change one file of next-auth: the reason that people see, and the
// edits, each of which must match exactly once. A file that does not match stops the
// program, so that a person looks at it.
type rule struct {
	path   string
	reason string
	edits  []edit
}

type edit struct {
	find    *regexp.Regexp
	replace string
}

func replace(find, with string) edit { return edit{regexp.MustCompile("(?m)" + find), with} }

// requireAfter puts a require of the helper behind a line, with a blank line
// between them where the file has one there.
func requireAfter(line, helper string) edit {
	return replace(`^(`+line+`)\n(\n?)`, "${1}\n${2}var _proxy = require(\""+helper+"\");\n${2}")
}

const fetched = "is fetched through the helper"

// rules cover everywhere that next-auth's server code makes an outbound request, except
// e-mail. docs/maintaining/call-sites.md says how these places were found.
var rules = []rule{
	{
		"core/lib/oauth/client.js", "discovery, token, JWKS and userinfo requests ask the helper for an agent",
		[]edit{
			requireAfter(`var _openidClient = require\("openid-client"\);`, "../proxy"),
			// Before the first request, discovery.
			replace(`^  let issuer;\n`, "  _openidClient.Issuer[_openidClient.custom.http_options] = _proxy.httpOptions;\n${0}"),
			replace(`^  client\[_openidClient\.custom\.clock_tolerance\] = 10;\n`, "${0}"+
				"  issuer[_openidClient.custom.http_options] = _proxy.httpOptions;\n"+
				"  client[_openidClient.custom.http_options] = _proxy.httpOptions;\n"),
		},
	},
	{
		"core/lib/oauth/client-legacy.js", "OAuth 1.0A requests are made by the helper",
		[]edit{
			requireAfter(`var _oauth = require\("oauth"\);`, "../proxy"),
			replace(`^  const originalGet = `, "  oauth1Client._createClient = _proxy.oauth1Request;\n${0}"),
		},
	},
	fetchRule("azure-ad", "the profile photo "+fetched),
	fetchRule("github", "the e-mail addresses of a private profile are fetched through the helper"),
	fetchRule("linkedin", "the e-mail address "+fetched),
	fetchRule("hubspot", "userinfo "+fetched),
	fetchRule("todoist", "userinfo "+fetched),
	fetchRule("trakt", "userinfo "+fetched),
	{
		"providers/foursquare.js", "the userinfo request asks the helper for an agent",
		[]edit{
			requireInProvider,
			replace(`\(0, _https\.get\)\(url, \{\n( +)timeout: 3500\n`, "(0, _https.get)(url, {\n${1}agent: (0, _proxy.proxyAgent)(url),\n${1}timeout: 3500\n"),
		},
	},
}

var requireInProvider = requireAfter(`exports\.default = \w+;`, "../core/lib/proxy")

// fetchRule makes the rule for a provider that makes one request itself with fetch.
func fetchRule(provider, reason string) rule {
	return rule{"providers/" + provider + ".js", reason, []edit{
		requireInProvider,
		replace(`await fetch\(`, "await (0, _proxy.proxyFetch)("),
	}}
}

// apply makes all edits.
func (r rule) apply(content []byte) ([]byte, error) {
	for _, e := range r.edits {
		if n := len(e.find.FindAllIndex(content, -1)); n != 1 {
			return nil, fmt.Errorf("%s: %s matches %d times, not once", r.path, e.find, n)
		}
		content = e.find.ReplaceAll(content, []byte(e.replace))
	}
	return content, nil
}
