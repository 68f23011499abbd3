// Command stamp updates the hash in the helper's first line. It keeps the revision,
// which you raise if you change a released helper.
//
//	go run ./tools/stamp patches/helper/proxy.js
package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/stamp"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "stamp:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: stamp FILE")
	}
	content, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var revision int
	if _, err := fmt.Sscanf(string(content), patchset.HelperMarker+"%d ", &revision); err != nil {
		return fmt.Errorf("%s: no marker in its first line: %w", args[0], err)
	}
	stamped := stamp.Helper(content, revision)
	if bytes.Equal(stamped, content) {
		return nil
	}
	return os.WriteFile(args[0], stamped, 0o644)
}
