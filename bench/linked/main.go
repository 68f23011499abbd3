// Command linked links every library that proxypatch uses, and does nothing. Go
// initialises each package of a program at each start, used or not.
package main

import (
	_ "archive/zip"
	_ "crypto/tls"
	_ "embed"
	_ "encoding/xml"
	_ "net/http"
	_ "os/exec"
	_ "os/signal"
	_ "runtime/debug"

	_ "github.com/Masterminds/semver/v3"
	_ "github.com/agnivade/levenshtein"
	_ "github.com/bluekeyes/go-gitdiff/gitdiff"
	_ "github.com/bmatcuk/doublestar/v4"
	_ "github.com/nlnwa/whatwg-url/url"
	_ "github.com/rogpeppe/go-internal/diff"
	_ "github.com/spf13/cobra"
	_ "github.com/tailscale/hujson"
	_ "github.com/tdewolff/parse/v2/js"
	_ "go.yaml.in/yaml/v4"
	_ "golang.org/x/term"
	_ "mvdan.cc/sh/v3/syntax"
)

func main() {}
