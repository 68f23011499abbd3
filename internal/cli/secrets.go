package cli

import (
	"os"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/hooks"
	"github.com/proxypatch/proxypatch/internal/printable"
)

// refuseSecrets refuses a command line with what may be a password, before any
// part of it can reach an output. What is on disk is none.
func refuseSecrets(args []string) error {
	doctor := slices.Contains(args, "doctor") // takes URLs, and judges them itself
	for i, arg := range args {
		ofFlag := strings.HasPrefix(arg, "-") || i > 0 && takesValue(args[i-1])
		if doctor && !ofFlag {
			continue
		}
		value := valueOf(arg)
		if printable.MayHoldLogin(value) && !onDisk(value) {
			return usageError(hint.Join(hint.Text("give URLs to "), hint.Keep("proxypatch doctor"), hint.Text(" only, and without a password; a proxy goes into https_proxy")),
				"argument %d may hold a password, so proxypatch does not use it or repeat it", i+1)
		}
	}
	return nil
}

func onDisk(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// takesValue reports whether the next argument is the value of this flag.
func takesValue(arg string) bool {
	return strings.HasPrefix(arg, "-") && slices.Contains(hooks.ValueFlags, strings.TrimLeft(arg, "-"))
}

// valueOf returns an argument without the flag that it is the value of.
func valueOf(arg string) string {
	switch {
	case strings.HasPrefix(arg, "--"):
		if _, value, given := strings.Cut(arg, "="); given {
			return value
		}
		return strings.TrimPrefix(arg, "--")
	case strings.HasPrefix(arg, "-C"):
		return strings.TrimPrefix(arg, "-C")
	}
	return strings.TrimPrefix(arg, "-")
}
