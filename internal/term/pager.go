package term

import (
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
)

// Page shows text through the person's pager and reports whether it did. own is
// the environment variable that wins over PAGER. A person who leaves the pager
// before the end of the text causes no error, as in git.
func (s *Streams) Page(text, own string) bool {
	if !s.OnStdout.Is() || dumb() || InCI() {
		return false
	}
	pager := pagerCommand(own)
	if pager == nil {
		return false
	}
	pager.Stdin, pager.Stdout, pager.Stderr = strings.NewReader(text), s.OnStdout.file, os.Stderr
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

// pagerCommand returns the pager of the variable own, else $PAGER, else less; nil
// if there is none or the person wants none.
func pagerCommand(own string) *exec.Cmd {
	words, chosen := os.LookupEnv(own)
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
