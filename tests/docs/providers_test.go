package docs

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/internal/testkit/prooftest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// newRelease is the release of next-auth whose providers are documented.
const newRelease = "4.24.15"

// TestProviderHostsAreDocumented compares the table of docs/providers.md with the hosts in the released providers.
func TestProviderHostsAreDocumented(t *testing.T) {
	documented, files := map[string]string{}, map[string]bool{}
	for _, section := range repotest.Document(t, "docs/providers.md") {
		if section.Title != "Every provider" {
			continue
		}
		for _, row := range section.Rows[1:] {
			documented[row[0]] = row[1]
			if _, file, found := strings.Cut(row[2], ": "); found {
				files[file] = true
			}
		}
	}
	hosts := map[string]string{}
	for id, names := range providerHosts(t) {
		hosts[id] = strings.Join(names, ", ")
	}
	if diff := cmp.Diff(hosts, documented); diff != "" {
		t.Errorf("(-next-auth %s +documented):\n%s", newRelease, diff)
	}
	patched := map[string]bool{}
	for _, call := range prooftest.NextAuth.Calls.Kinds {
		if strings.HasPrefix(call.File, "providers/") {
			patched[call.File] = true
		}
	}
	if diff := cmp.Diff(patched, files); diff != "" {
		t.Errorf("own requests (-patched +documented):\n%s", diff)
	}
}

// providerHosts asks the released code, in Node.js, for the hosts of each provider.
func providerHosts(t *testing.T) map[string][]string {
	t.Helper()
	dir := t.TempDir()
	if err := releasedNextAuth(t).Write(dir); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(nodetest.Node(t), "testdata/hosts.js", filepath.Join(dir, "providers")).Output()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	if len(found) < 60 {
		t.Errorf("only %d providers were found", len(found))
	}
	for _, names := range found {
		for i, name := range names {
			names[i] = strings.NewReplacer("issuer", "the issuer's", "tenant.", "TENANT.").Replace(name)
		}
	}
	return found
}

// releasedNextAuth returns next-auth of newRelease as published.
func releasedNextAuth(t *testing.T) npmreleases.Package {
	t.Helper()
	for _, tarball := range nodetest.Tarballs(t, "layouts") {
		files, err := npmreleases.Unpack(tarball)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(files["package.json"]), fmt.Sprintf("\"version\": %q", newRelease)) && files[prooftest.NextAuth.Calls.Always] != nil {
			return files
		}
	}
	t.Fatalf("no next-auth %s among the packages", newRelease)
	return nil
}
