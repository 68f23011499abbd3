package cli

import (
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
)

// page shows text through the person's pager and reports whether it has. A
// pager that is left before the end of the text is no error, as in git.
func (u *ui) page(text string) bool {
	if u.onStdout.file == nil || dumb() || inCI() {
		return false
	}
	pager := pagerCommand()
	if pager == nil {
		return false
	}
	pager.Stdin, pager.Stdout, pager.Stderr = strings.NewReader(text), u.onStdout.file, os.Stderr
	// Ctrl-C is for the pager, which must not be left alone with the terminal.
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	if err := pager.Start(); err != nil {
		return false
	}
	_ = pager.Wait()
	return true
}

// pagerCommand returns $PROXYPATCH_PAGER, else $PAGER, else less where there is
// one; nil if nothing is to page.
func pagerCommand() *exec.Cmd {
	words, chosen := os.LookupEnv("PROXYPATCH_PAGER")
	if !chosen {
		words, chosen = os.LookupEnv("PAGER")
	}
	if !chosen {
		words = "less"
	}
	fields := strings.Fields(words)
	if len(fields) == 0 || words == "cat" {
		return nil
	}
	cmd := exec.Command(fields[0], fields[1:]...)
	if strings.ContainsAny(words, "|&;<>()$`\\\"'*?[]#~=%") && runtime.GOOS != "windows" {
		cmd = exec.Command("sh", "-c", words)
	}
	if cmd.Err != nil { // not found
		return nil
	}
	cmd.Env = os.Environ()
	if _, set := os.LookupEnv("LESS"); !set { // colours, no pager for one screen, and the text stays
		cmd.Env = append(cmd.Env, "LESS=FRX")
	}
	return cmd
}

// colorDiff returns a diff as a person reads it on a terminal, in git's colours
// if there are any.
func colorDiff(on bool, text string) string {
	var b strings.Builder
	header := true // before the first hunk of a file
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		c := plain
		switch {
		case strings.HasPrefix(line, "diff --git "):
			header, c = true, bold
		case strings.HasPrefix(line, "@@ "):
			header, c = false, cyan
		case header:
			c = bold
		case strings.HasPrefix(line, "+"):
			c = green
		case strings.HasPrefix(line, "-"):
			c = red
		}
		b.WriteString(paint(on, c, cleanKeepingTabs(line)) + "\n")
	}
	return b.String()
}

func cleanKeepingTabs(line string) string {
	parts := strings.Split(line, "\t")
	for i := range parts {
		parts[i] = clean(parts[i])
	}
	return strings.Join(parts, "\t")
}
