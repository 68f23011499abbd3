// Command report prints what the scripts beside it have measured:
//
//	report bench DIR…       of bench/run.sh, one directory for each disk
//	report bench-find FILE  of bench/find.sh
//
// With UPDATE=1 in the environment it also writes docs/maintaining/performance.md and a chart. Every
// line of the samples has what bench/start printed, after the command's name. The n-th line of
// each name is of the n-th round.
package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/proxypatch/proxypatch/bench/page"
)

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("usage: report bench DIR… | report bench-find FILE"))
	}
	var err error
	switch os.Args[1] {
	case "bench":
		err = reportStart(os.Args[2:])
	case "bench-find":
		err = reportFind(os.Args[2])
	default:
		err = fmt.Errorf("unknown measurement %q", os.Args[1])
	}
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "report:", err)
	os.Exit(1)
}

// update reports whether to write the page.
func update() bool { return os.Getenv("UPDATE") != "" }

// series are the samples of one command, in the order of the rounds.
type series struct {
	ms   []float64
	busy []float64 // processor time in ms
	peak float64   // MB
}

// samples are those of all commands, by name.
type samples map[string]*series

func readSamples(path string) (samples, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	all := samples{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var name string
		var ns, memory, busy float64
		if _, err := fmt.Sscan(lines.Text(), &name, &ns, &memory, &busy); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", path, lines.Text(), err)
		}
		if all[name] == nil {
			all[name] = &series{}
		}
		all[name].ms = append(all[name].ms, ns/1e6)
		all[name].busy = append(all[name].busy, busy/1e6)
		all[name].peak = max(all[name].peak, memory/memoryUnit)
	}
	return all, nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

func (s samples) median(name string) float64 { return median(s[name].ms) }
func (s samples) busy(name string) float64   { return median(s[name].busy) }

// ratio returns the median of the ratios of two commands in each round. Other work on the
// machine disturbs both of a pair.
func (s samples) ratio(of, to string) float64 {
	ratios := make([]float64, len(s[of].ms))
	for i, ms := range s[of].ms {
		ratios[i] = ms / s[to].ms[i]
	}
	return median(ratios)
}

// aim is a ratio of two commands that we want to be small.
type aim struct {
	text   string
	of, to string
	most   float64
}

// aimTable says which aims are met.
func (s samples) aimTable(aims []aim) page.Table {
	table := page.Table{Head: []string{"aim", "at most", "measured", "of processor time", ""}}
	for _, a := range aims {
		ratio := number(s.ratio(a.of, a.to), 3)
		table.Add(a.text, strconv.FormatFloat(a.most, 'f', -1, 64), ratio, number(s.busy(a.of)/s.busy(a.to), 3), verdict(ratio, a.most))
	}
	return table
}

func verdict(ratio string, most float64) string {
	if value, err := strconv.ParseFloat(ratio, 64); err == nil && value <= most {
		return "met"
	}
	return "MISSED"
}

func number(value float64, digits int) string { return strconv.FormatFloat(value, 'f', digits, 64) }

// print writes a table for a terminal.
func print(table page.Table) {
	widths := make([]int, len(table.Head))
	rows := append([][]string{table.Head}, table.Rows...)
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if i == 0 {
				fmt.Fprintf(&line, "  %-*s", widths[i], cell)
			} else {
				fmt.Fprintf(&line, "  %*s", widths[i], cell)
			}
		}
		fmt.Println(strings.TrimRight(line.String(), " "))
	}
	fmt.Println()
}
