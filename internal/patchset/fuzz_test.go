package patchset_test

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/casecount"
	"github.com/proxypatch/proxypatch/internal/testkit/difftest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/patches"
)

// seeds calls add with every embedded diff, every diff in the scripts of
// tests/scripts, and some generated ones, each with a content it fits.
func seeds(f *testing.F, add func(content, diff []byte)) {
	seed := func(diff []byte) {
		content := []byte(contentFor(diff))
		add(content, diff)
	}
	err := fs.WalkDir(patches.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".diff") {
			var data []byte
			data, err = fs.ReadFile(patches.FS, name)
			seed(data)
		}
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	scripts, err := filepath.Glob("../../tests/scripts/testdata/*/*.txtar")
	if err != nil || len(scripts) == 0 {
		f.Fatal("no scripts", err)
	}
	for _, script := range scripts {
		archive, err := txtar.ParseFile(script)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if name := file.Name; strings.HasSuffix(name, ".diff") || strings.HasSuffix(name, ".patch") {
				seed(file.Data)
			}
		}
	}
	g := difftest.New(1)
	for range 50 {
		c := g.Case()
		add(c.Content, c.Diff)
	}
}

// contentFor invents a content to which a diff applies: the old sides of its hunks at
// their line numbers, and numbered lines between them.
func contentFor(diff []byte) string {
	var b strings.Builder
	line := 1
	for _, h := range readRaw(diff).hunks {
		for ; line < h.oldStart && line < 10000; line++ {
			b.WriteString("filler " + strconv.Itoa(line) + "\n")
		}
		b.WriteString(h.side('-', '+'))
		line += h.old
	}
	return b.String()
}

// FuzzParse: a diff is refused with a line number, or it has one meaning. It turns the
// content that it describes into its other side, and so does the diff that Format makes
// of both.
func FuzzParse(f *testing.F) {
	seeds(f, func(_, diff []byte) { f.Add(diff) })
	f.Fuzz(meansOneThing)
}

func meansOneThing(t *testing.T, diff []byte) {
	d, err := patchset.Parse("x", diff)
	if err != nil {
		var parse *patchset.ParseError
		if !errors.As(err, &parse) || parse.Line < 1 || parse.Line > bytes.Count(diff, []byte("\n"))+1 || parse.Msg == "" {
			t.Fatalf("%#v", err)
		}
		return
	}
	before := []byte(contentFor(diff))
	after, err := d.Apply(before)
	if err != nil {
		return // such as overlapping hunks
	}
	if bytes.Equal(before, after) {
		return
	}
	text := patchset.Format(d.Path, before, after, 0o644)
	again, err := patchset.Parse("x", text)
	if err != nil {
		if bytes.Contains(before, []byte("\x00")) || !plainPath(d.Path) || oneSided(text) {
			return
		}
		t.Fatalf("%v\n%s", err, text)
	}
	if again.Path != d.Path || again.Old != patchset.BlobID(before) || again.New != patchset.BlobID(after) {
		t.Fatalf("%+v", again)
	}
	if got, err := again.Apply(before); err != nil || !bytes.Equal(got, after) {
		t.Fatalf("%v: got %q, want %q by\n%s", err, got, after, text)
	}
}

// oneSided reports whether a hunk of the diff has no lines on one side.
func oneSided(diff []byte) bool {
	for _, h := range readRaw(diff).hunks {
		if h.old == 0 || h.new == 0 {
			return true
		}
	}
	return false
}

var plainPath = regexp.MustCompile(`^[a-zA-Z0-9._/-]+$`).MatchString

// FuzzApplyReverse: applying a diff and reversing it restores the bytes, and so does
// reversing and applying it.
func FuzzApplyReverse(f *testing.F) {
	seeds(f, func(content, diff []byte) { f.Add(content, diff) })
	f.Fuzz(goesBothWays)
}

func goesBothWays(t *testing.T, content, diff []byte) {
	d, err := patchset.Parse("x", diff)
	if err != nil {
		return
	}
	kept := bytes.Clone(content)
	bothWays(t, content, d.Apply, d.Reverse)
	bothWays(t, content, d.Reverse, d.Apply)
	if !bytes.Equal(content, kept) {
		t.Fatal("the content was written to")
	}
}

// TestFuzzedBySeed gives random inputs from one seed to the fuzz targets that need no
// process. Unlike native fuzzing, every run tries the same inputs.
func TestFuzzedBySeed(t *testing.T) {
	n := 2000
	if gate.Wanted(t, "differential") {
		n = 200_000
	}
	g := difftest.New(3)
	executions, diffs := 0, 0
	for range n {
		c := g.Case()
		meansOneThing(t, c.Diff)
		goesBothWays(t, c.Content, c.Diff)
		executions += 2
		if _, err := patchset.Parse("x", c.Diff); err == nil {
			diffs++
		}
	}
	casecount.Report(t, "fuzz executions by seed", executions)
	casecount.AtLeast(t, "diffs among these that are taken", diffs, n/4)
}

// bothWays checks that going there, back and there again equals going there once.
func bothWays(t *testing.T, content []byte, there, back func([]byte) ([]byte, error)) {
	t.Helper()
	after, err := there(content)
	if err != nil {
		var hunk *patchset.HunkError
		if !errors.As(err, &hunk) || after != nil {
			t.Fatalf("%q, %#v", after, err)
		}
		return
	}
	before, err := back(after)
	if err != nil || !bytes.Equal(before, content) {
		return // internal/apply refuses such a diff
	}
	if again, err := there(before); err != nil || !bytes.Equal(again, after) {
		t.Fatalf("%q, then back, then %q: %v", after, again, err)
	}
}

// FuzzAgainstGit also gives every diff to git apply, which is slow.
func FuzzAgainstGit(f *testing.F) {
	git := difftest.NewGit(f)
	rename := regexp.MustCompile(`(a|b)/[^ \n]+`)
	n := 0
	seeds(f, func(content, diff []byte) {
		if n++; n%10 != 0 { // each costs a process in every go test
			return
		}
		header, hunks, _ := bytes.Cut(diff, []byte("\n@@ -"))
		diff = append(append(rename.ReplaceAll(header, []byte("$1/"+difftest.Name)), "\n@@ -"...), hunks...)
		f.Add(content, diff, n%20 == 0)
	})
	f.Fuzz(func(t *testing.T, content, diff []byte, reverse bool) {
		git := git.In(t)
		c := difftest.Case{Content: content, Diff: diff, Reverse: reverse}
		want, ok := git.Apply(c)
		if _, err := verdict(git, c, want, ok); err != nil {
			t.Fatalf("reverse %v\ncontent %q\ndiff\n%s\n%v", reverse, content, diff, err)
		}
	})
}
