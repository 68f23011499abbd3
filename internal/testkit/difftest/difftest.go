// Package difftest generates random file contents and diffs, many of them damaged,
// and runs git apply on them. Only tests use it.
package difftest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/proxypatch/proxypatch/internal/patchset"
)

// Name is the file that every case changes.
const Name = "f.js"

// Case is a diff to apply to a content.
type Case struct {
	Content []byte
	Diff    []byte
	Reverse bool // reverse the diff instead
	Intact  bool // the diff is undamaged; only the content may differ
}

// Generator generates cases. A seed always gives the same cases.
type Generator struct{ r *rand.Rand }

// New returns a generator for a seed.
func New(seed uint64) *Generator {
	return &Generator{rand.New(rand.NewPCG(seed, 0))}
}

// Case returns a case. The diff, the content, both or neither are damaged.
func (g *Generator) Case() Case {
	before, after, diff := g.Change()
	c := Case{Content: before, Diff: diff, Reverse: g.oneIn(2), Intact: true}
	if c.Reverse {
		c.Content = after
	}
	if !g.oneIn(4) {
		c.Content = g.damageContent(c.Content)
	}
	if g.oneIn(2) {
		c.Intact = false
		c.Diff = g.damageDiff(c.Diff)
	}
	return c
}

// IntactCase returns a case with an undamaged diff.
func (g *Generator) IntactCase() Case {
	for {
		if c := g.Case(); c.Intact {
			return c
		}
	}
}

// Change returns two contents and the diff between them.
func (g *Generator) Change() (before, after, diff []byte) {
	for {
		lines := g.lines(g.r.IntN(30))
		script := g.edit(lines)
		before, after = script.side('+'), script.side('-')
		if !bytes.Equal(before, after) {
			return before, after, g.write(before, after, script)
		}
	}
}

func (g *Generator) oneIn(n int) bool { return g.r.IntN(n) == 0 }

func pick[T any](g *Generator, from []T) T { return from[g.r.IntN(len(from))] }

// words are the parts of lines. They are few, so that context repeats. Some look like
// syntax of diffs, or have odd characters.
var words = []string{
	"a", "b", "c", "d", "", "}", "  });", " ", "\t", "e ",
	"-- ", "-- a/f.js", "++ b/f.js", "@@ -1 +1 @@", "\\ No newline at end of file", "diff --git a/f.js b/f.js",
	"\xff\xfe", "\xef\xbb\xbfbom", "nul\x00", "cr\rcr", "\r", strings.Repeat("long ", 3000),
}

func (g *Generator) word() string {
	if !g.oneIn(40) {
		return words[g.r.IntN(5)]
	}
	return pick(g, words)
}

// lines returns n lines with their line ends.
func (g *Generator) lines(n int) []string {
	ends := pick(g, [][]string{{"\n"}, {"\n"}, {"\n"}, {"\r\n"}, {"\n", "\r\n"}})
	var lines []string
	for range n {
		lines = append(lines, g.word()+pick(g, ends))
	}
	if n > 0 && g.oneIn(20) {
		lines[0] = "\ufeff" + lines[0]
	}
	if n > 0 && g.oneIn(4) {
		if last := strings.TrimRight(lines[n-1], "\r\n"); last != "" {
			lines[n-1] = last
		}
	}
	return lines
}

// script turns one content into another: lines to keep (' '), to remove ('-') and to
// add ('+').
type script []scripted

type scripted struct {
	op   byte
	text string
}

// side returns the content without the lines of one kind.
func (s script) side(without byte) []byte {
	var b bytes.Buffer
	for _, line := range s {
		if line.op != without {
			b.WriteString(line.text)
		}
	}
	return b.Bytes()
}

// edit changes lines in one to three places.
func (g *Generator) edit(lines []string) script {
	changes := map[int]bool{}
	for range 1 + g.r.IntN(3) {
		changes[pick(g, []int{0, g.r.IntN(len(lines) + 1), g.r.IntN(len(lines) + 1), len(lines)})] = true
	}
	var s script
	for i := 0; i <= len(lines); i++ {
		if changes[i] {
			gone := min(g.r.IntN(3), len(lines)-i)
			for range gone {
				s = append(s, scripted{'-', lines[i]})
				i++
			}
			for range g.r.IntN(3) {
				s = append(s, scripted{'+', g.word() + "\n"})
			}
		}
		if i < len(lines) {
			s = append(s, scripted{' ', lines[i]})
		}
	}
	return g.endings(s, lines)
}

