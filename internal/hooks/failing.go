package hooks

import (
	"slices"
	"strings"
)

// Failing returns what fails if the proxypatch of the hooks fails: "builds fail", or, since
// builds need an install, "installs and builds fail". It is empty if none runs proxypatch
// without the flag unless.
func (p *Plan) Failing(unless string) string {
	if slices.ContainsFunc(afterInstall[p.ws.Manager], func(name string) bool {
		text, _ := p.root.manifest.script(name)
		return runsTool(text, unless)
	}) {
		return "installs and builds fail"
	}
	if slices.ContainsFunc(p.builds, func(b build) bool { return b.runsTool(unless) }) {
		return "builds fail"
	}
	return ""
}

// runsInBuilds reports whether a script of the file that runs next build runs proxypatch
// before it.
func (p *Plan) runsInBuilds(f *File) bool {
	return slices.ContainsFunc(p.builds, func(b build) bool { return b.file == f && b.runsTool("") })
}

// build is a script of a file that runs next build, or the text of a task that does.
type build struct {
	file *File
	name string
	task string
}

func (b build) runsTool(unless string) bool {
	if b.file == nil {
		return runsTool(b.task, unless)
	}
	text, _ := b.file.manifest.script(b.name)
	before, _ := b.file.manifest.script("pre" + b.name)
	return runsTool(text, unless) || runsTool(before, unless)
}

// runsTool reports whether a script runs proxypatch without a flag, or names it and can't
// be parsed.
func runsTool(script, unless string) bool {
	all, err := commands(script)
	if err != nil {
		return strings.Contains(script, tool)
	}
	return slices.ContainsFunc(all, func(c command) bool {
		return slices.ContainsFunc(c.runs(tool), func(words []string) bool { return !slices.Contains(words, unless) })
	})
}
