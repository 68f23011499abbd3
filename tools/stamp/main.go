// Command stamp updates the hash in the helper's first line. It keeps the revision,
// which you raise if you change a released helper. Then it writes the helper's second
// form, an ES module, beside it.
//
//	go run ./tools/stamp patches/helper/proxy.js
package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

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
	if len(args) != 1 || !strings.HasSuffix(args[0], ".js") {
		return fmt.Errorf("usage: stamp FILE.js")
	}
	content, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var revision int
	if _, err := fmt.Sscanf(string(content), patchset.HelperMarker+"%d ", &revision); err != nil {
		return fmt.Errorf("%s: no marker in its first line: %w", args[0], err)
	}
	module, err := esModule(content)
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	if err := write(args[0], stamp.Helper(content, revision)); err != nil {
		return err
	}
	return write(strings.TrimSuffix(args[0], ".js")+".mjs", stamp.Helper(module, revision))
}

// write writes a file, unless it has this content.
func write(name string, content []byte) error {
	if is, err := os.ReadFile(name); err == nil && bytes.Equal(is, content) {
		return nil
	}
	return os.WriteFile(name, content, 0o644)
}
