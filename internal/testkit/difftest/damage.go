package difftest

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

func splitLines(text []byte) []string {
	lines := strings.SplitAfter(string(text), "\n")
	return lines[:len(lines)-1+min(1, len(lines[len(lines)-1]))]
}

// at returns an index into n things, or 0 if there are none.
func (g *Generator) at(n int) int { return g.r.IntN(max(n, 1)) }

// damageContent changes a content at random.
func (g *Generator) damageContent(content []byte) []byte {
	for range 1 + g.r.IntN(2) {
		lines := splitLines(content)
		from := g.at(len(lines) + 1)
		to := min(len(lines), from+1+g.r.IntN(12))
		switch g.r.IntN(11) {
		case 0:
			lines = slices.Insert(lines, 0, g.lines(1+g.r.IntN(3))...)
		case 1, 2:
			lines = slices.Insert(lines, from, g.lines(1+g.r.IntN(3))...)
		case 3:
			lines = append(lines, g.lines(1+g.r.IntN(3))...)
		case 4:
			lines = slices.Delete(lines, from, min(to, from+2))
		case 5:
			if from < len(lines) {
				lines[from] = g.word() + "\n"
			}
		case 6:
			lines = slices.Insert(lines, g.at(len(lines)+1), slices.Clone(lines[from:to])...)
		case 7:
			lines = append(lines, lines...)
		case 8:
			content = g.endOtherwise(content)
			continue
		case 9:
			content = bytes.ReplaceAll(bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
			continue
		case 10:
			if from < len(lines) {
				lines[from] = otherEnd(lines[from])
			}
		}
		content = []byte(strings.Join(lines, ""))
	}
	return content
}

// endOtherwise adds or removes the final newline.
func (g *Generator) endOtherwise(content []byte) []byte {
	if cut, found := bytes.CutSuffix(content, []byte("\n")); found {
		return cut
	}
	return append(bytes.Clone(content), '\n')
}

func otherEnd(line string) string {
	if strings.HasSuffix(line, "\r\n") {
		return strings.TrimSuffix(line, "\r\n") + "\n"
	}
	return strings.TrimSuffix(line, "\n") + "\r\n"
}

// entries are lines that may be between "diff --git" and the hunks.
var entries = []string{
	"new file mode 100644\n", "deleted file mode 100644\n", "old mode 100644\n", "new mode 100644\n", "new mode 100755\n", "old mode 100755\n", "old mode 120000\n",
	"rename from f.js\n", "rename to f.js\n", "rename to g.js\n", "copy from f.js\n", "copy to g.js\n", "similarity index 90%\n", "dissimilarity index x\n",
	"index 1111111..2222222\n", "index 1111111..2222222 120000\n", "index 1111111..2222222 100755\n", "index 1111111\n", "index 1111111..2222222 x\n",
	"GIT binary patch\n", "Binary files a/f.js and b/f.js differ\n", "what\n", "\n",
	"--- /dev/null\n", "+++ /dev/null\n", "--- \"a/f.js\"\n", "+++ \"b/f.js\"\n", "--- a/f.js\t1970-01-01 00:00:00 +0000\n", "+++ b/f.js\t2026-01-01 00:00:00 +0000\n",
	"--- a/g.js\n", "+++ b/g.js\n", "+++ b/f.js.orig\n", "--- f.js\n", "+++ f.js\n", "--- a//f.js\n", "+++ b/./f.js\n", "--- x/y/f.js\n", "+++ x/y/f.js\n",
}

// headers are headers that git does not write; some name two files.
var headers = []string{
	"--- a/f.js\n+++ b/f.js.new\n", "--- a/f.js.orig\n+++ b/f.js\n", "--- f.js\n+++ f.js\n", "--- f.js\n+++ f.js.new\n", "--- f.js\n+++ b/f.js\n", "--- a/f.js\n+++ f.js\n",
	"--- f.js\n+++ b/f.js.new\n", "--- a/f.js\n+++ f.js.new\n", "--- x/f.js\n+++ x/f.js\n", "--- x/f.js\n+++ y/f.js\n", "--- f.js\n+++ x/f.js\n", "--- a/x/f.js\n+++ b/x/f.js.new\n",
	"--- a/f.js\t2026-01-01 00:00:00 +0000\n+++ b/f.js.new\t2026-01-01 00:00:00 +0000\n", "--- a/f.js\tx\t1970-01-01 00:00:00 +0000\n+++ b/f.js\n", "--- f\n+++ f.js\n", "--- a/f\n+++ b/f.js\n",
}

// preambles are texts before a diff.
var preambles = []string{"Releases: 4.2.1\n", "Releases: four\n", "Releases: 4.2.1\nReleases: 4.2.2\n", "Subject: a letter\n\n", "\n", "index x\n"}

// tails are texts after a diff.
var tails = []string{
	"\n", "  \n\n", "bye\n", "bye", "-- \n2.39.5\n", "-- \n2.39.5", "-- \n@@ -1 +1 @@\n-a\n+b\n", "-- ", "\\ No newline at end of file\n", "\\ x\n", "@@\n", "@@ -x\n", "@@ -1 +1 @@\n", "@@ -1 +1 @@\n-a\n+b\n",
	"diff --git a/f.js b/f.js\n", "diff --git a/g.js b/g.js\n", "--- a/f.js\n+++ b/f.js\n", "--- a/f.js\n+++ b/f.js\n@@ -1 +1 @@\n-a\n+b\n",
	"diff --git a/g.js b/g.js\nnew file mode 100644\n--- /dev/null\n+++ b/g.js\n@@ -0,0 +1 @@\n+a\n", " a\n", "-a\n", "+a\n",
}

// damageDiff changes a diff at random. The result may not be a diff any more.
func (g *Generator) damageDiff(diff []byte) []byte {
	for range 1 + g.r.IntN(2)*g.r.IntN(2) {
		lines := splitLines(diff)
		if len(lines) == 0 {
			return diff
		}
		first := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "@@ -") })
		at := g.at(len(lines))
		if first > 0 && !g.oneIn(4) {
			at = first + g.at(len(lines)-first)
		}
		switch g.r.IntN(23) {
		case 0, 1, 2:
			lines = g.damageNumbers(lines)
		case 3:
			lines = slices.Delete(lines, at, at+1)
		case 4:
			lines = slices.Insert(lines, at, lines[at])
		case 5:
			other := g.at(len(lines))
			lines[at], lines[other] = lines[other], lines[at]
		case 6:
			other := min(at+1, len(lines)-1)
			lines[at], lines[other] = lines[other], lines[at]
		case 7:
			lines = slices.Insert(lines, 1+g.at(max(first, 1)), pick(g, entries))
		case 8:
			if first > 0 {
				lines[g.at(first)] = pick(g, entries)
			}
		case 9:
			lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "\\") })
		case 10, 11:
			lines = slices.Insert(lines, at, pick(g, []string{"\\ No newline at end of file\n", "\\ No newline at end of file\n", "\\ short\n"}))
		case 12:
			lines = append(lines, pick(g, tails))
		case 13:
			lines[at] = pick(g, []string{"", " ", "\t", "  "}) + lines[at][1:]
		case 14:
			lines[at] = strings.TrimRight(lines[at], " \t\r\n") + "\n"
		case 15:
			if g.oneIn(2) {
				lines[at] = otherEnd(lines[at])
				break
			}
			from := pick(g, []int{0, max(first, 0)})
			for i := from; i < len(lines); i++ {
				lines[i] = strings.TrimSuffix(strings.TrimSuffix(lines[i], "\n"), "\r") + "\r\n"
			}
		case 16, 17:
			lines = g.damageHunks(lines)
		case 18:
			diff = diff[:g.at(len(diff))]
			if g.oneIn(2) {
				diff = bytes.TrimSuffix([]byte(strings.Join(lines, "")), []byte("\n"))
			}
			continue
		case 19:
			diff = []byte(strings.Join(lines, ""))
			where := g.at(len(diff))
			if from := len(diff) - len(strings.Join(lines[max(first, 0):], "")); !g.oneIn(3) {
				where = from + g.at(len(diff)-from)
			}
			diff[where] = pick(g, []byte("ab \n\t+-@,\\0129\x00\r\"/"))
			continue
		case 20:
			lines = slices.Insert(lines, 0, pick(g, preambles))
		case 21:
			if first > 0 {
				lines = append([]string{pick(g, headers)}, lines[first:]...)
			}
		case 22:
			if first > 0 && g.oneIn(2) { // only the start of a hunk is left
				lines = append(lines[:first], "@@ -")
			}
		}
		diff = []byte(strings.Join(lines, ""))
	}
	return diff
}

