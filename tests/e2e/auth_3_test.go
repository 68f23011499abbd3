package e2e

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// providersOf3 are the ones of testdata/auth-3.
var providersOf3 = map[string]provider{
	"idp":     {arrives: []string{"GET idp.corp.test/me", "POST idp.corp.test/token"}},
	"twitter": providers["twitter"],
}

// oldNode is the oldest Node.js that the helper works with.
const oldNode = "old-node-16"

// TestAuth3 signs in to apps of Next.js 12 with next-auth 3 and 4.0.0: unpatched, patched,
// and reverted. check --built must agree with the sign-ins. The build is always the same,
// because it loads what is installed. Node.js 16 runs the patched app, too.
func TestAuth3(t *testing.T) {
	needE2E(t)
	t.Parallel()
	identity := startIdentityProvider(t)
	for _, release := range []string{"3.29.10", "4.0.0"} {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			n := newAuth3App(t, release)
			n.build(t)
			n.judge(t, "unpatched", clitest.Pending)
			n.startWith(t, nodetest.Node(t), identity).failsUnseen(t, "ENOTFOUND")

			proxypatch(t, n.dir)
			n.judge(t, "patched", clitest.OK)
			a := n.startWith(t, nodetest.Node(t), identity)
			a.succeeds(t)
			a.failsWithoutProxy(t)
			n.startWith(t, nodetest.PinnedNode(t, oldNode), identity).succeeds(t)

			proxypatch(t, n.dir, "revert")
			n.judge(t, "reverted", clitest.Pending)
			n.startWith(t, nodetest.Node(t), identity).failsUnseen(t, "ENOTFOUND")
		})
	}
}

// TestAuth3Bundled builds an app whose bundle has next-auth 3 itself, before the patch,
// with it and after a revert.
func TestAuth3Bundled(t *testing.T) {
	gate.NeedAll(t, "e2e")
	t.Parallel()
	identity := startIdentityProvider(t)
	n := newAuth3App(t, "3.29.10")
	n.build(t, "BUNDLED=1")
	n.judge(t, "unpatched", clitest.Pending)
	n.startWith(t, nodetest.Node(t), identity).failsUnseen(t, "ENOTFOUND")

	proxypatch(t, n.dir)
	n.judge(t, "patched, but not built again", clitest.Pending)
	n.startWith(t, nodetest.Node(t), identity).failsUnseen(t, "ENOTFOUND")
	n.build(t, "BUNDLED=1")
	n.judge(t, "patched", clitest.OK)
	n.startWith(t, nodetest.Node(t), identity).succeeds(t)

	proxypatch(t, n.dir, "revert")
	n.judge(t, "reverted, but not built again", clitest.OK)
}

// newAuth3App installs the app with one of the releases that the npm project has.
func newAuth3App(t *testing.T, release string) *nextApp {
	t.Helper()
	dir := nodetest.Copy(t, "next-12-auth-3")
	must(t, nodetest.CopyTree("testdata/auth-3", dir))
	installed := filepath.Join(dir, "node_modules", "next-auth")
	other := installed + "-4.0.0"
	if release == "4.0.0" {
		must(t, os.RemoveAll(installed))
		must(t, os.Rename(other, installed))
	} else {
		must(t, os.RemoveAll(other))
	}
	return &nextApp{dir: dir, providers: providersOf3}
}

// startWith starts the app with a Node.js.
func (n *nextApp) startWith(t *testing.T, node string, identity *url.URL) *app {
	t.Helper()
	network := newNetwork(t, identity)
	a := n.launch(t, network, node, environment(network, network.Proxy()), "", false)
	a.visits = true
	return a
}
