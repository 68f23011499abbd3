package cli

import (
	"os"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
)

var (
	// userInfo matches what stands before a host, as in http://user:password@host.
	userInfo = lazyregexp.Compile(`:.*@`)
	// drive matches the beginning of a path on Windows, also as a flag's value.
	drive = lazyregexp.Compile(`^(-C|--[a-z-]+=)?[A-Za-z]:[\\/]`)
)

// refuseSecrets refuses a command line with what may be a password, before any
// part of it can reach an output. What is on disk is none.
func refuseSecrets(args []string) error {
	doctor := slices.Contains(args, "doctor") // takes URLs, and judges them itself
	for i, arg := range args {
		if doctor && !strings.HasPrefix(arg, "-") && (i == 0 || !strings.HasPrefix(args[i-1], "-")) {
			continue
		}
		text := drive().ReplaceAllString(arg, "")
		if !userInfo().MatchString(text) && (doctor || !strings.Contains(text, "://")) {
			continue
		}
		if _, err := os.Lstat(arg); err == nil {
			continue
		}
		return usageError("give URLs to proxypatch doctor only, and without a password; a proxy goes into https_proxy",
			"argument %d may hold a password, so proxypatch does not use it or repeat it", i+1)
	}
	return nil
}
