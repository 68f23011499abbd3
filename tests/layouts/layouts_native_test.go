package layouts

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/internal/testkit/prooftest"
)

// nativeTool is another tool that patches packages at install time.
type nativeTool struct {
	name     string
	layout   layout // with the setting that makes the tool apply the patch
	file     string // the patch's place in a project
	prefix   string // of the paths in the patch
	conflict clitest.Code
	finish   func(t *testing.T, s *sandbox, dir string) // a command after the install, if any
}

const (
	nativeFile = "patches/next-auth@" + newRelease + ".patch"
	yarnFile   = ".yarn/patches/next-auth-npm-" + newRelease + ".patch"
)

var (
	patchedDependencies = map[string]any{"patchedDependencies": map[string]string{"next-auth@" + newRelease: nativeFile}}
	ofPNPM              = map[string]any{"pnpm": patchedDependencies}
	resolutions         = map[string]any{"resolutions": map[string]string{
		"next-auth@npm:" + newRelease: "patch:next-auth@npm%3A" + newRelease + "#~/" + yarnFile,
	}}
	inSettings = "patchedDependencies:\n  next-auth@" + newRelease + ": " + nativeFile
)

var nativeTools = []nativeTool{
	{
		"patch-package",
		layout{managers: []string{"npm 11", "yarn 1"}},
		"patches/next-auth+" + newRelease + ".patch", "node_modules/next-auth/", clitest.Drift, runPatchPackage,
	},
	{"npm", layout{managers: []string{"npm 12"}, manifest: patchedDependencies}, nativeFile, "", clitest.Drift, nil},
	{"yarn", layout{managers: []string{"yarn 4"}, settings: "nodeLinker: node-modules", manifest: resolutions}, yarnFile, "", clitest.Drift, nil},
	{"yarn, pnpm linker", layout{managers: []string{"yarn 4"}, settings: "nodeLinker: pnpm", manifest: resolutions}, yarnFile, "", clitest.Drift, nil},
	{"pnpm", layout{managers: oldPNPMs, manifest: ofPNPM}, nativeFile, "", clitest.Unsupported, nil},
	{"pnpm", layout{managers: newPNPMs, settings: inSettings}, nativeFile, "", clitest.Unsupported, nil},
	{"pnpm, short names", layout{managers: newPNPMs, settings: inSettings + "\nvirtualStoreDirMaxLength: 40"}, nativeFile, "", clitest.Unsupported, nil},
	{"pnpm, hoisted", layout{managers: newPNPMs, settings: inSettings + "\nnodeLinker: hoisted"}, nativeFile, "", clitest.Drift, nil},
	{"bun, hoisted", layout{managers: []string{"bun"}, settings: "[install]\nlinker = \"hoisted\"", manifest: patchedDependencies}, nativeFile, "", clitest.Drift, nil},
	{"bun, isolated", layout{managers: []string{"bun"}, settings: "[install]\nlinker = \"isolated\"", manifest: patchedDependencies}, nativeFile, "", clitest.Drift, nil},
}

func runPatchPackage(t *testing.T, s *sandbox, dir string) {
	t.Helper()
	program := filepath.Join(nodetest.Project(t, "patch-package"), "node_modules", "patch-package", "index.js")
	s.must(t, dir, "node "+shellQuote(program)+" --error-on-fail")
}

