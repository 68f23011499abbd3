package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// span is a part of a line in one style.
type span struct {
	class string // of the picture's styles; empty for plain text
	text  string
}

// classes are the styles of the escape sequences that the demonstration uses.
var classes = map[string]string{"\x1b[0m": "", "\x1b[31m": "red", "\x1b[32m": "green"}

var escape = regexp.MustCompile("\x1b\\[[0-9]*m")

// parse splits a session in a shell into lines and spans. Escape sequences other than colours
// are an error, because the picture would not match a terminal.
func parse(session string) ([][]span, error) {
	var lines [][]span
	for line := range strings.Lines(session) {
		spans, err := parseLine(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		lines = append(lines, spans)
	}
	return lines, nil
}

func parseLine(line string) ([]span, error) {
	if command, found := strings.CutPrefix(line, "$ "); found {
		return []span{{"comment", "$ "}, {"command", command}}, nil
	}
	if strings.HasPrefix(line, "# ") {
		return []span{{"comment", line}}, nil
	}
	var spans []span
	class := ""
	for line != "" {
		end, next := len(line), len(line)
		if m := escape.FindStringIndex(line); m != nil {
			end, next = m[0], m[1]
		}
		text, sequence := line[:end], line[end:next]
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
			return nil, fmt.Errorf("a control character in %q", text)
		}
		if text != "" {
			spans = append(spans, span{class, text})
		}
		known := true
		if class, known = classes[sequence]; !known && sequence != "" {
			return nil, fmt.Errorf("unknown colour %q", sequence)
		}
		line = line[next:]
	}
	return spans, nil
}

// The measures of the picture, in its own units.
const (
	charWidth  = 7.8
	lineHeight = 19
	margin     = 18
	bar        = 30 // height of the title bar
)

// head contains the styles. Nothing moves: a reader sees the end at once.
const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" role="img" aria-labelledby="title" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13">
<title id="title">A sign-in behind a proxy, without and with proxypatch</title>
<style>
.window { fill: #ffffff; stroke: #d0d7de }
.dot { fill: #d0d7de }
text { fill: #1f2328; white-space: pre }
.comment { fill: #57606a }
.command { font-weight: 600 }
.green { fill: #1a7f37 }
.red { fill: #cf222e }
@media (prefers-color-scheme: dark) {
.window { fill: #0d1117; stroke: #30363d }
.dot { fill: #30363d }
text { fill: #e6edf3 }
.comment { fill: #9da7b1 }
.green { fill: #3fb950 }
.red { fill: #f85149 }
}
</style>
<rect class="window" x="0.5" y="0.5" width="%[3]d" height="%[4]d" rx="8"/>
<circle class="dot" cx="20" cy="16" r="5"/><circle class="dot" cx="38" cy="16" r="5"/><circle class="dot" cx="56" cy="16" r="5"/>
`

// draw returns the picture of a session.
func draw(lines [][]span) []byte {
	columns := 0
	for _, line := range lines {
		columns = max(columns, length(line))
	}
	width, height := int(float64(columns)*charWidth)+2*margin, len(lines)*lineHeight+bar+margin
	var b bytes.Buffer
	fmt.Fprintf(&b, head, width, height, width-1, height-1)
	for i, line := range lines {
		if len(line) > 0 {
			drawLine(&b, bar+(i+1)*lineHeight, line)
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func length(line []span) int {
	n := 0
	for _, part := range line {
		n += utf8.RuneCountInString(part.text)
	}
	return n
}

func drawLine(b *bytes.Buffer, y int, line []span) {
	fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\" xml:space=\"preserve\">", margin, y)
	for _, part := range line {
		if part.class == "" {
			b.WriteString(escaped(part.text))
		} else {
			fmt.Fprintf(b, "<tspan class=\"%s\">%s</tspan>", part.class, escaped(part.text))
		}
	}
	b.WriteString("</text>\n")
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder never fails
	return b.String()
}
