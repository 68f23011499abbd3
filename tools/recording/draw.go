package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// span is a part of a line in one colour.
type span struct {
	class string // of the picture's styles; empty for plain text
	text  string
}

// classes are the styles of the escape sequences that proxypatch uses.
var classes = map[string]string{"0": "", "1": "bold", "31": "red", "32": "green", "35": "magenta"}

var escape = regexp.MustCompile("\x1b\\[([0-9]*)m")

// rewrite is the sequence that replaces a line, such as a line of progress.
const rewrite = "\r\x1b[K"

// parse splits the output of a program into lines and spans. Escape sequences other than colours are an error, because the
// picture would not match a terminal.
func parse(out string) ([][]span, error) {
	var lines [][]span
	class := ""
	for line := range strings.Lines(strings.ReplaceAll(out, "\r\n", "\n")) {
		line = strings.TrimSuffix(line, "\n")
		if at := strings.LastIndex(line, rewrite); at >= 0 {
			line = line[at+len(rewrite):]
		}
		var spans []span
		at := 0
		for _, m := range escape.FindAllStringSubmatchIndex(line, -1) {
			if m[0] > at {
				spans = append(spans, span{class, line[at:m[0]]})
			}
			next, known := classes[line[m[2]:m[3]]]
			if !known {
				return nil, fmt.Errorf("unknown colour %q", line[m[0]:m[1]])
			}
			class, at = next, m[1]
		}
		if at < len(line) {
			spans = append(spans, span{class, line[at:]})
		}
		for _, s := range spans {
			if strings.ContainsFunc(s.text, func(r rune) bool { return r < ' ' }) {
				return nil, fmt.Errorf("a control character in %q", s.text)
			}
		}
		lines = append(lines, spans)
	}
	return lines, nil
}

// The measures of the picture, in its own units, and the times in seconds.
const (
	charWidth  = 7.8
	lineHeight = 19
	margin     = 18
	bar        = 30 // height of the title bar
	typing     = 1  // only the command is visible
	reading    = 5  // the command with its output
)

// head contains the styles. For readers who prefer no motion, it shows only the scene of apply.
const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" role="img" aria-labelledby="title" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13">
<title id="title">proxypatch in a terminal</title>
<style>
.window { fill: #ffffff; stroke: #d0d7de }
.dot { fill: #d0d7de }
text { fill: #1f2328; white-space: pre }
.prompt { fill: #57606a }
.command, .bold { font-weight: 600 }
.green { fill: #1a7f37 }
.magenta { fill: #8250df }
.red { fill: #cf222e }
@media (prefers-color-scheme: dark) {
.window { fill: #0d1117; stroke: #30363d }
.dot { fill: #30363d }
text { fill: #e6edf3 }
.prompt { fill: #9da7b1 }
.green { fill: #3fb950 }
.magenta { fill: #d2a8ff }
.red { fill: #f85149 }
}
.scene, .output { visibility: hidden }
.still, .still .output { visibility: visible }
@media (prefers-reduced-motion: no-preference) {
.still, .still .output { visibility: hidden }
%[3]s}
</style>
<rect class="window" x="0.5" y="0.5" width="%[4]d" height="%[5]d" rx="8"/>
<circle class="dot" cx="20" cy="16" r="5"/><circle class="dot" cx="38" cy="16" r="5"/><circle class="dot" cx="56" cy="16" r="5"/>
`

// still is the scene for readers who prefer no motion.
const still = 1

// draw returns the picture.
func draw(scenes []scene) []byte {
	columns, rows := 0, 0
	for _, s := range scenes {
		rows = max(rows, 1+len(s.lines))
		for _, line := range s.lines {
			n := 0
			for _, part := range line {
				n += utf8.RuneCountInString(part.text)
			}
			columns = max(columns, n)
		}
	}
	width, height := int(float64(columns)*charWidth)+2*margin, rows*lineHeight+bar+margin
	var b bytes.Buffer
	fmt.Fprintf(&b, head, width, height, motion(len(scenes)), width-1, height-1)
	for i, s := range scenes {
		class := "scene"
		if i == still {
			class += " still"
		}
		fmt.Fprintf(&b, "<g class=\"%s\" id=\"scene-%d\">\n", class, i)
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\"><tspan class=\"prompt\">$ </tspan><tspan class=\"command\">%s</tspan></text>\n", margin, bar+lineHeight, escaped(s.command))
		b.WriteString("<g class=\"output\">\n")
		for j, line := range s.lines {
			fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" xml:space=\"preserve\">", margin, bar+(j+2)*lineHeight)
			for _, part := range line {
				if part.class == "" {
					b.WriteString(escaped(part.text))
				} else {
					fmt.Fprintf(&b, "<tspan class=\"%s\">%s</tspan>", part.class, escaped(part.text))
				}
			}
			b.WriteString("</text>\n")
		}
		b.WriteString("</g>\n</g>\n")
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// motion returns the styles that show the scenes one after the other, in a loop.
func motion(scenes int) string {
	total := float64(scenes * (typing + reading))
	var b strings.Builder
	for i := range scenes {
		begin := 100 * float64(i*(typing+reading)) / total
		shown := begin + 100*typing/total
		end := 100 * float64((i+1)*(typing+reading)) / total
		fmt.Fprintf(&b, "#scene-%d { animation: scene-%[1]d %gs step-end infinite }\n", i, total)
		fmt.Fprintf(&b, "#scene-%d .output { animation: output-%[1]d %gs step-end infinite }\n", i, total)
		fmt.Fprintf(&b, "@keyframes scene-%d { 0%% { visibility: hidden } %.3f%% { visibility: visible } %.3f%% { visibility: hidden } }\n", i, begin, end)
		fmt.Fprintf(&b, "@keyframes output-%d { 0%% { visibility: hidden } %.3f%% { visibility: visible } %.3f%% { visibility: hidden } }\n", i, shown, end)
	}
	return b.String()
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder never fails
	return b.String()
}
