package detect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/exactjson"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

// maxManifest limits the size of a package.json, in bytes. Real ones have a few
// thousand.
const maxManifest = 4 << 20

// maxWord limits the length of a name and of a version, in bytes. The registry accepts
// names of 214 and versions of 256.
const maxWord = 256

// manifest is the package.json of an installed package.
type manifest struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// projectManifest is the package.json of a project, which people write.
type projectManifest struct {
	Name                 string            `json:"name"`
	PackageManager       string            `json:"packageManager"`
	DevEngines           devEngines        `json:"devEngines"`
	Workspaces           workspaces        `json:"workspaces"`
	Dependencies         map[string]string `json:"dependencies"`
	DevDependencies      map[string]string `json:"devDependencies"`
	OptionalDependencies map[string]string `json:"optionalDependencies"`
	PeerDependencies     map[string]string `json:"peerDependencies"`
	Scripts              map[string]string `json:"scripts"`
	PNPM                 pnpmSettings      `json:"pnpm"`
	PatchedDependencies  map[string]any    `json:"patchedDependencies"`
	Resolutions          map[string]any    `json:"resolutions"`
}

// workspaces holds the globs of the field "workspaces": a list or, for yarn 1, an
// object with a list "packages".
type workspaces []string

func (w *workspaces) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, (*[]string)(w)) == nil {
		return nil
	}
	var object struct {
		Packages []string `json:"packages"`
	}
	_ = json.Unmarshal(data, &object) // package managers refuse anything else, so there is no workspace
	*w = object.Packages
	return nil
}

// devEngines holds what a project needs for its development.
type devEngines struct {
	PackageManager engines `json:"packageManager"`
}

// engines are an object or a list of objects.
type engines []engine

func (e *engines) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, (*[]engine)(e)) == nil {
		return nil
	}
	var one engine
	_ = json.Unmarshal(data, &one) // package managers refuse anything else
	*e = engines{one}
	return nil
}

// allDependencies returns the names and ranges of all dependencies except peers.
func (m *projectManifest) allDependencies() map[string]string {
	all := map[string]string{}
	for _, some := range []map[string]string{m.DevDependencies, m.OptionalDependencies, m.Dependencies} {
		maps.Copy(all, some)
	}
	return all
}

// onlyDevelopment returns the names of the dependencies that an install without
// devDependencies omits. npm installs a project's own peers.
func (m *projectManifest) onlyDevelopment() map[string]bool {
	only := map[string]bool{}
	for name := range m.DevDependencies {
		only[name] = true
	}
	for _, some := range []map[string]string{m.Dependencies, m.OptionalDependencies, m.PeerDependencies} {
		for name := range some {
			delete(only, name)
		}
	}
	return only
}

// namesNext reports whether the package depends on next in any way, or has a script
// that runs it. A package may use next without a dependency if next is a peer of
// another package.
func (m *projectManifest) namesNext() bool {
	for _, some := range []map[string]string{m.allDependencies(), m.PeerDependencies} {
		if _, named := some["next"]; named {
			return true
		}
	}
	for _, script := range m.Scripts {
		if slices.ContainsFunc(strings.Fields(script), isNext) {
			return true
		}
	}
	return false
}

// isNext reports whether a word of a script is next, also with a version, and as Deno
// names it: npm:next@15.
func isNext(word string) bool {
	name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(word, "npm:"), "/"), "@")
	return name == "next"
}

// ManifestError says which package.json can't be used, and why.
type ManifestError struct {
	Path string
	Err  error
}

func (e *ManifestError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Unwrap returns the cause.
func (e *ManifestError) Unwrap() error { return e.Err }

// readManifest reads the package.json of an installed package. The error wraps
// fs.ErrNotExist if the file does not exist, and is a *ManifestError if it can't be
// used.
func readManifest(dir string) (*manifest, error) {
	return readManifestIn(dir, nil)
}

// readManifestIn does what readManifest does. The file is among files, unless they are nil.
func readManifestIn(dir string, files fs.FS) (*manifest, error) {
	m := &manifest{}
	err := decodeManifestIn(dir, files, m)
	if err == nil && len(m.Name) > maxWord {
		err = &ManifestError{filepath.Join(dir, "package.json"), fmt.Errorf("has a name of %d bytes, which is too long", len(m.Name))}
	}
	if err == nil && len(m.Version) > maxWord {
		err = &ManifestError{filepath.Join(dir, "package.json"), fmt.Errorf("has a version of %d bytes, which is too long", len(m.Version))}
	}
	return m, err
}

// readProject reads what it can of dir/package.json. The manifest is empty if the file
// is missing or broken, because installed packages can be found without it.
func readProject(dir string) (m *projectManifest, found bool, err error) {
	m = &projectManifest{}
	err = decodeManifest(dir, m)
	if unusable(err) {
		return m, true, nil
	}
	found, err = there(err)
	return m, found, err
}

// unusable reports whether err says that a file exists but can't be used.
func unusable(err error) bool { return errors.As(err, new(*ManifestError)) }

func decodeManifest(dir string, into any) error { return decodeManifestIn(dir, nil, into) }

func decodeManifestIn(dir string, files fs.FS, into any) error {
	path := filepath.Join(dir, "package.json")
	data, err := readSmallIn(files, path)
	if err != nil {
		return err
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // npm accepts a byte order mark, and some editors write one
	err = exactjson.Unmarshal(data, into)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return &ManifestError{path, fmt.Errorf("does not describe a package: unexpected %s", wrong.Value)}
	}
	if err != nil {
		return &ManifestError{path, fmt.Errorf("is not valid JSON: %w", err)}
	}
	return nil
}

// readSmall reads a regular file of at most maxManifest bytes. Anything else is
// a *ManifestError.
func readSmall(path string) ([]byte, error) { return readSmallIn(nil, path) }

// readSmallIn does what readSmall does for a file at the top of files, unless they are nil.
func readSmallIn(files fs.FS, path string) (data []byte, err error) {
	if files != nil {
		data, _, err = safefile.ReadFrom(files, filepath.Base(path), maxManifest)
	} else {
		data, err = system.readFile(path, maxManifest)
	}
	if isIrregular(err) {
		return nil, &ManifestError{path, err}
	}
	return data, err
}
