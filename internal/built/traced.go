package built

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/safefile"
)

// IsTop reports whether a directory is the top of standalone output, where Next.js put
// the packages that it traced. The server starts in it or, in a monorepo's output, in a
// directory of an app below it. It searches the directory, so call it only if files are
// missing. What can't be searched is not known to be standalone output.
func IsTop(dir string) bool {
	builds, _, err := Below(dir)
	return err == nil && slices.ContainsFunc(builds, func(b Build) bool {
		return b.Standalone && b.Top == "" && filepath.Join(dir, filepath.FromSlash(b.appDir())) == b.Dir
	})
}

const (
	manifest    = "required-server-files.json"
	maxManifest = 4 << 20 // bytes
)

// appDir returns the directory of the app, relative to the top of its standalone output
// and with slashes, as Next.js recorded it. It is "." if nothing else is known.
func (b *Build) appDir() string {
	var record struct {
		Dir string `json:"relativeAppDir"`
	}
	root, err := os.OpenRoot(b.Dir)
	if err != nil {
		return "."
	}
	defer root.Close()
	data, err := safefile.ReadIn(root, path.Join(b.Dist, manifest), maxManifest)
	if err != nil || json.Unmarshal(data, &record) != nil {
		return "."
	}
	return path.Clean(strings.ReplaceAll(record.Dir, `\`, "/"))
}
