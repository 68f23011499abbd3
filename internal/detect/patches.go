package detect

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/printable"
)

// ForeignPatch is a patch of a package with files of next-auth that another tool applies at
// installs.
type ForeignPatch struct {
	Package string // its name; empty for patch-package
	Tool    string // as a person calls it
	File    string // the file with the patch, from the workspace's root, with slashes
	Field   string // the setting that names it; empty for patch-package
	Entry   string // its key in there
	In      string // the file with the setting, as the user would type it
	Runs    bool   // the project runs the tool, as far as its package.json files say

	releases string // the range that it is for; empty for all
	folder   string // the name in node_modules that npm looks for; empty if that does not matter
	dir      string // the real directory of the package that patch-package changes
}

// PatchPackage is the tool that applies its patches to packages that are in place.
const PatchPackage = "patch-package"

// MaxPatches limits the patches of a workspace: each is read.
const MaxPatches = 100

// PatchesError says that a project has too many patches to judge them.
type PatchesError struct{ Path string }

func (e *PatchesError) Error() string {
	return fmt.Sprintf("%s: has more than %d patches of next-auth", e.Path, MaxPatches)
}

// Name returns the key of the entry, for messages. Keys may be URLs with a password.
func (f *ForeignPatch) Name() string { return printable.WithoutTokens(f.Entry) }

// Concerns reports whether the patch is for a copy.
func (f *ForeignPatch) Concerns(c *Install) bool {
	if f.Tool == PatchPackage {
		return f.dir == c.Dir
	}
	if f.Package != c.Package() || f.folder != "" && !strings.HasSuffix(filepath.ToSlash(c.Dir), "/node_modules/"+f.folder) {
		return false
	}
	return Covers(f.releases, c.Version())
}

// Covers reports whether a range of releases has a release. In doubt, it has.
func Covers(releases, release string) bool {
	constraint, err := semver.NewConstraint(releases)
	if releases == "" || err != nil {
		return true
	}
	v, err := semver.StrictNewVersion(release)
	return err == nil && constraint.Check(v)
}

// ForeignPatches returns the patches of such packages that the workspace's settings name.
// The error may be a *PatchesError.
func (w *Workspace) ForeignPatches() ([]ForeignPatch, error) {
	root, _, err := readProject(w.Root().Dir)
	if err != nil {
		return nil, err
	}
	all := w.resolved(root)
	switch w.Manager {
	case PNPM:
		settings, err := readPnpmWorkspace(w.Root().Dir)
		if err != nil {
			return nil, err
		}
		all = append(all, w.patched("pnpm-workspace.yaml", settings.PatchedDependencies)...)
		all = append(all, w.patched("package.json", root.PNPM.PatchedDependencies)...)
	case NPM, Bun:
		all = append(all, w.patched("package.json", root.PatchedDependencies)...)
	}
	kept, err := w.keptByPatchPackage()
	all = append(all, kept...)
	if len(all) > MaxPatches {
		return nil, &PatchesError{w.Display(w.Root().Dir)}
	}
	return all, err
}

// NamesPatches reports whether the root's package.json names patches as npm 12 and bun read
// them.
func (w *Workspace) NamesPatches() bool {
	root, _, err := readProject(w.Root().Dir)
	return err == nil && len(root.PatchedDependencies) > 0
}

// patched returns the entries of a file's patchedDependencies.
func (w *Workspace) patched(in string, entries map[string]any) []ForeignPatch {
	var all []ForeignPatch
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		name, releases := SplitSpec(key)
		pkg, folder := name, ""
		if w.Manager == NPM {
			pkg, folder = w.aliased(name), name
		}
		if !slices.Contains(line.Packages(), pkg) {
			continue
		}
		file, _ := entries[key].(string)
		all = append(all, ForeignPatch{
			Package: pkg, Tool: string(w.Manager), File: path.Clean(filepath.ToSlash(file)), Field: "patchedDependencies", Entry: key,
			In: w.Display(filepath.Join(w.Root().Dir, in)), Runs: w.appliesPatches(), releases: releases, folder: folder,
		})
	}
	return all
}

// aliased returns the package that a package of the workspace depends on by this name.
func (w *Workspace) aliased(name string) string {
	for _, p := range w.Packages {
		if spec, isAlias := strings.CutPrefix(p.Dependencies[name], "npm:"); isAlias {
			pkg, _ := SplitSpec(spec)
			return pkg
		}
	}
	return name
}

// PatchingNPM is the first npm that patches packages. Older ones ignore its setting.
const PatchingNPM = 12

// appliesPatches reports whether the package manager reads patchedDependencies. If the
// project does not say which npm it uses, it counts as one that does.
func (w *Workspace) appliesPatches() bool {
	v, err := semver.NewVersion(w.Version)
	return w.Manager != NPM || err != nil || v.Major() >= PatchingNPM
}

// YarnPatch returns the package, the range of releases and the file, from the workspace's
// root, of a range of yarn such as patch:next-auth@npm%3A4.24.5#~/.yarn/patches/x.patch.
func YarnPatch(value string) (pkg, releases, file string, ok bool) {
	spec, isPatch := strings.CutPrefix(value, "patch:")
	if !isPatch {
		return "", "", "", false
	}
	pkg, rest := SplitSpec(spec)
	source, file, _ := strings.Cut(rest, "#")
	file, _, _ = strings.Cut(file, "&")
	file, _, _ = strings.Cut(strings.TrimPrefix(file, "optional!"), "::")
	source, _ = url.PathUnescape(source)
	releases, isNPM := strings.CutPrefix(source, "npm:")
	if name, of := SplitSpec(releases); isNPM && of != "" { // pkg is only an alias
		pkg, releases = name, of
	}
	return pkg, releases, path.Clean(strings.TrimPrefix(file, "~/")), true
}

