package main

import (
	"fmt"

	"github.com/proxypatch/proxypatch/bench/page"
)

// finders are the commands of bench/find.sh.
var finders = []command{
	{"proxypatch", "proxypatch check", page.Blue},
	{"find", "find", page.Brown},
	{"fd", "fd", page.Brown},
}

// sizes are the numbers of files in each package of the two trees.
var sizes = []string{"105", "210"}

var findAims = []aim{
	{"`proxypatch check`, beside fd", "proxypatch-105", "fd-105", 0.1},
	{"`proxypatch check` with twice the files, beside once", "proxypatch-210", "proxypatch-105", 1.1},
}

var search = page.Measurement{
	Command: "make bench-find",
	Chart:   "bench-find.svg",
	Prose: `
A workspace has 500 packages, 1,500 installed ones, and six copies of next-auth. proxypatch
finds the copies and reads their files. find and fd only look for
` + "`next-auth/package.json`" + `, but in all directories, because that is all they know. The second
tree has twice the files, which must not slow proxypatch down. The caches are warm.`,
	Draw: drawFind,
}

func reportFind(file string) error {
	s, err := readSamples(file)
	if err != nil {
		return err
	}
	runs := len(s["fd-105"].ms)
	fmt.Printf("\n%d runs each:\n\n", runs)
	tables := []page.Table{findTable(s), s.aimTable(findAims)}
	for _, table := range tables {
		print(table)
	}
	if !update() {
		return nil
	}
	return search.Write(".", fmt.Sprintf("%s, %d runs each", page.Machine(), runs), tables)
}

func findTable(s samples) page.Table {
	table := page.Table{Head: []string{"command", "files", "median ms", "processor ms", "peak MB", "beside fd"}}
	for _, size := range sizes {
		for _, c := range finders {
			name := c.name + "-" + size
			table.Add(c.label, number(s["files-"+size].ms[0]*1e6, 0), number(s.median(name), 1), number(s.busy(name), 1),
				number(s[name].peak, 1), number(s.ratio(name, "fd-"+size), 3))
		}
	}
	return table
}

func drawFind(tables []page.Table) (string, error) {
	rows := tables[0].Rows
	var groups []page.Group
	for range sizes {
		group := page.Group{Heading: rows[0][1] + " files"}
		for _, c := range finders {
			median, err := page.Number(rows[0][2])
			if err != nil {
				return "", err
			}
			group.Bars = append(group.Bars, page.Bar{Label: c.label, Text: rows[0][2] + " ms", Length: median, Colour: c.colour})
			rows = rows[1:]
		}
		groups = append(groups, group)
	}
	return page.Chart("Median time to find six copies of next-auth", groups), nil
}
