package probe

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// answer is what a server answers to discovery.
type answer struct {
	status int
	body   string
}

// answers returns an answer with every status, and bodies of all kinds.
func answers() []answer {
	all := []answer{
		{400, `{"error":"invalid_tenant","error_description":"AADSTS90002"}`},
		{404, `{"error":"Realm does not exist"}`},
		{500, `{"error":{"code":"server_error"}}`},
		{500, `{"error":"hunter"}`},
		{502, `<html>`},
		{403, "{"},
	}
	for _, body := range []string{"", " ", "null", "{}", "[]", `"x"`, "1", "<html>", "\r\n\t <!DOCTYPE html>", "hello", "\ufeff{}", `{"a":1`, `{"error":"invalid_tenant"}`, `{"issuer":""}`, `{"issuer":1}`} {
		all = append(all, answer{http.StatusOK, body})
	}
	for status := 201; status < 600; status++ {
		all = append(all, answer{status, ""})
	}
	return all
}

// TestLog requires that openid-client throws what doctor says that next-auth will log. The quick loop
// asks the newest openid-client and Node.js.
func TestLog(t *testing.T) {
	t.Parallel()
	all := answers()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		var i int
		if _, err := fmt.Sscanf(request.URL.Path, "/%d/", &i); err != nil {
			t.Error(err)
			return
		}
		w.WriteHeader(all[i].status)
		_, _ = w.Write([]byte(all[i].body))
	}))
	defer server.Close()
	releases, nodes := []string{"5.7.1"}, []string{"node-26"}
	if gate.Wanted(t, "nodes") {
		releases, nodes = append(releases, "5.0.2"), append(nodes, "node-18")
	}
	for _, release := range releases {
		for _, node := range nodes {
			said := 0
			for i, thrown := range discover(t, release, node, server.URL, len(all)) {
				r := Result{Status: all[i].status}
				r.read([]byte(all[i].body))
				if r.Found || !strings.HasPrefix(thrown, r.Log) {
					t.Errorf("openid-client %s on %s, %v: got %q, it throws %q", release, node, all[i], r.Log, thrown)
				}
				if r.Log != "" {
					said++
				}
			}
			if said < len(all)-10 {
				t.Errorf("only %d of %d answers have a text", said, len(all))
			}
		}
	}
}

// discover returns what openid-client throws for each answer of a server.
func discover(t *testing.T, release, node, url string, count int) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), nodetest.PinnedNode(t, node), "-e", `
		const [url, count] = process.argv.slice(1);
		const { Issuer } = require("openid-client");
		const sign = async i => new (await Issuer.discover(url + "/" + i)).Client({ client_id: "x" }).authorizationUrl();
		(async () => {
			const thrown = [];
			for (let i = 0; i < count; i++) await sign(i).catch(error => (thrown[i] = error.message));
			console.log(JSON.stringify(thrown));
		})();`, url, fmt.Sprint(count))
	cmd.Dir, cmd.Stderr = nodetest.Project(t, "deps-openid-client-"+release), os.Stderr
	cmd.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(cmd.Dir, "node_modules"), "http_proxy=")
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var thrown []string
	if err := json.Unmarshal(output, &thrown); err != nil {
		t.Fatal(err)
	}
	return thrown
}