// resolved returns the patches that yarn's settings name.
func (w *Workspace) resolved(root *projectManifest) []ForeignPatch {
	var all []ForeignPatch
	add := func(p Package, field, key string, value any) {
		text, _ := value.(string)
		name, releases, file, ok := YarnPatch(text)
		if !ok || w.Manager != YarnBerry || !slices.Contains(line.Packages(), name) {
			return
		}
		all = append(all, ForeignPatch{
			Package: name, Tool: string(w.Manager), File: file, Field: field, Entry: key,
			In: w.Display(filepath.Join(p.Dir, "package.json")), Runs: true, releases: releases,
		})
	}
	for _, key := range slices.Sorted(maps.Keys(root.Resolutions)) {
		add(w.Root(), "resolutions", key, root.Resolutions[key])
	}
	for _, p := range w.Packages {
		if p.Linked {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(p.Dependencies)) {
			add(p, "dependencies", name, p.Dependencies[name])
		}
	}
	return all
}

// keptByPatchPackage returns the patches in the directories of patch-package.
// The root's usual one counts even if no package.json names the tool: something else, such
// as a Dockerfile, may run it.
func (w *Workspace) keptByPatchPackage() ([]ForeignPatch, error) {
	var all []ForeignPatch
	for _, p := range w.Packages {
		if p.Linked {
			continue
		}
		dirs := p.patchDirs
		if p.Is(w.Root()) && len(dirs) == 0 {
			dirs = []string{"patches"}
		}
		for _, dir := range dirs {
			found, err := w.patchesIn(p, dir, p.hasPatchPackage || len(p.patchDirs) > 0)
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		}
	}
	return all, nil
}

var (
	// runsPatchPackage matches patch-package as a word of a script, maybe in quotes.
	runsPatchPackage = lazyregexp.Compile(`(?:^|[\s"'=;&|()/\\:])patch-package(@[^\s"';&|()]*)?(?:$|[\s"';&|()])`)
	// patchDir matches its flag, with a value in quotes, also in a quoted script, or without.
	patchDir = lazyregexp.Compile(`--patch-dir[\s=]+(?:\\?"([^"]*?)\\?"|'([^']*)'|((?:\\ |[^\s"';&|()])+))`)
)

// PatchDirs returns the directories of the patches that scripts apply with patch-package,
// with slashes. It leaves out those outside of the package, and names that sh makes.
func PatchDirs(scripts map[string]string) []string {
	var dirs []string
	for _, name := range slices.Sorted(maps.Keys(scripts)) {
		script := scripts[name]
		for _, at := range runsPatchPackage().FindAllStringIndex(script, -1) {
			dir := "patches"
			if flag := patchDir().FindStringSubmatch(script[at[1]:]); flag != nil {
				dir = cmp.Or(flag[1], flag[2], strings.ReplaceAll(flag[3], `\ `, " "))
			}
			if !strings.Contains(dir, "$") && filepath.IsLocal(filepath.FromSlash(dir)) && !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs
}

// patchesIn returns the patches in one directory of a package.
func (w *Workspace) patchesIn(p Package, dir string, runs bool) ([]ForeignPatch, error) {
	entries, err := readDir(filepath.Join(p.Dir, filepath.FromSlash(dir)))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	var all []ForeignPatch
	for _, entry := range entries {
		installed := PatchedBy(entry.Name())
		if installed == "" || len(all) > MaxPatches {
			continue
		}
		real, found, err := follow(filepath.Join(p.Dir, filepath.FromSlash(installed)))
		if err != nil {
			return nil, err
		}
		file, err := filepath.Rel(w.Root().Dir, filepath.Join(p.Dir, filepath.FromSlash(dir), entry.Name()))
		if found && err == nil {
			all = append(all, ForeignPatch{Tool: PatchPackage, File: filepath.ToSlash(file), Runs: runs, dir: real})
		}
	}
	return all, nil
}

// PatchedBy returns the directory of the package that one of patch-package's files changes,
// such as node_modules/next-auth for next-auth+4.24.5.patch and
// node_modules/kit/node_modules/@auth/core for kit++@auth+core+0.41.3.patch. It is empty for
// packages without files of next-auth.
func PatchedBy(name string) string {
	name, isPatch := strings.CutSuffix(name, ".patch")
	packages := strings.Split(name, "++")
	last := len(packages) - 1
	at := slices.IndexFunc(line.Packages(), func(name string) bool {
		rest, ours := strings.CutPrefix(packages[last], flat(name)+"+")
		return ours && rest != ""
	})
	if !isPatch || at < 0 {
		return ""
	}
	packages[last] = line.Packages()[at]
	dir := ""
	for _, p := range packages {
		dir = path.Join(dir, "node_modules", strings.ReplaceAll(p, "+", "/"))
	}
	if !filepath.IsLocal(filepath.FromSlash(dir)) {
		return ""
	}
	return dir
}
