package nodetest

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/npm"
)

// Registry serves packages as an npm registry does until the test ends. It returns its address, which ends with a slash.
// An install from it uses no other network.
func Registry(t testing.TB, tarballs [][]byte) string {
	t.Helper()
	r := &registry{documents: map[string]*packument{}, tarballs: map[string][]byte{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.address = server.URL + "/"
	for _, tarball := range tarballs {
		if err := r.add(tarball); err != nil {
			t.Fatal(err)
		}
	}
	return r.address
}

type registry struct {
	address   string
	documents map[string]*packument // by the package's name
	tarballs  map[string][]byte     // by path
}

// packument is a registry's document on a package. The full document is also a valid answer to requests for the
// abbreviated one.
type packument struct {
	Name     string               `json:"name"`
	DistTags map[string]string    `json:"dist-tags"`
	Versions map[string]manifest  `json:"versions"`
	Time     map[string]time.Time `json:"time"`
}

type manifest map[string]any

// published is the date of all versions, old enough for package managers that distrust new ones.
var published = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func (r *registry) add(tarball []byte) error {
	files, err := npmreleases.Unpack(tarball)
	if err != nil {
		return err
	}
	m := manifest{}
	if err := json.Unmarshal(files["package.json"], &m); err != nil {
		return err
	}
	name, version := fmt.Sprint(m["name"]), fmt.Sprint(m["version"])
	file := fmt.Sprintf("%s/-/%s-%s.tgz", name, path.Base(name), version)
	sum := sha1.Sum(tarball)
	m["dist"] = map[string]string{
		"tarball": r.address + file, "integrity": npmreleases.Integrity(tarball), "shasum": hex.EncodeToString(sum[:]),
	}
	r.tarballs["/"+file] = tarball
	return r.document(name).add(version, m)
}

func (r *registry) document(name string) *packument {
	if r.documents[name] == nil {
		r.documents[name] = &packument{
			Name: name, DistTags: map[string]string{}, Versions: map[string]manifest{},
			Time: map[string]time.Time{"created": published, "modified": published},
		}
	}
	return r.documents[name]
}

// add adds a version; the highest one is the latest.
func (p *packument) add(version string, m manifest) error {
	v, err := semver.StrictNewVersion(version)
	if err != nil {
		return err
	}
	if latest := p.DistTags["latest"]; latest == "" || v.GreaterThan(semver.MustParse(latest)) {
		p.DistTags["latest"] = version
	}
	p.Versions[version], p.Time[version] = m, published
	return nil
}

func (r *registry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if tarball, found := r.tarballs[request.URL.Path]; found {
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(tarball)
		return
	}
	document, found := r.documents[strings.TrimPrefix(request.URL.Path, "/")]
	if !found {
		http.NotFound(w, request)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(document)
}

// Pack returns the tarball of a package for tests, from its manifest as JSON and its other files. Equal packages have equal
// tarballs. All files are executable, so that any of them can be a command.
func Pack(t testing.TB, manifest string, files map[string]string) []byte {
	t.Helper()
	all := []npm.File{{Path: "package.json", Mode: 0o755, Data: []byte(manifest)}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		all = append(all, npm.File{Path: name, Mode: 0o755, Data: []byte(files[name])})
	}
	tarball, err := npm.Archive(all)
	if err != nil {
		t.Fatal(err)
	}
	return tarball
}
