package buildcache

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

// ConfigNames are the names that Next.js 14 to 16 reads, and names that people expect
// to work.
var ConfigNames = []string{"next.config.js", "next.config.mjs", "next.config.cjs", "next.config.ts", "next.config.mts"}

const (
	// DefaultDistDir is the build directory of an app that sets none.
	DefaultDistDir = ".next"
	// maxConfig limits the size of a configuration file, in bytes.
	maxConfig = 1 << 20
	// maxConfigs limits the files of one configuration.
	maxConfigs = 30
)

// DistDir returns the app's build directory, relative to the app and with slashes, or
// why it is unknown unless the configuration is run.
func DistDir(root *os.Root) (dir, unknown string) {
	var names []string
	for _, name := range ConfigNames {
		if _, err := root.Lstat(name); !errors.Is(err, fs.ErrNotExist) { // reading the file reports other errors
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return DefaultDistDir, ""
	}
	files, unknown := readConfigs(root, names)
	if unknown != "" {
		return "", unknown
	}
	return chooseDistDir(files)
}

// configFile is one file of a configuration.
type configFile struct {
	name string
	text []byte
}

var (
	imported = lazyregexp.Compile(`\b(?:from|import|require)\s*\(?\s*["'` + "`" + `]([^"'` + "`" + `]*)["'` + "`" + `]`)
	computed = lazyregexp.Compile(`\b(?:import|require)\s*\(\s*[^"'` + "`" + `\s)]`)
	nx       = lazyregexp.Compile(`@(?:nx|nrwl)/next`)
)

// readConfigs reads the named files and the app's own files that they import, because
// any of them may set distDir. It does not look into packages, but it knows that Nx's
// sets distDir.
func readConfigs(root *os.Root, names []string) (files []configFile, unknown string) {
	for i := 0; i < len(names); i++ {
		name := names[i]
		text, err := safefile.ReadIn(root, name, maxConfig)
		if safefile.Absent(err) && isGone(root, name) {
			continue
		}
		if err != nil {
			return nil, fmt.Sprintf("%s can't be read: %v", name, Cause(root, err))
		}
		files = append(files, configFile{name, text})
		switch {
		case len(names) > maxConfigs:
			return nil, name + " imports too many files to check"
		case nx().Match(text):
			return nil, name + " uses Nx, which sets distDir"
		case computed().Match(text):
			return nil, name + " imports a file by a computed name, which may set distDir"
		}
		for _, m := range imported().FindAllSubmatch(text, -1) {
			next, own := resolve(root, path.Dir(name), string(m[1]))
			if own && next == "" {
				return nil, fmt.Sprintf("%s imports %s, which may set distDir", name, m[1])
			}
			if own && !slices.Contains(names, next) {
				names = append(names, next)
			}
		}
	}
	return files, ""
}

// resolve returns the file that an import names; empty if the app has no such file.
// own reports whether the import names a file of the project and not a package.
func resolve(root *os.Root, dir, spec string) (name string, own bool) {
	if !strings.HasPrefix(spec, ".") {
		alias := spec == "" || strings.HasPrefix(spec, "@/") || strings.ContainsAny(spec[:1], "/~#$")
		return "", alias
	}
	at := path.Join(dir, spec)
	typed := strings.TrimSuffix(at, path.Ext(at)) + strings.Replace(path.Ext(at), "js", "ts", 1)
	for _, name := range []string{
		at, at + ".js", at + ".mjs", at + ".cjs", at + ".ts", at + ".mts", at + ".cts", at + ".json", typed,
		at + "/index.js", at + "/index.mjs", at + "/index.cjs", at + "/index.ts", at + "/index.mts", at + "/index.json",
	} {
		if !fs.ValidPath(name) {
			continue // above the app
		}
		if info, err := root.Stat(filepath.FromSlash(name)); err == nil && info.Mode().IsRegular() {
			return name, true
		}
	}
	return "", true
}

const property = "distDir"

// chooseDistDir returns the literal distDir of the configuration, or the default if
// there is none.
func chooseDistDir(files []configFile) (dir, unknown string) {
	var value, setBy string
	for _, file := range files {
		if !bytes.Contains(file.text, []byte(property)) {
			continue
		}
		literal, found, ok := literalDistDir(file.text)
		if !found {
			continue
		}
		if !ok || setBy != "" || !slices.Contains(ConfigNames, file.name) {
			return "", file.name + " computes distDir"
		}
		value, setBy = literal, file.name
	}
	if setBy == "" {
		return DefaultDistDir, ""
	}
	dir = path.Clean(filepath.ToSlash(value))
	if dir == "." || !filepath.IsLocal(filepath.FromSlash(dir)) {
		return "", fmt.Sprintf("%s sets distDir to %s, which is outside the app", setBy, value)
	}
	return dir, ""
}

// isGone reports whether nothing has that name, not even a broken link.
func isGone(root *os.Root, name string) bool {
	_, err := root.Lstat(filepath.FromSlash(name))
	return safefile.Absent(err)
}
