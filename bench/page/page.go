// Package page writes the results of measurements into docs/maintaining/performance.md, and
// draws their charts. Each measurement owns one part of the page, between two comments, and one
// chart. A test can make both again from the tables that the page shows.
package page

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Measurement is what one command writes.
type Measurement struct {
	Command string // such as "make bench"
	Chart   string // the file beside the page
	Prose   string // what is measured, above the tables
	Draw    func(tables []Table) (string, error)
}

// File is the page, below the repository's root.
const File = "docs/maintaining/performance.md"

// Write puts what was measured into the page below root, and draws the chart. where says
// on which machine, in one line.
func (m *Measurement) Write(root, where string, tables []Table) error {
	path := filepath.Join(root, filepath.FromSlash(File))
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, _, after, err := m.cut(string(content))
	if err != nil {
		return err
	}
	chart, err := m.Draw(tables)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(before+m.text(where, tables)+after), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(filepath.Dir(path), m.Chart), []byte(chart), 0o644)
}

// Check returns an error unless the part in the page below root, and the chart, are what
// Write makes of the tables in that part. It returns the tables.
func (m *Measurement) Check(root string) ([]Table, error) {
	path := filepath.Join(root, filepath.FromSlash(File))
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	_, part, _, err := m.cut(string(content))
	if err != nil {
		return nil, err
	}
	where, tables := read(part)
	if want := m.text(where, tables); part != want {
		return nil, fmt.Errorf("%s: the part of %s is %q, want %q", File, m.Command, part, want)
	}
	want, err := m.Draw(tables)
	if err != nil {
		return nil, err
	}
	chart, err := os.ReadFile(filepath.Join(filepath.Dir(path), m.Chart))
	if err == nil && string(chart) != want {
		err = fmt.Errorf("%s does not show the numbers of %s", m.Chart, File)
	}
	return tables, err
}

// cut splits the page around the measurement's part.
func (m *Measurement) cut(content string) (before, part, after string, err error) {
	begin, end := "<!-- begin "+m.Command+" -->\n", "<!-- end "+m.Command+" -->\n"
	before, rest, found := strings.Cut(content, begin)
	part, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", "", "", fmt.Errorf("%s has no part for %s", File, m.Command)
	}
	return before + begin, part, end + after, nil
}

const measuredOn = "Measured on "

func (m *Measurement) text(where string, tables []Table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n\n![%s](%s)\n\n%s%s.\n", strings.TrimSpace(m.Prose), "chart of "+m.Command, m.Chart, measuredOn, where)
	for _, t := range tables {
		b.WriteString("\n" + t.String())
	}
	return b.String() + "\n"
}

// read returns the variable content of a part.
func read(part string) (where string, tables []Table) {
	inside := false
	for line := range strings.Lines(part) {
		line = strings.TrimSuffix(line, "\n")
		if text, found := strings.CutPrefix(line, measuredOn); found {
			where = strings.TrimSuffix(text, ".")
		}
		isRow := strings.HasPrefix(line, "| ")
		switch {
		case isRow && !inside:
			tables = append(tables, Table{Head: cells(line)})
		case isRow:
			last := &tables[len(tables)-1]
			last.Rows = append(last.Rows, cells(line))
		}
		inside = isRow || inside && strings.HasPrefix(line, "|--")
	}
	return where, tables
}

func cells(line string) []string {
	return strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "| "), " |"), " | ")
}

// Table is a table of the page.
type Table struct {
	Head []string
	Rows [][]string
}

// Add adds a row.
func (t *Table) Add(row ...string) { t.Rows = append(t.Rows, row) }

// String returns the table in Markdown.
func (t Table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(t.Head, " | "), strings.Repeat("---|", len(t.Head)))
	for _, row := range t.Rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	return b.String()
}

// Bar is one bar of a chart.
type Bar struct {
	Label, Text string
	Length      float64
	Colour      string
}

// Group is some bars below a heading.
type Group struct {
	Heading string
	Bars    []Bar
}

// The colours of bars: ours, those we compare with, and the limits.
const (
	Blue  = "#2f6fde"
	Brown = "#b0863a"
	Green = "#5a9e5a"
	Grey  = "#8a8a8a"
)

// Chart draws groups of bars on one scale, as SVG.
func Chart(title string, groups []Group) string {
	const left, width, bar, gap = 250, 390, 16, 26
	most := 0.0
	for _, group := range groups {
		for _, b := range group.Bars {
			most = max(most, b.Length)
		}
	}
	var out strings.Builder
	y := 34
	for _, group := range groups {
		fmt.Fprintf(&out, `<text x="10" y="%d" font-weight="bold">%s</text>`+"\n", y, group.Heading)
		y += 10
		for _, b := range group.Bars {
			length := max(1, int(b.Length/most*width))
			fmt.Fprintf(&out, `<text x="%d" y="%d" text-anchor="end">%s</text><rect x="%d" y="%d" width="%d" height="%d" fill="%s"/><text x="%d" y="%d">%s</text>`+"\n",
				left-8, y+12, b.Label, left, y, length, bar, b.Colour, left+length+6, y+12, b.Text)
			y += bar + 4
		}
		y += gap
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="720" height="%d" viewBox="0 0 720 %[1]d" font-family="sans-serif" font-size="12" fill="#24292f">
<title>%[2]s</title>
<rect width="720" height="%[1]d" fill="#ffffff"/>
<text x="10" y="16">%[2]s</text>
`, y, title) + out.String() + "</svg>\n"
}

// Number returns the first number of a cell such as "1.06 (19 ms)".
func Number(cell string) (float64, error) {
	first, _, _ := strings.Cut(cell, " ")
	return strconv.ParseFloat(first, 64)
}
