package detect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
)

// maxManifest bounds how much of a package.json is read, in bytes. Real ones
// are a few thousand.
const maxManifest = 4 << 20

// manifest is what a package.json of an installed package says.
type manifest struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// projectManifest is what a package.json that a person writes says.
type projectManifest struct {
	Name                 string            `json:"name"`
	PackageManager       string            `json:"packageManager"`
	Workspaces           workspaces        `json:"workspaces"`
	Dependencies         map[string]string `json:"dependencies"`
	DevDependencies      map[string]string `json:"devDependencies"`
	OptionalDependencies map[string]string `json:"optionalDependencies"`
	PeerDependencies     map[string]string `json:"peerDependencies"`
	PNPM                 pnpmSettings      `json:"pnpm"`
}

// workspaces holds the globs of package.json's field of that name: a list, or
// an object with a list of packages, as yarn 1 has it.
type workspaces []string

func (w *workspaces) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, (*[]string)(w)) == nil {
		return nil
	}
	var object struct {
		Packages []string `json:"packages"`
	}
	_ = json.Unmarshal(data, &object) // a package manager would refuse it; there is no workspace then
	*w = object.Packages
	return nil
}

// allDependencies returns name and range of everything that may be installed
// for the package.
func (m *projectManifest) allDependencies() map[string]string {
	all := map[string]string{}
	for _, some := range []map[string]string{m.DevDependencies, m.OptionalDependencies, m.Dependencies} {
		maps.Copy(all, some)
	}
	return all
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
// fs.ErrNotExist if there is none, and is a *ManifestError if there is one that
// can't be used.
func readManifest(dir string) (*manifest, error) {
	m := &manifest{}
	return m, decodeManifest(dir, m)
}

// readProject reads dir/package.json as far as it can be used: a project's own
// files need not be in order to find what is installed. Its second result is
// whether there is one.
func readProject(dir string) (*projectManifest, bool) {
	m := &projectManifest{}
	err := decodeManifest(dir, m)
	return m, unusable(err) || there(err)
}

// unusable reports whether err says that a file is there, but of no use.
func unusable(err error) bool { return errors.As(err, new(*ManifestError)) }

// readOptional reads a small file that need not be there, nor be of use.
func readOptional(path string) (data []byte, found bool) {
	data, err := readSmall(path)
	return data, !unusable(err) && there(err)
}

func decodeManifest(dir string, into any) error {
	path := filepath.Join(dir, "package.json")
	data, err := readSmall(path)
	if err != nil {
		return err
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // npm takes a byte order mark, and some editors write one
	err = json.Unmarshal(data, into)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return &ManifestError{path, fmt.Errorf("does not describe a package: a %s stands where it should not", wrong.Value)}
	}
	if err != nil {
		return &ManifestError{path, fmt.Errorf("is not valid JSON: %w", err)}
	}
	return nil
}

// readSmall reads a regular file of at most maxManifest bytes. Anything else is
// a *ManifestError.
func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &ManifestError{path, errors.New("is not a regular file")}
	}
	if info.Size() > maxManifest {
		return nil, &ManifestError{path, fmt.Errorf("is larger than %d MB", maxManifest>>20)}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(file, data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}
