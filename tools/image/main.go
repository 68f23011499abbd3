// Command image writes an image that contains only proxypatch, for COPY --from: an OCI
// layout for Linux on several processors, in a tar file. It needs no container engine.
// The same programs give the same bytes.
//
//	go run ./tools/image FILE VERSION COMMIT SECONDS ARCH=PROGRAM…
//
// SECONDS is the time of the commit, in seconds since 1970.
package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 5 {
		return errors.New("usage: image FILE VERSION COMMIT SECONDS ARCH=PROGRAM…")
	}
	seconds, err := strconv.ParseInt(args[3], 10, 64)
	if err != nil {
		return fmt.Errorf("SECONDS: %w", err)
	}
	made := image{version: args[1], commit: args[2], created: time.Unix(seconds, 0).UTC()}
	for _, arg := range args[4:] {
		arch, name, _ := strings.Cut(arg, "=")
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		made.programs = append(made.programs, program{arch, data})
	}
	data, err := made.tar()
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], data, 0o666)
}
