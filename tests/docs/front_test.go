package docs

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// frontPages are what a new user reads first, in each language.
var frontPages = []string{"README.md", "README.ko.md", "docs/quick-start.md", "docs/ko/quick-start.md"}

// TestReadmeIsShort holds the README to what a new user reads before they scroll away.
func TestReadmeIsShort(t *testing.T) {
	for _, name := range []string{"README.md", "README.ko.md"} {
		lines := strings.Split(strings.TrimSuffix(repotest.Read(t, name), "\n"), "\n")
		if len(lines) > 120 {
			t.Errorf("%s has %d lines", name, len(lines))
		}
		if at := slices.IndexFunc(lines, hasLogin); at < 0 || at >= 59 {
			t.Errorf("%s names a proxy with user and password at index %d", name, at)
		}
	}
}

func hasLogin(line string) bool { return strings.Contains(line, "http://USER:PASSWORD@") }

// TestFewCommands holds the README to four commands in the first block that runs proxypatch.
func TestFewCommands(t *testing.T) {
	for _, section := range repotest.Document(t, "README.md") {
		for _, b := range section.Blocks {
			if !strings.Contains(b.Code, "proxypatch verify") {
				continue
			}
			if n := strings.Count(b.Code, "\n"); n > 4 {
				t.Errorf("README.md:%d: %d commands", b.Line, n)
			}
			return
		}
	}
	t.Error("README.md proves nothing")
}

// TestTeamComesBeforeInit requires a warning before the first command that adds hooks, since hooks that one person
// commits break the installs of all others.
func TestTeamComesBeforeInit(t *testing.T) {
	for _, name := range frontPages {
		page := repotest.Read(t, name)
		warning, hooks := strings.Index(page, "`sh: proxypatch: not found`"), strings.Index(page, "proxypatch init")
		if warning < 0 || hooks < 0 || hooks < warning {
			t.Errorf("%s warns at %d and adds hooks at %d", name, warning, hooks)
		}
	}
}

// TestPercentEncoding checks the codes in the quick start, and that its proxy has a login.
func TestPercentEncoding(t *testing.T) {
	for _, name := range frontPages[2:] {
		if !hasLogin(repotest.Read(t, name)) {
			t.Errorf("%s names no proxy with user and password", name)
		}
		checked := 0
		for _, section := range repotest.Document(t, name) {
			if len(section.Rows) != 2 || !strings.HasPrefix(section.Rows[1][0], "%") {
				continue
			}
			for i, code := range section.Rows[1] {
				character := section.Rows[0][i]
				if len(character) > 1 {
					character = " " // in words
				}
				if decoded, err := url.PathUnescape(code); err != nil || decoded != character {
					t.Errorf("%s: %s is %q, not %q (%v)", name, code, decoded, character, err)
				}
				checked++
			}
		}
		if checked < 9 {
			t.Errorf("%s has only %d codes", name, checked)
		}
	}
}

// TestEncodingCommand types a password into the quick start's command, and expects the codes of its table.
func TestEncodingCommand(t *testing.T) {
	node := nodetest.Node(t)
	for _, name := range frontPages[2:] {
		password, encoded, command := "", "", ""
		for _, section := range repotest.Document(t, name) {
			if len(section.Rows) == 2 && strings.HasPrefix(section.Rows[1][0], "%") {
				last := len(section.Rows[0]) - 1 // a space, in words
				password = strings.Join(section.Rows[0][:last], "") + " x"
				encoded = strings.Join(section.Rows[1], "") + "x"
			}
			for _, b := range section.Blocks {
				if strings.HasPrefix(b.Code, "node -e ") {
					command = b.Code
				}
			}
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
		cmd.Stdin = strings.NewReader(password + "\n")
		cmd.Env = []string{"PATH=" + filepath.Dir(node) + string(filepath.ListSeparator) + os.Getenv("PATH")}
		out, err := cmd.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || encoded == "" || got != encoded {
			t.Errorf("%s: %q makes %q of %q, not %q (%v)", name, command, got, password, encoded, err)
		}
	}
}
