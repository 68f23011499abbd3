package doctor

import (
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/doctor/proxyenv"
	"github.com/proxypatch/proxypatch/internal/hint"
)

// pacWords says what a PAC file is, after the name of the variable that has it.
func pacWords(pac proxyenv.PAC) string {
	what := "names a PAC file"
	if pac.Content {
		what = "contains the text of a PAC file"
	}
	return what + ", a script that browsers run to choose a proxy; Node.js and the patch need the proxy itself"
}

// pacHint says how to find the proxy in a PAC file, for the variable name.
func pacHint(name string, pac proxyenv.PAC) hint.Hint {
	switch {
	case pac.Direct && !slices.Contains(proxyenv.Common, strings.ToLower(name)):
		return hint.To("to use no proxy", "export "+name+"=direct")
	case pac.Direct:
		return hint.To("to use no proxy", "unset "+name)
	case pac.Proxy != "":
		return hint.Run("export " + name + "=" + pac.Proxy)
	}
	look := hint.Text("find PROXY HOST:PORT in the file, which a browser or an editor shows, and ")
	choose := hint.Text("if it chooses between proxies, run px, a local proxy that reads such files: ")
	return hint.Join(look, hint.Keep("export "+name+"=http://HOST:PORT")).Or(hint.Join(choose, hint.Keep("px --pac=URL")))
}