var number = regexp.MustCompile(`[0-9]+`)

// damageNumbers changes one number in the header of one hunk.
func (g *Generator) damageNumbers(lines []string) []string {
	at := g.r.IntN(len(lines))
	for i := range lines {
		if i := (at + i) % len(lines); strings.HasPrefix(lines[i], "@@ -") {
			at = i
			break
		}
	}
	places := number.FindAllStringIndex(lines[at], -1)
	if len(places) == 0 {
		return lines
	}
	place := pick(g, places)
	var n int
	fmt.Sscan(lines[at][place[0]:place[1]], &n)
	text := pick(g, []string{fmt.Sprint(n + 1), fmt.Sprint(n - 1), fmt.Sprint(n + g.r.IntN(9)), fmt.Sprint(max(n-g.r.IntN(9), 0)), "0", "1", "00" + fmt.Sprint(n), "+" + fmt.Sprint(n), "-1", "99999999999999999999", "4294967297", "x", ""})
	lines[at] = lines[at][:place[0]] + text + lines[at][place[1]:]
	return lines
}

// damageHunks reorders hunks, drops one or repeats one.
func (g *Generator) damageHunks(lines []string) []string {
	var starts []int
	for i, line := range lines {
		if strings.HasPrefix(line, "@@ -") {
			starts = append(starts, i)
		}
	}
	if len(starts) == 0 {
		return lines
	}
	hunk := func(i int) []string {
		if i+1 < len(starts) {
			return slices.Clone(lines[starts[i]:starts[i+1]])
		}
		return slices.Clone(lines[starts[i]:])
	}
	a, b := g.r.IntN(len(starts)), g.r.IntN(len(starts))
	out := slices.Clone(lines[:starts[0]])
	for i := range starts {
		switch kind := g.r.IntN(2); {
		case i == a && a != b:
			out = append(out, hunk(b)...)
		case i == b && a != b:
			out = append(out, hunk(a)...)
		case i == a && kind == 0 && len(starts) > 1:
		default:
			out = append(out, hunk(i)...)
			if i == a && kind == 1 {
				out = append(out, hunk(i)...)
			}
		}
	}
	return out
}