// TestLayoutNativePatches also patches next-auth with other tools. apply and revert keep their changes to other lines
// of a file. If the same lines differ, proxypatch changes nothing.
func TestLayoutNativePatches(t *testing.T) {
	wanted := chosen(t)
	registry := newRegistry(t)
	members := []member{{".", with(react18, "next-auth", newRelease, "https-proxy-agent", "7.0.6")}}
	for _, tool := range nativeTools {
		for _, manager := range tool.layout.managers {
			for place, edit := range map[string][2]string{
				"elsewhere":  {"\"use strict\";\n", "\"use strict\";\n// A line of the project's own.\n"},
				"in the way": {"const provider = options.provider;", "const { provider } = options;"},
			} {
				name := strings.Join([]string{manager, tool.name, place}, ", ")
				if !wanted(name) {
					continue
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					lt := newLayoutTest(t, tool.layout, packageManagers[manager], registry, members)
					lt.extra = map[string]string{tool.file: tool.patch(t, edit[0], edit[1])}
					if tool.finish != nil {
						lt.finish = func(t *testing.T, dir string) { tool.finish(t, lt.sandbox, dir) }
					}
					project := lt.install(t, "one")
					requireEdited(t, copiesBelow(t, project), edit[1])
					if place == "in the way" {
						lt.requireNamed(t, project, tool, lt.refuse(t, project, tool.conflict))
						return
					}
					before := snapshotOf(t, project)
					lt.proxypatch(t, clitest.Pending, project, "check")
					lt.proxypatch(t, clitest.OK, project, "apply")
					lt.proxypatch(t, clitest.OK, project, "check")
					requireEdited(t, copiesBelow(t, project), edit[1])
					lt.proxypatch(t, clitest.OK, project, "revert")
					requireSame(t, "the project after revert", before, withoutStamps(snapshotOf(t, project)))
				})
			}
		}
	}
}

// requireNamed requires that the hint of a refusal, and init's, name the patch, and that next-auth can be patched after
// the hint was followed.
func (lt *layoutTest) requireNamed(t *testing.T, project string, tool nativeTool, refused clitest.Report) {
	t.Helper()
	name := tool.file
	switch entry := "next-auth@" + newRelease; {
	case strings.HasPrefix(tool.name, "yarn"):
		name = `"next-auth@npm:` + newRelease + `"`
	case tool.finish == nil:
		name = strconv.Quote(entry)
	}
	before := snapshotOf(t, project)
	hooks := lt.proxypatch(t, tool.conflict, project, "init")
	requireSame(t, "init", before, snapshotOf(t, project))
	for _, r := range []clitest.Report{refused, hooks} {
		if hint := r.Problems[0].Hint; !strings.Contains(hint, name) {
			t.Errorf("%s is not in the hint %q", name, hint)
		}
	}
	tool.remove(t, project)
	lt.must(t, project, refused.Problems[0].Run)
	lt.proxypatch(t, clitest.OK, project, "apply")
	lt.proxypatch(t, clitest.OK, project, "check")
}

// remove removes the tool's entry from the settings of a project, as a person does.
func (n nativeTool) remove(t *testing.T, project string) {
	t.Helper()
	file := filepath.Join(project, "package.json")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	manifest := map[string]any{}
	if err := json.Unmarshal(data, &manifest); err != nil {
		t.Fatal(err)
	}
	for field := range n.layout.manifest {
		delete(manifest, field)
	}
	if data, err = json.Marshal(manifest); err != nil {
		t.Fatal(err)
	}
	write(t, file, string(data))
	settings := filepath.Join(project, "pnpm-workspace.yaml")
	if data, err := os.ReadFile(settings); err == nil {
		write(t, settings, strings.Replace(string(data), inSettings, "", 1))
	}
}

// patch writes the tool's patch of next-auth, which replaces the only occurrence of a text in a file.
func (n nativeTool) patch(t *testing.T, from, to string) string {
	t.Helper()
	file := prooftest.NextAuth.Calls.Always
	releases, packages := nodetest.Releases(t)
	i := slices.IndexFunc(releases, func(r npmreleases.Release) bool { return r.Version == newRelease })
	before := packages[i][file]
	after := bytes.Replace(before, []byte(from), []byte(to), 1)
	if bytes.Equal(before, after) {
		t.Fatalf("%s does not hold %q", file, from)
	}
	return string(patchset.Format(n.prefix+file, before, after, 0o644))
}

// requireEdited requires that the other tool's patch is applied.
func requireEdited(t *testing.T, copies []string, text string) {
	t.Helper()
	if len(copies) == 0 {
		t.Error("there is no copy")
	}
	for _, dir := range copies {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(prooftest.NextAuth.Calls.Always)))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(data), text) {
			t.Errorf("%s has not been patched by the other tool, or not any more", dir)
		}
	}
}
