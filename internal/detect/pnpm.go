package detect

import (
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// pnpmGlobs returns the globs of packages in pnpm-workspace.yaml. A file with only
// settings has none.
func pnpmGlobs(dir string) ([]string, error) {
	settings, err := readPnpmWorkspace(dir)
	globs := settings.Packages
	isNegation := func(glob string) int { // negations always apply last
		if strings.HasPrefix(glob, "!") {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(globs, func(a, b string) int { return isNegation(a) - isNegation(b) })
	return globs, err
}

// pnpmPatches reports whether pnpm's settings in dir name a patch of a package.
func pnpmPatches(dir, name string) (bool, error) {
	m, _, err := readProject(dir)
	if err != nil {
		return false, err
	}
	settings, err := readPnpmWorkspace(dir)
	return settings.patch(name) || m.PNPM.patch(name), err
}

func (s pnpmSettings) patch(name string) bool {
	for key := range s.PatchedDependencies {
		if patched, _ := SplitSpec(key); patched == name {
			return true
		}
	}
	return false
}

// flat returns a package's name as stores and patch-package write it in one name.
func flat(name string) string { return strings.ReplaceAll(name, "/", "+") }

// SplitSpec splits a key such as next-auth@4.24.5 or @auth/core@0.41.3 into the name and
// the range.
func SplitSpec(key string) (name, releases string) {
	rest, scoped := strings.CutPrefix(key, "@")
	name, releases, _ = strings.Cut(rest, "@")
	if scoped {
		name = "@" + name
	}
	return name, releases
}

// pnpmSettings are the settings that detect needs from pnpm-workspace.yaml or from the
// field "pnpm" of package.json.
type pnpmSettings struct {
	Packages            []string       `yaml:"packages" json:"-"`
	PatchedDependencies map[string]any `yaml:"patchedDependencies" json:"patchedDependencies"`
}

// maxSettings limits the size of a pnpm-workspace.yaml, in bytes.
const maxSettings = 256 << 10

// readPnpmWorkspace reads pnpm-workspace.yaml. The settings are empty if pnpm itself
// would refuse the file.
func readPnpmWorkspace(dir string) (settings pnpmSettings, err error) {
	data, err := system.readFile(filepath.Join(dir, "pnpm-workspace.yaml"), maxSettings)
	if isIrregular(err) {
		return pnpmSettings{}, nil
	}
	if found, err := there(err); !found {
		return pnpmSettings{}, err
	}
	// Checking for duplicate names would take quadratic time.
	if yaml.Load(data, &settings, yaml.WithV3Defaults(), yaml.WithUniqueKeys(false)) != nil {
		return pnpmSettings{}, nil
	}
	return settings, nil
}
