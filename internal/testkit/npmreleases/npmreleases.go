// Package npmreleases fetches published packages from npm: each supported release of
// next-auth and of the packages that hold its files, and others for tests. Only tests and
// the maintainers' programs use it.
//
// releases.tsv pins these releases. npm fetches them, and only bytes with the pinned
// integrity hash are used.
package npmreleases

import (
	"archive/tar"
	"bytes"
	"cmp"
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

	"github.com/proxypatch/proxypatch/internal/line"
)

// Release is a published version.
type Release struct {
	Version   string
	Integrity string // "sha512-" and the hash in base64, as in a lock file
}

//go:embed releases.tsv
var table string

const header = "package\trelease\tintegrity\n"

// Pins returns all pinned releases, by package, oldest first.
func Pins() []Pin {
	pins, err := parse(table)
	if err != nil {
		panic(err) // a test reads the table
	}
	return pins
}

// All returns the pinned releases of the first line, oldest first.
func All() []Release { return Of(Pins(), line.All[0]) }

// Of returns the releases of next-auth that belong to a line.
func Of(pins []Pin, l *line.Line) []Release {
	return releases(pins, func(p Pin) bool {
		of, err := line.Of(p.Version)
		return p.Name == line.NextAuth && err == nil && of == l
	})
}

// Holding returns the releases of the package that holds a line's files.
func Holding(pins []Pin, l *line.Line) []Release {
	return releases(pins, func(p Pin) bool { return p.Name == l.Package && l.Holds(p.Version) })
}

func releases(pins []Pin, wanted func(Pin) bool) []Release {
	var found []Release
	for _, p := range pins {
		if wanted(p) {
			found = append(found, Release{p.Version, p.Integrity})
		}
	}
	return found
}

func parse(table string) ([]Pin, error) {
	rows, found := strings.CutPrefix(table, header)
	if !found {
		return nil, errors.New("releases.tsv: no header")
	}
	var pins []Pin
	for row := range strings.Lines(rows) {
		fields := strings.Split(strings.TrimSuffix(row, "\n"), "\t")
		if len(fields) != 3 {
			return nil, fmt.Errorf("releases.tsv: %q is not a row", row)
		}
		if _, err := semver.StrictNewVersion(fields[1]); err != nil {
			return nil, fmt.Errorf("releases.tsv: %q is not a row", row)
		}
		pins = append(pins, Pin{fields[0], fields[1], fields[2]})
	}
	return pins, nil
}

// Sort sorts pins by package, oldest first.
func Sort(pins []Pin) {
	slices.SortFunc(pins, func(a, b Pin) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), semver.MustParse(a.Version).Compare(semver.MustParse(b.Version)))
	})
}

// Format returns the table of pins.
func Format(pins []Pin) string {
	sorted := slices.Clone(pins)
	Sort(sorted)
	var b strings.Builder
	b.WriteString(header)
	for _, p := range sorted {
		fmt.Fprintf(&b, "%s\t%s\t%s\n", p.Name, p.Version, p.Integrity)
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

// Fetch returns the contents of releases of a package, in order. It fetches them like
// [Tarballs].
func Fetch(cache, name string, releases []Release) ([]Package, error) {
	pins := make([]Pin, len(releases))
	for i, r := range releases {
		pins[i] = Pin{name, r.Version, r.Integrity}
	}
	tarballs, err := Tarballs(cache, pins)
	if err != nil {
		return nil, err
	}
	packages := make([]Package, len(releases))
	for i, tarball := range tarballs {
		if packages[i], err = Unpack(tarball); err != nil {
			return nil, fmt.Errorf("%s %s: %w", name, releases[i].Version, err)
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
	const maxFile = 256 << 20 // some are programs
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
		content := make([]byte, entry.Size)
		if _, err := io.ReadFull(archive, content); err != nil {
			return nil, err
		}
		files[name] = content
	}
}
