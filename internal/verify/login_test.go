package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/line"
)

// What code, Node.js or a flag says of a URL is shown without its login.
func TestNoLoginIsShown(t *testing.T) {
	const url = "http://jane:hunter@proxy.test:3128"
	call := line.All[0].Calls.Kinds[0]
	said := func(a Answer) report { return report{answers: map[string]Answer{call.Kind: a}} }
	leaked := report{leaks: map[string][]string{call.Kind: {"child_process.execSync curl -x " + url, "jane:hunter@proxy.test:3128"}}}
	_, unknown := FindNode(t.Context(), url, t.TempDir(), 18)
	_, missing := FindNode(t.Context(), "./jane:hunter@x/node", t.TempDir(), 18)
	for name, text := range map[string]string{
		"an error":              judge(call, said(Answer{Error: "connect to " + url + " failed"}), nil).Detail,
		"an error of the proxy": judge(call, said(Answer{Error: "no " + url}), []string{call.Request}).Detail,
		"leaks":                 judge(call, leaked, nil).Detail,
		"stderr":                endOf(context.Background(), errors.New("exit status 1"), "x\nTypeError: Invalid URL "+url+"\n"),
		"--node":                fmt.Sprint(unknown),
		"--node, a path":        fmt.Sprint(missing),
	} {
		if text == "" || strings.Contains(text, "hunter") || strings.Contains(text, "jane") {
			t.Errorf("%s: shows %q", name, text)
		}
	}
	if !errors.Is(unknown, ErrNoNode) || !errors.Is(missing, ErrNoNode) {
		t.Errorf("got %v and %v", unknown, missing)
	}
}
