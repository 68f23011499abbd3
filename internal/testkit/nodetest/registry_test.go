package nodetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
)

func TestRegistry(t *testing.T) {
	old := Pack(t, `{"name": "@scope/tool", "version": "9.0.0", "bin": "run.js"}`, map[string]string{"run.js": "run"})
	newer := Pack(t, `{"name": "@scope/tool", "version": "10.0.0"}`, nil)
	address := Registry(t, [][]byte{newer, old})

	var document struct {
		DistTags map[string]string `json:"dist-tags"`
		Versions map[string]struct {
			Bin  string
			Dist struct{ Tarball, Integrity string }
		}
	}
	_, body := get(t, address+"@scope%2ftool") // the URL that package managers request
	if err := json.Unmarshal(body, &document); err != nil {
		t.Fatal(err)
	}
	if got := document.DistTags["latest"]; got != "10.0.0" {
		t.Errorf("the latest is %q", got)
	}
	version := document.Versions["9.0.0"]
	if !strings.HasPrefix(version.Dist.Tarball, address) || version.Bin != "run.js" || version.Dist.Integrity != npmreleases.Integrity(old) {
		t.Errorf("got %+v", version)
	}
	if _, tarball := get(t, version.Dist.Tarball); !bytes.Equal(tarball, old) {
		t.Error("the tarball is another one")
	}
	if status, _ := get(t, address+"react"); status != http.StatusNotFound {
		t.Errorf("a package that is not there: %d", status)
	}
}

func TestPackIsReproducible(t *testing.T) {
	pack := func() []byte {
		return Pack(t, `{"name": "tool", "version": "1.0.0"}`, map[string]string{"b.js": "b", "a/c.js": "c"})
	}
	if !bytes.Equal(pack(), pack()) {
		t.Error("equal packages have different tarballs")
	}
	files, err := npmreleases.Unpack(pack())
	if err != nil {
		t.Fatal(err)
	}
	want := npmreleases.Package{"package.json": []byte(`{"name": "tool", "version": "1.0.0"}`), "b.js": []byte("b"), "a/c.js": []byte("c")}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPinned(t *testing.T) {
	pins, err := pinned([]byte(`{"packages": {
		"": {"dependencies": {"a": "1"}},
		"node_modules/@scope/a": {"version": "1.0.0", "integrity": "sha512-a"},
		"node_modules/b/node_modules/@scope/a": {"version": "1.0.0", "integrity": "sha512-a"},
		"node_modules/alias": {"name": "c", "version": "2.0.0", "integrity": "sha512-c"}
	}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []npmreleases.Pin{{Name: "@scope/a", Version: "1.0.0", Integrity: "sha512-a"}, {Name: "c", Version: "2.0.0", Integrity: "sha512-c"}}
	if diff := cmp.Diff(want, pins); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func get(t *testing.T, url string) (int, []byte) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}
