package main

import (
	"fmt"
	"regexp"
	"strings"
)

// rule says how to change one file of a package: the reason that people see, and the
// edits, each of which must match exactly once. A file that does not match stops the
// program, so that a person looks at it.
type rule struct {
	path   string
	reason string
	edits  []edit
	// requests reports whether a content makes requests, or an error if a person must look
	// at it. Nil if each content does that on which the edits match.
	requests func(content []byte) (bool, error)
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

// nextAuthRules cover everywhere that next-auth's own server code makes an outbound
// request, except e-mail. docs/maintaining/call-sites.md says how these places were found.
var nextAuthRules = []rule{
	{
		path: "core/lib/oauth/client.js", reason: "discovery, token, JWKS and userinfo requests ask the helper for an agent",
		edits: []edit{
			requireAfter(`var _openidClient = require\("openid-client"\);`, "../proxy"),
			// Before the first request, discovery.
			replace(`^  let issuer;\n`, "  _openidClient.Issuer[_openidClient.custom.http_options] = _proxy.httpOptions;\n${0}"),
			replace(`^  client\[_openidClient\.custom\.clock_tolerance\] = 10;\n`, "${0}"+
				"  issuer[_openidClient.custom.http_options] = _proxy.httpOptions;\n"+
				"  client[_openidClient.custom.http_options] = _proxy.httpOptions;\n"),
		},
	},
	{
		path: "core/lib/oauth/client-legacy.js", reason: "OAuth 1.0A requests are made by the helper",
		edits: []edit{
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
		path: "providers/foursquare.js", reason: "the userinfo request asks the helper for an agent",
		edits: []edit{
			requireInProvider,
			replace(`\(0, _https\.get\)\(url, \{\n( +)timeout: 3500\n`, "(0, _https.get)(url, {\n${1}agent: (0, _proxy.proxyAgent)(url),\n${1}timeout: 3500\n"),
		},
	},
}

var requireInProvider = requireAfter(`exports\.default = \w+;`, "../core/lib/proxy")

// fetchRule makes the rule for a provider that makes one request itself with fetch.
func fetchRule(provider, reason string) rule {
	return rule{path: "providers/" + provider + ".js", reason: reason, edits: []edit{
		requireInProvider,
		replace(`await fetch\(`, "await (0, _proxy.proxyFetch)("),
	}}
}

// nextAuth3Rules cover everywhere that next-auth 3 makes an outbound request on the server,
// except e-mail: the package "oauth" makes them all.
var nextAuth3Rules = []rule{{
	path: "dist/server/lib/oauth/client.js", reason: "OAuth 2 and OAuth 1.0A requests go through the helper",
	// In two lines, because webpack renames what is read from a require itself.
	edits: []edit{replace(`^var _oauth = (require\("oauth"\));$`, "var _proxy = require(\"../proxy\");\n\nvar _oauth = _proxy.throughProxy(${1});")},
}}

// authCoreRules cover everywhere that @auth/core makes an outbound request, except
// nodemailer.
var authCoreRules = []rule{
	{
		path: "lib/utils/providers.js", reason: "discovery, token and userinfo requests are fetched through the helper, unless customFetch is set",
		edits: []edit{
			replace(`^import \{ customFetch \} from "\.\./symbols\.js";\n`, "${0}import { proxyFetch } from \"../proxy.js\";\n"),
			replace(`\(normalized\[customFetch\] = userOptions\?\.\[customFetch\]\)`, "(normalized[customFetch] = userOptions?.[customFetch] ?? proxyFetch)"),
		},
	},
	importRule("apple", "discovery and token requests "+areFetched),
	importRule("azure-devops", "userinfo "+fetched),
	importRule("dropbox", "userinfo "+fetched),
	importRule("facebook", "userinfo "+fetched),
	importRule("forwardemail", "sign-in e-mails "+areSent),
	importRule("foursquare", "userinfo "+fetched),
	importRule("github", "userinfo and the e-mail addresses of a private profile "+areFetched),
	importRule("hubspot", "userinfo "+fetched),
	importRule("loops", "sign-in e-mails "+areSent),
	importRule("mailgun", "sign-in e-mails "+areSent),
	importRule("microsoft-entra-id", "discovery and token requests and the profile photo "+areFetched),
	importRule("nextcloud", "userinfo "+fetched),
	importRule("notion", "userinfo "+fetched),
	importRule("postmark", "sign-in e-mails "+areSent),
	importRule("resend", "sign-in e-mails "+areSent),
	importRule("sendgrid", "sign-in e-mails "+areSent),
	importRule("tiktok", "token and userinfo requests "+areFetched),
	importRule("todoist", "userinfo "+fetched),
	importRule("trakt", "userinfo "+fetched),
	importRule("vk", "userinfo "+fetched),
	importRule("wechat", "userinfo "+fetched),
}

const (
	areFetched = "are fetched through the helper"
	areSent    = "are sent through the helper"
)

// importRule makes the rule for a provider that makes requests itself with fetch: in the
// whole file, fetch is the helper's.
func importRule(provider, reason string) rule {
	return rule{
		path: "providers/" + provider + ".js", reason: reason,
		edits:    []edit{replace(`\A`, "import { proxyFetch as fetch } from \"../lib/proxy.js\";\n")},
		requests: onlyCallsFetch,
	}
}

var (
	// Only comments that begin their lines are left out. So a string can't hide code.
	comments = regexp.MustCompile(`(?m)^[ \t]*(?:/\*(?s:.*?)\*/|//.*$)`)
	fetches  = regexp.MustCompile(`(?:[\w$.\]]|\bfunction |\bnew )?\bfetch\b\(?`)
)

// onlyCallsFetch reports whether a file calls the global fetch. It returns an error if the
// file names a variable, a method or anything else so.
func onlyCallsFetch(content []byte) (bool, error) {
	found := fetches.FindAll(comments.ReplaceAll(content, nil), -1)
	for _, text := range found {
		if string(text) != "fetch(" {
			return false, fmt.Errorf("%q is no call of fetch", text)
		}
	}
	return len(found) > 0, nil
}

var (
	// Makes requests in browsers, to the app itself.
	inBrowsers = "lib/utils/webauthn-client.js"
	// customFetch is always set in a patched package.
	besideCustomFetch = regexp.MustCompile(`\(provider\[customFetch\] \?\? fetch\)`)

	namesFetch = regexp.MustCompile(`(?:^|[^\w$-])fetch\b`) // and not "custom-fetch"
)

// callsFetch reports whether a file of @auth/core names fetch in its code.
func callsFetch(name string, content []byte) bool {
	if !strings.HasSuffix(name, ".js") || strings.HasPrefix(name, "src/") || name == inBrowsers {
		return false
	}
	return namesFetch.Match(besideCustomFetch.ReplaceAll(comments.ReplaceAll(content, nil), nil))
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
