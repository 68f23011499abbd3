// Package npmreleases fetches published packages from npm: each supported release of
// next-auth, and others for tests. Only tests and the maintainers' programs use it.
//
// releases.tsv pins the releases of next-auth. npm fetches them, and only bytes with the
// pinned integrity hash are used.
package npmreleases

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// Release is a published version.
type Release struct {
	Version   string
	Integrity string // "sha512-" and the hash in base64, as in a lock file
}

//go:embed releases.tsv
var table string

const header = "release\tintegrity\n"

// All returns the stable 4.x releases that proxypatch supports, oldest first.
func All() []Release {
	releases, err := parse(table)
	if err != nil {
		panic(err) // a test reads the table
	}
	return releases
}

func parse(table string) ([]Release, error) {
	rows, found := strings.CutPrefix(table, header)
	if !found {
		return nil, errors.New("releases.tsv: no header")
	}
	var releases []Release
	for row := range strings.Lines(rows) {
		version, integrity, found := strings.Cut(strings.TrimSuffix(row, "\n"), "\t")
		if _, err := semver.StrictNewVersion(version); err != nil || !found {
			return nil, fmt.Errorf("releases.tsv: %q is not a row", row)
		}
		releases = append(releases, Release{version, integrity})
	}
	return releases, nil
}

// Sort sorts releases, oldest first.
func Sort(releases []Release) {
	slices.SortFunc(releases, func(a, b Release) int {
		return semver.MustParse(a.Version).Compare(semver.MustParse(b.Version))
	})
}

// Format returns the table of releases, oldest first.
func Format(releases []Release) string {
	sorted := slices.Clone(releases)
	Sort(sorted)
	var b strings.Builder
	b.WriteString(header)
	for _, r := range sorted {
		fmt.Fprintf(&b, "%s\t%s\n", r.Version, r.Integrity)
	}
	return b.String()
}

// Package maps the paths in a released package to the contents of its files.
type Package map[string][]byte

// Pin identifies the bytes of a version of a package.
type Pin struct {
	Name      string // with its scope
	Version   string
	Integrity string // as in [Release]
}

// ErrUnavailable means that npm could not fetch a package.
var ErrUnavailable = errors.New("not available")

// Fetch returns the packages of releases, in order. It fetches them like [Tarballs].
func Fetch(cache string, releases []Release) ([]Package, error) {
	pins := make([]Pin, len(releases))
	for i, r := range releases {
		pins[i] = Pin{"next-auth", r.Version, r.Integrity}
	}
	tarballs, err := Tarballs(cache, pins)
	if err != nil {
		return nil, err
	}
	packages := make([]Package, len(releases))
	for i, tarball := range tarballs {
		if packages[i], err = Unpack(tarball); err != nil {
			return nil, fmt.Errorf("next-auth %s: %w", releases[i].Version, err)
		}
	}
	return packages, nil
}

// Tarballs returns the tarballs of pins, in order. npm fetches the missing ones into the
// directory cache, in one run. If it can't, the error is ErrUnavailable.
func Tarballs(cache string, pins []Pin) ([][]byte, error) {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	if err := download(cache, pins); err != nil {
		return nil, err
	}
	tarballs := make([][]byte, len(pins))
	for i, p := range pins {
		data, err := os.ReadFile(p.file(cache))
		if err != nil {
			return nil, err
		}
		if got := Integrity(data); got != p.Integrity {
			return nil, fmt.Errorf("%s %s: the integrity is %s, but %s is pinned", p.Name, p.Version, got, p.Integrity)
		}
		tarballs[i] = data
	}
	return tarballs, nil
}

// Integrity returns the integrity hash of a package's tarball.
func Integrity(tarball []byte) string {
	sum := sha512.Sum512(tarball)
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Write writes the package's files below dir with the modes that npm uses.
func (p Package) Write(dir string) error {
	for name, content := range p {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// file returns the path below cache where npm pack writes the tarball.
func (p Pin) file(cache string) string {
	name := strings.ReplaceAll(strings.TrimPrefix(p.Name, "@"), "/", "-")
	return filepath.Join(cache, name+"-"+p.Version+".tgz")
}

// download runs npm to fetch missing tarballs. It works in its own directory and
// renames complete files, so that several processes can run it at once.
func download(cache string, pins []Pin) error {
	args := []string{"pack", "--silent", "--pack-destination"}
	temp, err := os.MkdirTemp(cache, ".fetching-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	args = append(args, temp)
	var missing []Pin
	for _, p := range pins {
		if _, err := os.Stat(p.file(cache)); err != nil {
			missing = append(missing, p)
			args = append(args, p.Name+"@"+p.Version)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	cmd := exec.Command("npm", args...)
	cmd.Dir = temp
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: npm pack: %w\n%s", ErrUnavailable, err, bytes.TrimSpace(out))
	}
	for _, p := range missing {
		if err := os.Rename(p.file(temp), p.file(cache)); err != nil {
			return err
		}
	}
	return nil
}

// Unpack returns the files of a package's tarball.
func Unpack(tarball []byte) (Package, error) {
	const maxFile = 64 << 20 // some are programs
	unzipped, err := gzip.NewReader(bytes.NewReader(tarball))
	if err != nil {
		return nil, err
	}
	files := Package{}
	for archive := tar.NewReader(unzipped); ; {
		entry, err := archive.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		_, name, _ := strings.Cut(entry.Name, "/") // the folder is called package
		if entry.Typeflag != tar.TypeReg {
			continue
		}
		name = path.Clean(name) // some tools write ./name
		if !fs.ValidPath(name) || entry.Size > maxFile {
			return nil, fmt.Errorf("%s: not a file of a package", entry.Name)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			return nil, err
		}
		files[name] = content
	}
}
