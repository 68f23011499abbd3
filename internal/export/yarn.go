package export

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/edit"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/lazyregexp"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

// maxLock limits the size of a lock file, in bytes.
const maxLock = 64 << 20

// readLock reads a lock file; nil if there is none.
func (p *Plan) readLock(name string) ([]byte, error) {
	data, err := safefile.ReadIn(p.root, name, maxLock)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &edit.FileError{Path: p.display(name), Err: plain(err)}
	}
	return data, nil
}

var lockfileVersion = lazyregexp.Compile(`(?m)^lockfileVersion: ['"]?([0-9]+)`)

// isBerry matches a lock file of yarn 2 or newer.
var isBerry = lazyregexp.Compile(`(?m)^__metadata:`)

// oldLock reports whether a pnpm before 9 wrote pnpm-lock.yaml.
func (p *Plan) oldLock() bool {
	data, err := p.readLock("pnpm-lock.yaml")
	if err != nil {
		return false
	}
	m := lockfileVersion().FindSubmatch(data[:min(len(data), 1000)])
	return m != nil && len(m[1]) == 1 && m[1][0] < '9'
}

// wireYarn makes an entry for each range by which packages depend on the release. A key of
// yarn's resolutions must name the range exactly, so it comes from the lock file.
func (p *Plan) wireYarn(t *target, found []entry) error {
	lock, err := p.readLock("yarn.lock")
	if err != nil {
		return err
	}
	if lock != nil && !isBerry().Match(lock) {
		return &FormError{Yarn, "yarn.lock is from yarn 1, which can't patch packages", hint.Run("proxypatch export --for patch-package")}
	}
	t.file = yarnFile(t.pkg, t.release)
	value := "patch:" + t.pkg + "@npm%3A" + t.release + "#~/" + t.file
	var keys []string
	for i := range found { // the lock file names their ranges no longer
		if f := &found[i]; f.is(inResolutions) && f.ours() && f.pkg == t.pkg && f.releases == t.release {
			keys = append(keys, f.key)
		}
	}
	exact := t.pkg + "@npm:" + t.release
	patched := len(keys) > 0
	locked := lockedAs(lock, t.pkg, t.release)
	catalogs, err := p.fromCatalogs(locked)
	if err != nil {
		return err
	}
	for _, descriptor := range slices.Concat(locked, catalogs) {
		source := descriptor == exact && patched && !p.dependsOn(t.pkg, t.release) // the patch itself needs it
		if !source && !slices.Contains(keys, descriptor) {
			keys = append(keys, descriptor)
		}
	}
	if len(keys) == 0 {
		return &LockError{p.display("yarn.lock"), t.title()}
	}
	slices.Sort(keys)
	for _, key := range keys {
		t.wired = append(t.wired, wire{inResolutions, key, value})
	}
	return nil
}

// fromCatalogs returns the descriptors, such as next-auth@catalog:, of dependencies that name
// a catalog, where this leads to one of the locked descriptors. The lock file does not have
// them, and a key of resolutions must name the catalog.
func (p *Plan) fromCatalogs(locked []string) ([]string, error) {
	doc, err := p.document(yarnSettings)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, of := range p.ws.Packages {
		for name, wanted := range of.Dependencies {
			catalog, is := strings.CutPrefix(wanted, "catalog:")
			if !is {
				continue
			}
			at := []string{"catalog", name}
			if catalog != "" {
				at = []string{"catalogs", catalog, name}
			}
			given, _ := doc.Text(at...)
			if slices.Contains(locked, name+"@npm:"+strings.TrimPrefix(given, "npm:")) {
				all = append(all, name+"@"+wanted)
			}
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(all))), nil
}

// LockError says that a lock file does not have a release that is installed.
type LockError struct{ Path, Title string }

func (e *LockError) Error() string { return e.Path + ": does not have " + e.Title }

// dependsOn reports whether a package of the workspace depends on exactly this release.
func (p *Plan) dependsOn(pkg, release string) bool {
	for _, of := range p.ws.Packages {
		if wanted := of.Dependencies[pkg]; wanted == release || wanted == "npm:"+release {
			return true
		}
	}
	return false
}

// lockedAs returns the descriptors, such as next-auth@npm:^4.24.0, that yarn's lock file
// resolves to a release of a package. After "::", a resolution says where the archive is, if
// the registry does not have it in the usual place.
func lockedAs(lock []byte, pkg, release string) []string {
	var all, current []string
	resolution := `resolution: "` + pkg + "@npm:" + release
	lines := bufio.NewScanner(bytes.NewReader(lock))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text := strings.TrimRight(lines.Text(), "\r")
		switch {
		case text == "", text[0] == '#':
		case text[0] != ' ':
			current = strings.Split(strings.Trim(strings.TrimSuffix(text, ":"), `"`), ", ")
		case resolves(text, resolution):
			for _, descriptor := range current {
				alias := strings.Contains(descriptor, "@npm:"+pkg+"@")
				if (alias || strings.HasPrefix(descriptor, pkg+"@npm:")) && !strings.ContainsAny(descriptor, `"\`) {
					all = append(all, descriptor)
				}
			}
		}
	}
	return all
}

func resolves(text, resolution string) bool {
	rest, same := strings.CutPrefix(strings.TrimSpace(text), resolution)
	return same && (rest == `"` || strings.HasPrefix(rest, "::"))
}
