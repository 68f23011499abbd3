package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
)

// repository is the checkout that patchgen reads and writes.
type repository struct{ top string }

func openRepository() (repository, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "patches", "embed.go")); missing == nil {
			return repository{dir}, nil
		}
		if filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	return repository{}, errors.Join(err, errors.New("not in a checkout of proxypatch"))
}

func (r repository) cache() string { return filepath.Join(r.top, ".cache", "npm", "tarballs") }

func (r repository) path(name string) string { return filepath.Join(r.top, filepath.FromSlash(name)) }

// generated is every file that patchgen writes, by its path from the top.
type generated map[string][]byte

// generate derives all files but the history from the pinned packages.
func generate(pins []npmreleases.Pin, works []work) (generated, error) {
	files := generated{"internal/testkit/npmreleases/releases.tsv": []byte(npmreleases.Format(pins))}
	var all []*content
	for _, w := range works {
		contents, err := w.contents()
		if err != nil {
			return nil, err
		}
		all = append(all, contents...)
	}
	files[contentsFile] = contentsTable(all)
	var results []result
	for _, c := range all {
		text, patched, err := c.diff()
		if err != nil {
			return nil, err
		}
		results = append(results, result{c.name(), string(patched), c.Form == line.Module})
		if files[c.name()] != nil {
			return nil, fmt.Errorf("%s: two contents share %s", c.rule.path, c.name())
		}
		files[c.name()] = text
	}
	return files, parse(results)
}

const contentsFile = "docs/maintaining/contents.tsv"

// contentsTable lists every content for reviewers. patches/ has a diff for each row.
func contentsTable(all []*content) []byte {
	var b bytes.Buffer
	b.WriteString("package\tfile\tfirst\tlast\tn\tsha256\tgit_blob\tbytes\n")
	for _, c := range all {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%d\t%x\t%s\t%d\n", c.Package, c.rule.path, c.first(), c.last(), len(c.releases),
			sha256.Sum256(c.bytes), patchset.BlobID(c.bytes), len(c.bytes))
	}
	return b.Bytes()
}

// result is a patched file.
type result struct {
	Name, Text string
	Module     bool // an ES module
}

// parse checks that Node.js can parse files.
func parse(files []result) error {
	const script = `const { wrap } = require("module"), { Script, SourceTextModule } = require("vm");
for (const { Name, Text, Module } of JSON.parse(require("fs").readFileSync(0))) {
	Module ? new SourceTextModule(Text, { identifier: Name }) : new Script(wrap(Text), { filename: Name });
}`
	input, err := json.Marshal(files)
	if err != nil {
		return err
	}
	cmd := exec.Command("node", "--experimental-vm-modules", "-e", script)
	cmd.Stdin = bytes.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("a patched file does not parse: %w\n%s", err, out)
	}
	return nil
}

// write writes the generated files into the checkout. It keeps changed and removed diffs
// under patches/superseded.
func (r repository) write(pins []npmreleases.Pin, works []work) error {
	files, err := generate(pins, works)
	if err != nil {
		return err
	}
	history, err := r.supersede(files)
	if err != nil {
		return err
	}
	now, err := r.current(files)
	if err != nil {
		return err
	}
	files[historyFile] = history.with(now).format()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		was, err := os.ReadFile(r.path(name))
		if err == nil && bytes.Equal(was, files[name]) {
			continue
		}
		fmt.Println("writing", name)
		if err := writeFile(r.path(name), files[name]); err != nil {
			return err
		}
	}
	if err := r.removeOthers(files); err != nil {
		return err
	}
	return r.check(pins, works)
}

// removeOthers removes the diffs that no longer match a content, and directories that
// become empty, which go:embed would refuse.
func (r repository) removeOthers(files generated) error {
	for _, s := range sources {
		for _, set := range []string{"", "superseded/*"} {
			diffs, err := r.embedded(path.Join(set, s.Folder, "v*"))
			if err != nil {
				return err
			}
			for name := range diffs {
				if files[name] != nil {
					continue
				}
				if err := r.remove(name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (r repository) remove(name string) error {
	fmt.Println("removing", name)
	if err := os.Remove(r.path(name)); err != nil {
		return err
	}
	for dir := path.Dir(name); os.Remove(r.path(dir)) == nil; {
		dir = path.Dir(dir)
	}
	return nil
}

func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// check returns an error for every file that differs from the generated one. It also
// returns one for every diff or helper in the history that is no longer embedded.
func (r repository) check(pins []npmreleases.Pin, works []work) error {
	files, err := generate(pins, works)
	if err != nil {
		return err
	}
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if is, err := os.ReadFile(r.path(name)); err != nil {
			wrong = append(wrong, err)
		} else if !bytes.Equal(is, files[name]) {
			wrong = append(wrong, fmt.Errorf("%s differs from what the packages give; run patchgen", name))
		}
	}
	for _, s := range sources {
		committed, err := r.embedded(path.Join(s.Folder, "v*"))
		if err != nil {
			return err
		}
		for name := range committed {
			if files[name] == nil {
				wrong = append(wrong, fmt.Errorf("%s matches no released content", name))
			}
		}
	}
	return errors.Join(append(wrong, r.checkHistory(files))...)
}

// embedded returns the diffs in the folders of patches/ that match a pattern,
// by their names from the top.
func (r repository) embedded(pattern string) (map[string]*patchset.Diff, error) {
	fsys := os.DirFS(r.path("patches"))
	dirs, err := fs.Glob(fsys, pattern)
	if err != nil {
		return nil, err
	}
	diffs := map[string]*patchset.Diff{}
	for _, dir := range dirs {
		loaded, err := patchset.Load(fsys, dir)
		if err != nil {
			return nil, err
		}
		for _, d := range loaded {
			diffs["patches/"+d.Name] = d
		}
	}
	return diffs, nil
}
