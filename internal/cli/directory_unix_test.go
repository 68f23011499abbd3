//go:build unix

package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/report"
)

// A path that is too long is no mistake in a -C that nobody gave.
func TestDirectoryTooLong(t *testing.T) {
	t.Chdir(t.TempDir())
	name := strings.Repeat("d", 200)
	for range 25 {
		if err := os.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chdir(name); err != nil {
			t.Fatal(err)
		}
	}
	for _, command := range []string{"apply", "check", "init", "doctor"} {
		for _, test := range []struct {
			args []string
			code report.ExitCode
			want string
		}{
			{[]string{command}, report.Failed, "proxypatch: file name too long: ."},
			{[]string{command, "-C", name + "/" + strings.Repeat("x", 300)}, report.Usage, "proxypatch: -C: file name too long: " + name},
		} {
			var stdout, stderr bytes.Buffer
			code := Run(test.args, strings.NewReader(""), &stdout, &stderr)
			if code != int(test.code) || stdout.Len() > 0 || !strings.HasPrefix(stderr.String(), test.want) {
				t.Errorf("%q: exit code %d, %s%s", test.args, code, &stdout, &stderr)
			}
		}
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) > 0 {
		t.Errorf("%v, %v were left behind", entries, err)
	}
}
