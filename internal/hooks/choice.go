package hooks

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/lazyregexp"
)

// choice holds the flags of every hook: those that select copies of next-auth, and those of
// the postinstall that exists.
type choice struct {
	taken    takenFlags
	words    []string // ranges of releases, and paths from the workspace's root, with slashes
	explicit bool     // a person gave it now; if not, it is the one in the hooks that exist
	project  *detect.Project
	root     string
}

// newChoice returns the choice for the hooks of a workspace: the given one or, without
// one, that of the hook that exists.
func newChoice(ws *detect.Workspace, root *File, words []string) choice {
	c := choice{taken: takeFlags(root.patching()), words: words, explicit: len(words) > 0, root: ws.Root().Dir}
	if !c.explicit {
		c.words = slices.DeleteFunc(valuesOf("copy", root.patching()), func(word string) bool { return !Quotable(word) })
	}
	if project, err := ws.Find(true); err == nil { // in doubt, every package gets its check
		c.project = project
	}
	return c
}

// valuesOf returns the values of a long flag among words.
func valuesOf(flag string, words []string) []string {
	var values []string
	for i, word := range words {
		value, joined := strings.CutPrefix(word, "--"+flag+"=")
		switch {
		case joined:
			values = append(values, value)
		case word == "--"+flag && i+1 < len(words):
			values = append(values, words[i+1])
		}
	}
	return values
}

// selects reports whether a word selects a copy that a package may load.
func (c *choice) selects(word string, pkg detect.Package) bool {
	if !detect.IsRange(word) {
		word = filepath.Join(c.root, filepath.FromSlash(word))
	}
	selected, err := c.project.Select([]string{word})
	return err == nil && slices.ContainsFunc(selected, func(s detect.Install) bool {
		loads, err := c.project.Loads(pkg, &s)
		return loads || err != nil // in doubt, check
	})
}

// flagsFor returns the flags for a script of a package. A word that selects no copy there
// would be an error, so it is left out. ok is false if none is left.
func (c *choice) flagsFor(pkg detect.Package) (flags string, ok bool) {
	isRoot := pkg.Dir == c.root
	for _, word := range c.words {
		if isRoot || c.project == nil || c.selects(word, pkg) {
			flags += " --copy " + quote(c.from(pkg, word))
		}
	}
	ok = flags != "" || len(c.words) == 0
	return flags + c.takenFor(pkg), ok
}

// takenFor returns the flags of the postinstall that exists, for a script of a package.
func (c *choice) takenFor(pkg detect.Package) string {
	flags := c.taken.plain
	if c.taken.set != "" {
		flags += " --set " + quote(c.taken.set)
	}
	if c.taken.patches != "" {
		flags += " --patches " + quote(c.from(pkg, c.taken.patches))
	}
	return flags
}

// from returns a word as a script of a package has to write it.
func (c *choice) from(pkg detect.Package, word string) string {
	if detect.IsRange(word) || filepath.IsAbs(word) {
		return word
	}
	rel, err := filepath.Rel(pkg.Dir, filepath.Join(c.root, filepath.FromSlash(word)))
	if err != nil {
		return word
	}
	return filepath.ToSlash(rel)
}

// Quotable reports whether a word means the same to sh and to cmd.exe in double quotes.
func Quotable(word string) bool { return !strings.ContainsAny(word, "\"$`\\%!\r\n") }

var bare = lazyregexp.Compile(`^[\w./-]+$`)

func quote(word string) string {
	if bare().MatchString(word) {
		return word
	}
	return `"` + word + `"`
}

// without returns a script of a package without the choice in its hooks, and without the
// flags that they took.
func (c *choice) without(script string, pkg detect.Package) string {
	hook := regexp.MustCompile(`(^| )(proxypatch (?:apply|check))(?: --copy (?:"[^"]*"|[\w./-]+))*(?:` + regexp.QuoteMeta(c.takenFor(pkg)) + `)?( && |$)`)
	return hook.ReplaceAllString(script, "$1$2$3")
}

// withoutChoice returns a script of a file without the flags that init gives its hook.
// postinstall is where other hooks take flags from, so it keeps them.
func (p *Plan) withoutChoice(f *File, name, script string) string {
	c := p.choice
	if name == "postinstall" && f.pkg.Is(p.ws.Root()) {
		c.taken = takenFlags{}
	}
	return c.without(script, f.pkg)
}

// choose puts flags behind the hook that a script begins or ends with.
func choose(script, command, flags string) string {
	if rest, ok := strings.CutPrefix(script, command); ok && (rest == "" || strings.HasPrefix(rest, and)) {
		return command + flags + rest
	}
	return script + flags
}

// patching returns the words after proxypatch in the command that patches after an
// install; nil if none does.
func (f *File) patching() []string {
	text, _ := f.manifest.script("postinstall")
	for _, c := range reached(text) {
		if mentions := c.runs(tool); c.patches() && len(mentions) > 0 {
			return mentions[0]
		}
	}
	return nil
}
