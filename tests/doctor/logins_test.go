package doctor

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
)

// TestNoLoginIsShown puts a proxy's login into every place that doctor and init read.
// No output in any format may show it.
func TestNoLoginIsShown(t *testing.T) {
	clearEnvironment(t)
	proxy := "http://" + login + "@proxy.test:3128"
	for _, name := range []string{"https_proxy", "NO_PROXY", "NODE_EXTRA_CA_CERTS", "NODE_OPTIONS", "npm_config_proxy", "AUTH_ISSUER"} {
		t.Setenv(name, proxy)
	}
	t.Setenv("GITHUB_STEP_SUMMARY", filepath.Join(t.TempDir(), "summary"))
	scripts, err := json.Marshal(map[string]any{"scripts": map[string]string{
		"postinstall": "https_proxy=" + proxy + " x", "build": "http_proxy='" + proxy + "' next build || true", "dependencies": "HTTP_PROXY=" + login + "@proxy.test y",
	}})
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"package.json": string(scripts), ".env": "http_proxy=" + proxy + "\nOKTA_ISSUER=" + proxy + "\n", ".npmrc": "proxy=" + proxy + "\n", ".git/x": "", "next.config.js": "",
	}
	for _, format := range [][]string{nil, {"-v"}, {"--json"}, {"on GitHub"}} {
		t.Setenv("GITHUB_ACTIONS", "")
		if len(format) > 0 && format[0] == "on GitHub" { // every command annotates
			t.Setenv("GITHUB_ACTIONS", "true")
			format = nil
		}
		dir := t.TempDir()
		for name, text := range files {
			path := filepath.Join(dir, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		for _, command := range [][]string{{"doctor", "--if-present"}, {"init", "-n"}, {"init"}, {"init"}, {"doctor", "--if-present"}, {"init", "--undo", "-n"}, {"init", "--undo"}} {
			args := append(append(command, "-C", dir), format...)
			got := clitest.Run(t, dir, os.Environ(), args...)
			if shown := got.Stdout + got.Stderr; shown == "" || strings.Contains(shown, secret) {
				t.Errorf("%q shows %s", args, shown)
			}
		}
		if summary, _ := os.ReadFile(os.Getenv("GITHUB_STEP_SUMMARY")); bytes.Contains(summary, []byte(secret)) {
			t.Errorf("%q: the summary shows %s", format, summary)
		}
		if data, err := os.ReadFile(filepath.Join(dir, "package.json")); err != nil || !bytes.Equal(data, scripts) {
			t.Errorf("%q: undo leaves %s (%v)", format, data, err)
		}
	}
}
