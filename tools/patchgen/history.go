package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/proxypatch/proxypatch/internal/patchset"
)

// The history lists everything that any proxypatch on main has ever left in a package. All
// of it must stay recognised: diffs because they are embedded, helpers by their markers.
const historyFile = "patches/history.tsv"

const historyHeader = "file\tbefore\tafter\n"

// left is one row: a diff's file and ids, or a helper's path, revision and id. Paths in
// another package than next-auth begin with its name.
type left struct {
	path   string
	before string
	after  patchset.ID
}

func (l left) isHelper() bool { return strings.HasPrefix(l.before, "revision ") }

type history map[left]bool

func (r repository) readHistory() (history, error) {
	data, err := os.ReadFile(r.path(historyFile))
	if err != nil {
		return nil, err
	}
	return parseHistory(data)
}

func parseHistory(data []byte) (history, error) {
	rows, found := strings.CutPrefix(string(data), historyHeader)
	if !found {
		return nil, fmt.Errorf("%s: the header is missing", historyFile)
	}
	h := history{}
	for row := range strings.Lines(rows) {
		fields := strings.Split(strings.TrimSuffix(row, "\n"), "\t")
		if len(fields) != 3 {
			return nil, fmt.Errorf("%s: %q is not a valid row", historyFile, row)
		}
		h[left{fields[0], fields[1], patchset.ID(fields[2])}] = true
	}
	return h, nil
}

func (h history) with(more history) history {
	all := maps.Clone(h)
	maps.Copy(all, more)
	return all
}

func (h history) format() []byte {
	var rows []string
	for row := range h {
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s\n", row.path, row.before, row.after))
	}
	slices.Sort(rows)
	return []byte(historyHeader + strings.Join(rows, ""))
}

// current returns the rows for what is embedded now: the derived diffs and the
// helpers.
func (r repository) current(files generated) (history, error) {
	h, err := defaultRows(files)
	if err != nil {
		return nil, err
	}
	for _, s := range sources {
		row, err := r.helperRow(s)
		if err != nil {
			return nil, err
		}
		h[row] = true
	}
	return h, nil
}

// defaultRows returns the rows of the diffs among files that are in a default set.
func defaultRows(files map[string][]byte) (history, error) {
	h := history{}
	for name, text := range files {
		row, ok, err := defaultRow(name, text)
		if err != nil {
			return nil, err
		}
		if ok {
			h[row] = true
		}
	}
	return h, nil
}

// defaultRow returns the row of a file, if this is a diff of a default set.
func defaultRow(name string, text []byte) (row left, ok bool, err error) {
	i := slices.IndexFunc(sources, func(s source) bool { return strings.HasPrefix(name, s.dir("")) })
	if i < 0 {
		return left{}, false, nil
	}
	d, err := patchset.Parse(name, text)
	if err != nil {
		return left{}, false, err
	}
	return sources[i].row(d), true, nil
}

func (s source) row(d *patchset.Diff) left { return left{s.file(d.Path), string(d.Old), d.New} }

func (r repository) helperRow(s source) (left, error) {
	content, err := os.ReadFile(r.path(s.helperFile()))
	if err != nil {
		return left{}, err
	}
	helper, ok := patchset.ParseHelper(content)
	if !ok {
		return left{}, fmt.Errorf("%s: its marker does not match its content; run make stamp", s.helperFile())
	}
	return left{s.file(s.Helper), "revision " + strconv.Itoa(helper.Revision), patchset.BlobID(content)}, nil
}

// supersede adds to files what the last commit has under patches/superseded, and each
// diff of its default set that is changed or removed. It reads the last commit and not
// the working tree, because attempts in between never reached a package. It returns the
// last commit's history.
func (r repository) supersede(files generated) (history, error) {
	head, err := r.head()
	if err != nil || head[historyFile] == nil {
		return history{}, err
	}
	h, err := parseHistory(head[historyFile])
	if err != nil {
		return nil, err
	}
	now, err := r.current(files)
	if err != nil {
		return nil, err
	}
	dir := freeFolder(head)
	for name, text := range head {
		if strings.HasPrefix(name, "patches/superseded/") {
			files[name] = text
			continue
		}
		row, ok, err := defaultRow(name, text)
		if err != nil {
			return nil, err
		}
		if ok && h[row] && !now[row] {
			files[dir+strings.TrimPrefix(name, "patches")] = text
		}
	}
	return h, h.with(now).checkRevisions()
}

// checkRevisions returns an error if two helpers have the same revision: the older one
// could not be distinguished from a file that was edited.
func (h history) checkRevisions() error {
	helpers := map[[2]string]patchset.ID{}
	var changed []string
	for row := range h {
		if !row.isHelper() {
			continue
		}
		key := [2]string{row.path, row.before}
		if other, known := helpers[key]; known && other != row.after {
			changed = append(changed, row.path)
		}
		helpers[key] = row.after
	}
	if len(changed) > 0 {
		return fmt.Errorf("the helper %s has changed: raise the revision in its first line", slices.Min(changed))
	}
	return nil
}

// freeFolder returns the first unused numbered folder of patches/superseded.
func freeFolder(head map[string][]byte) string {
	for n := 1; ; n++ {
		dir := fmt.Sprintf("patches/superseded/%d", n)
		if !slices.ContainsFunc(slices.Collect(maps.Keys(head)), func(name string) bool { return strings.HasPrefix(name, dir+"/") }) {
			return dir
		}
	}
}

// head returns the files below patches/ in the last commit.
func (r repository) head() (map[string][]byte, error) {
	out, err := exec.Command("git", "-C", r.top, "archive", "--format=tar", "HEAD", "patches").Output()
	if err != nil {
		return nil, fmt.Errorf("git archive HEAD patches: %w", withStderr(err))
	}
	files := map[string][]byte{}
	for archive := tar.NewReader(bytes.NewReader(out)); ; {
		entry, err := archive.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if entry.Typeflag != tar.TypeReg {
			continue
		}
		if files[entry.Name], err = io.ReadAll(archive); err != nil {
			return nil, err
		}
	}
}

// checkHistory returns an error for every diff in the history that is not embedded, and
// for everything embedded that has no row.
func (r repository) checkHistory(files generated) error {
	h, err := r.readHistory()
	if err != nil {
		return err
	}
	now, err := r.current(files)
	if err != nil {
		return err
	}
	kept := maps.Clone(now)
	for _, s := range sources {
		superseded, err := r.embedded(path.Join("superseded/*", s.Folder, "v*"))
		if err != nil {
			return err
		}
		for _, d := range superseded {
			kept[s.row(d)] = true
		}
	}
	wrong := []error{h.with(now).checkRevisions()}
	for row := range now {
		if !h[row] {
			wrong = append(wrong, fmt.Errorf("%s lacks %s %s; run patchgen", historyFile, row.path, row.after))
		}
	}
	for row := range h {
		if !row.isHelper() && !kept[row] {
			wrong = append(wrong, fmt.Errorf("%s %s was once left in packages, but is no longer embedded", row.path, row.after))
		}
	}
	return errors.Join(wrong...)
}
