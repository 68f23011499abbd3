package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/proxypatch/proxypatch/bench/page"
)

// command is a row of the table: one of the commands of bench/run.sh.
type command struct{ name, label, colour string }

// stage is a group of commands that do the same.
type stage struct {
	heading  string
	commands []command
}

var stages = []stage{
	{"start and end", []command{
		{"true", "an empty process", page.Grey},
		{"empty", "an empty Go program", page.Grey},
		{"limit", "three libraries linked", page.Green},
		{"linked", "all libraries linked", page.Green},
		{"version", "proxypatch version", page.Blue},
	}},
	{"nothing to do", []command{
		{"apply-noop", "proxypatch apply", page.Blue},
		{"check", "proxypatch check", page.Blue},
		{"git-noop", "git apply --check -R", page.Brown},
		{"pp-noop", "patch-package", page.Brown},
	}},
	{"change next-auth", []command{
		{"apply", "proxypatch apply", page.Blue},
		{"git", "git apply", page.Brown},
		{"pp", "patch-package", page.Brown},
	}},
	{"nothing to do, in an app", []command{
		{"apply-app", "never built", page.Blue},
		{"apply-built", "with 5,000 built files", page.Blue},
	}},
}

var startAims = []aim{
	{"`version`, beside three libraries linked", "version", "limit", 1.4},
	{"`apply` with nothing to do, beside an empty Go program", "apply-noop", "empty", 2.5},
	{"`apply`, beside `git apply`", "apply", "git", 2.5},
	{"`apply`, beside patch-package", "apply", "pp", 0.02},
	{"`apply` in an app that was built, beside one that was not", "apply-built", "apply-app", 1.1},
}

var start = page.Measurement{
	Command: "make bench",
	Chart:   "bench.svg",
	Prose: `
Each row is a whole process, from before its start to after its end. All tools make the same
change to the same next-auth 4.2.1. Every round runs each command once, in a new order, and a
ratio is the median of the ratios in each round. So other work on the machine disturbs both
sides alike. Where many run, processor time says more. The program is built as for a release.

Some programs that do nothing show the limits. One is empty, and one links cobra, go-gitdiff
and semver, on which proxypatch is built. One links every library that proxypatch uses. Go
initialises each of them at each start. patch-package starts in the fastest way, without
npx or npm. On a disk, proxypatch also waits until the files are on the disk (fsync), and the
others do not. The times in memory (tmpfs) leave that out, and the aims are for these.`,
	Draw: drawStart,
}

func reportStart(dirs []string) error {
	var all []samples
	for _, dir := range dirs {
		s, err := readSamples(filepath.Join(dir, "samples"))
		if err != nil {
			return err
		}
		all = append(all, s)
		fmt.Printf("\n%s, %d runs each:\n\n", placeOf(dir), len(s["empty"].ms))
		print(startTable([]samples{s}))
		print(s.aimTable(startAims))
	}
	if !update() {
		return nil
	}
	last := all[len(all)-1]
	where := fmt.Sprintf("%s, %d runs each", page.Machine(), len(last["empty"].ms))
	return start.Write(".", where, []page.Table{startTable(all), last.aimTable(startAims)})
}

func placeOf(dir string) string {
	if strings.HasPrefix(dir, "/dev/shm/") {
		return "tmpfs"
	}
	return "disk"
}

// startTable has the last of the places, and the medians on the first.
func startTable(places []samples) page.Table {
	s := places[len(places)-1]
	table := page.Table{Head: []string{"command", "median ms", "processor ms", "peak MB", "beside an empty Go program"}}
	if len(places) > 1 {
		table.Head = append(table.Head, "median ms on a disk")
	}
	for _, stage := range stages {
		for _, c := range stage.commands {
			row := []string{
				stage.heading + ": " + c.label, number(s.median(c.name), 2), number(s.busy(c.name), 2),
				number(s[c.name].peak, 1), number(s.ratio(c.name, "empty"), 2),
			}
			if len(places) > 1 {
				row = append(row, number(places[0].median(c.name), 2))
			}
			table.Add(row...)
		}
	}
	return table
}

// drawStart draws the medians. Beside the bars of patch-package, no others could be seen.
func drawStart(tables []page.Table) (string, error) {
	rows := tables[0].Rows
	var groups []page.Group
	for _, stage := range stages {
		group := page.Group{Heading: stage.heading}
		for _, c := range stage.commands {
			median, err := page.Number(rows[0][1])
			if err != nil {
				return "", err
			}
			if c.label != "patch-package" {
				group.Bars = append(group.Bars, page.Bar{Label: c.label, Text: rows[0][1] + " ms", Length: median, Colour: c.colour})
			}
			rows = rows[1:]
		}
		groups = append(groups, group)
	}
	return page.Chart("Median time of a whole process, without patch-package", groups), nil
}
