package detect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxManifest bounds how much of a package.json is read, in bytes. Real ones
// are a few thousand.
const maxManifest = 4 << 20

type manifest struct {
	Name           string `json:"name"`
	Version        string `json:"version"`
	PackageManager string `json:"packageManager"`
}

// ManifestError says which package.json can't be used, and why.
type ManifestError struct {
	Path string
	Err  error
}

func (e *ManifestError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Unwrap returns the cause.
func (e *ManifestError) Unwrap() error { return e.Err }

// readManifest reads dir/package.json. The error wraps fs.ErrNotExist if there
// is none, and is a *ManifestError if there is one that can't be used.
func readManifest(dir string) (*manifest, error) {
	path := filepath.Join(dir, "package.json")
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
	m := &manifest{}
	err = json.Unmarshal(data, m)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return nil, &ManifestError{path, fmt.Errorf("does not describe a package: a %s stands where it should not", wrong.Value)}
	}
	if err != nil {
		return nil, &ManifestError{path, fmt.Errorf("is not valid JSON: %w", err)}
	}
	return m, nil
}