// endings gives new lines the line ends of the others, usually. Only the last line of
// each side may lack a newline.
func (g *Generator) endings(s script, lines []string) script {
	if len(lines) > 0 && strings.HasSuffix(lines[0], "\r\n") && !g.oneIn(5) {
		for i := range s {
			if s[i].op == '+' {
				s[i].text = strings.TrimSuffix(s[i].text, "\n") + "\r\n"
			}
		}
	}
	last := map[byte]bool{'-': true, '+': true} // whether a side's last line is still to come
	for i := len(s) - 1; i >= 0; i-- {
		line := &s[i]
		isLast := line.op != '+' && last['-'] || line.op != '-' && last['+']
		open := !strings.HasSuffix(line.text, "\n")
		switch {
		case line.op == ' ' && open && !(last['-'] && last['+']), line.op != ' ' && open && !isLast:
			line.text += "\n"
		case line.op == '+' && isLast && !open && g.oneIn(4):
			if text := strings.TrimRight(line.text, "\r\n"); text != "" {
				line.text = text
			}
		}
		if line.op != '+' {
			last['-'] = false
		}
		if line.op != '-' {
			last['+'] = false
		}
	}
	return s
}

// write returns the script as a unified diff. Each hunk has its own number of context
// lines before and after it.
func (g *Generator) write(before, after []byte, s script) []byte {
	var b bytes.Buffer
	g.writeHeader(&b, before, after)
	context := g.r.IntN(6)
	end, oldLine, newLine := 0, 0, 0
	advance := func(to int) {
		for ; end < to; end++ {
			if s[end].op != '+' {
				oldLine++
			}
			if s[end].op != '-' {
				newLine++
			}
		}
	}
	for i := 0; i < len(s); i++ {
		if s[i].op == ' ' {
			continue
		}
		if g.oneIn(4) {
			context = g.r.IntN(6)
		}
		from, last := max(end, i-context), i
		for next := i + 1; next < len(s) && next-last <= 2*context+1; next++ {
			if s[next].op != ' ' {
				last = next
			}
		}
		to := min(len(s), last+1+context)
		advance(from)
		oldStart, newStart := oldLine, newLine
		advance(to)
		writeHunk(&b, s[from:to], oldStart, oldLine-oldStart, newStart, newLine-newStart)
		i = to - 1
	}
	return b.Bytes()
}

func (g *Generator) writeHeader(b *bytes.Buffer, before, after []byte) {
	if g.oneIn(3) {
		b.WriteString("why it is\n\n")
	}
	if g.oneIn(4) {
		fmt.Fprintf(b, "--- a/%s\n+++ b/%s\n", Name, Name)
		return
	}
	fmt.Fprintf(b, "diff --git a/%s b/%s\n", Name, Name)
	switch g.r.IntN(4) {
	case 0:
		b.WriteString("index 1111111..2222222 100644\n")
	case 1:
		fmt.Fprintf(b, "index %s..%s 100644\n", patchset.BlobID(before), patchset.BlobID(after))
	}
	fmt.Fprintf(b, "--- a/%s\n+++ b/%s\n", Name, Name)
}

// writeHunk writes the hunk that starts after oldStart and newStart lines.
func writeHunk(b *bytes.Buffer, lines script, oldStart, oldLines, newStart, newLines int) {
	if oldLines > 0 {
		oldStart++
	}
	if newLines > 0 {
		newStart++
	}
	fmt.Fprintf(b, "@@ -%d,%d +%d,%d @@\n", oldStart, oldLines, newStart, newLines)
	for _, line := range lines {
		b.WriteByte(line.op)
		b.WriteString(line.text)
		if !strings.HasSuffix(line.text, "\n") {
			b.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

// OnlyCRLF reports whether a content has lines and all of them end in CRLF. There our
// engine applies an LF diff in another way than git.
func OnlyCRLF(content []byte) bool {
	n := bytes.Count(content, []byte("\n"))
	return n > 0 && n == bytes.Count(content, []byte("\r\n"))
}
