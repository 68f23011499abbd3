package security

import (
	"debug/buildinfo"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// TestSBOM compares the list of make sbom with the modules that Go recorded in the
// programs.
func TestSBOM(t *testing.T) {
	gate.Need(t, "release")
	dist := t.TempDir()
	repotest.Output(t, repotest.Command(repotest.Top(t), nil, "make", "sbom", "DIST="+dist, "PLATFORMS=linux/amd64 windows/arm64"))
	for platform, program := range map[string]string{
		"linux_amd64":   "proxypatch",
		"windows_arm64": "proxypatch.exe",
	} {
		info, err := buildinfo.ReadFile(filepath.Join(dist, "sbom", platform, program))
		must(t, err)
		want := map[string]string{"std": info.GoVersion}
		for _, module := range info.Deps {
			want[module.Path] = module.Version
		}
		data, err := os.ReadFile(filepath.Join(dist, "sbom", "proxypatch_"+platform+".cdx.json"))
		must(t, err)
		var bom struct {
			BOMFormat  string
			Components []struct{ Name, Version, PURL string }
		}
		must(t, json.Unmarshal(data, &bom))
		if bom.BOMFormat != "CycloneDX" {
			t.Errorf("%s: the format is %q", platform, bom.BOMFormat)
		}
		got := map[string]string{}
		for _, c := range bom.Components {
			got[c.Name] = c.Version
			if c.PURL == "" {
				t.Errorf("%s: %s has no package URL", platform, c.Name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-program +list):\n%s", platform, diff)
		}
	}
}
