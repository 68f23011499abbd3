package releases

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/prooftest"
)

// TestRequestsReachTheProxy requires that a sign-in's requests reach the proxy and
// succeed with the patch, and that none reaches it without the patch and after a
// revert.
func TestRequestsReachTheProxy(t *testing.T) {
	all := []string{
		"CONNECT graph.microsoft.com:443", "CONNECT idp.corp.test:443",
		"GET graph.microsoft.com/v1.0/me/photos/48x48/$value",
		"GET idp.corp.test/.well-known/openid-configuration",
		"GET idp.corp.test/jwks", "GET idp.corp.test/userinfo", "POST idp.corp.test/token",
	}
	agents := []string{"agent-7.0.6"}
	if gate.Wanted(t, "releases") {
		agents = append(agents, "agent-5.0.1", "agent-9.1.0")
	}
	for _, agent := range agents {
		t.Run(agent, func(t *testing.T) {
			network := prooftest.NewNetwork(t)
			project := nodetest.Copy(t, agent)

			if got := signIn(t, network, project); got.Error == "" || len(network.Seen()) > 0 {
				t.Errorf("unpatched: got %+v, proxy saw %q", got, network.Seen())
			}

			clitest.Must(t, "-C", project)
			want := signedIn{Subject: "user-1", User: "Ada", Image: "data:image/jpeg;base64, cGhvdG8="}
			if diff := cmp.Diff(want, signIn(t, network, project)); diff != "" {
				t.Errorf("patched (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(all, network.Seen()); diff != "" {
				t.Errorf("patched, seen by the proxy (-want +got):\n%s", diff)
			}

			clitest.Must(t, "-C", project, "revert")
			network.Forget()
			if got := signIn(t, network, project); got.Error == "" || len(network.Seen()) > 0 {
				t.Errorf("reverted: got %+v, proxy saw %q", got, network.Seen())
			}
		})
	}
}

// With https-proxy-agent 5, the tutorial's diffs still work, except for the photo:
// fetch accepts no agent since Node.js 18.
func TestTutorialReachesTheProxy(t *testing.T) {
	network := prooftest.NewNetwork(t)
	project := nodetest.Copy(t, "agent-5.0.1")
	clitest.Must(t, "-C", project, "--set", "tutorial")
	if got := signIn(t, network, project); got.Error == "" {
		t.Errorf("the photo did not fail: %+v", got)
	}
	want := []string{
		"CONNECT idp.corp.test:443", "GET idp.corp.test/.well-known/openid-configuration",
		"GET idp.corp.test/jwks", "GET idp.corp.test/userinfo", "POST idp.corp.test/token",
	}
	if diff := cmp.Diff(want, network.Seen()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// signedIn is the output of prooftest's sign-in.js.
type signedIn struct{ Subject, User, Image, Error, Cause string }

// signIn runs a sign-in in the project.
func signIn(t *testing.T, network *prooftest.Network, project string) signedIn {
	t.Helper()
	cmd := network.Command(t, "sign-in.js")
	cmd.Dir = project
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got signedIn
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return got
}
