package layouts

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
)

// exportShapes are workspaces with several copies of next-auth.
var exportShapes = map[string][]member{
	"two releases": shapes["workspace"],
	"4 and 5": {
		{".", nil},
		{"packages/web", with(react19, "next-auth", "5.0.0-beta.32", "https-proxy-agent", "7.0.6")},
		{"packages/admin", with(react19, "next-auth", newRelease, "https-proxy-agent", "7.0.6")},
	},
}

// exportWorkspaces are the rows of exportRows that are tried as workspaces. patch-package patches only the copy in the
// root's node_modules.
var exportWorkspaces = []string{
	"pnpm 9, isolated", "pnpm 10, isolated", "pnpm 12, isolated", "pnpm 12, hoisted", "pnpm 12, global virtual store",
	"npm 12, hoisted", "yarn 4, Plug'n'Play", "yarn 4, classic", "bun, hoisted", "bun, isolated",
}

// TestExportWorkspace exports the patch for every copy of a workspace, and takes it out.
func TestExportWorkspace(t *testing.T) {
	wanted := chosen(t)
	registry := exportRegistry(t)
	for _, row := range exportWorkspaces {
		manager, layoutName, _ := strings.Cut(row, ", ")
		for shape, members := range exportShapes {
			if !wanted(row + ", " + shape) {
				continue
			}
			t.Run(row+", "+shape, func(t *testing.T) {
				t.Parallel()
				ex := newExported(t, manager, layoutName, registry, members)
				ex.unpatched(t, ex.project)
				ex.export(t)
				ex.proxypatch(t, clitest.OK, ex.project, "verify")
				ex.commit(t, "exported")
				ex.idle(t)
				clone := ex.clone(t)
				ex.proxypatch(t, clitest.OK, clone, "check")
				ex.undo(t)
			})
		}
	}
}

// TestExportInPlace exports where files are patched in place. pnpm keeps that copy, and may load it again. After undo, the
// files are as released.
func TestExportInPlace(t *testing.T) {
	wanted := chosen(t)
	registry := exportRegistry(t)
	for _, row := range []string{"pnpm 8, isolated", "pnpm 9, hoisted", "pnpm 10, isolated", "pnpm 12, isolated", "pnpm 12, hoisted", "npm 12, hoisted", "yarn 4, classic", "bun, isolated"} {
		if !wanted(row) {
			continue
		}
		t.Run(row, func(t *testing.T) {
			t.Parallel()
			manager, layoutName, _ := strings.Cut(row, ", ")
			ex := newExported(t, manager, layoutName, registry, exportApp(newRelease))
			ex.proxypatch(t, clitest.OK, ex.project, "apply")
			ex.export(t)
			ex.commit(t, "exported")
			ex.undo(t)
			ex.requireFiles(t, ex.project, releasedFiles(t, newRelease))
		})
	}
}

const upgradedFrom = "4.24.13"

// upgrades are the commands that install another next-auth.
var upgrades = map[string]string{"npm": "npm install", "yarn": "yarn add", "pnpm": "pnpm add", "bun": "bun add"}

// TestExportUpgrade upgrades next-auth after export. The package manager refuses, or check says that the patch is
// missing, or next-auth is patched. Then another export replaces the first.
func TestExportUpgrade(t *testing.T) {
	wanted := chosen(t)
	registry := exportRegistry(t)
	table := newExportTable("| installed by | to upgrade | what happens | `proxypatch check` then |\n|---|---|---|---|\n")
	done := map[string]bool{}
	for _, row := range exportRows {
		name := row.manager
		if row.layout == "Plug'n'Play" { // where check has another exit code
			name += ", " + row.layout
		}
		if done[name] || !wanted(name) {
			continue
		}
		done[name] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ex := newExported(t, row.manager, row.layout, registry, exportApp(upgradedFrom))
			if ex.layout.want != wantRefused { // the install must also replace a patch in place
				ex.proxypatch(t, clitest.OK, ex.project, "apply")
			}
			ex.export(t)
			ex.commit(t, "exported")
			table.set(t, name, ex.upgrade(t)...)
		})
	}
	t.Cleanup(func() { table.compare(t) })
}

// upgrade upgrades next-auth and exports again. It returns the cells of the table.
func (ex *exported) upgrade(t *testing.T) []string {
	t.Helper()
	command := upgrades[ex.manager.command] + " next-auth@" + newRelease
	code, out := ex.sh(t, ex.project, command)
	result := "installs it unpatched"
	switch {
	case code == 0 && ex.isPatched(t):
		result = "installs and patches it"
	case code != 0:
		result = "refuses"
		if !strings.Contains(out, "next-auth@"+upgradedFrom) {
			t.Errorf("%s exited with %d without the reason:\n%s", command, code, out)
		}
	}
	checked := ex.checkCode(t)
	if code != 0 { // undo, upgrade, and export again
		ex.must(t, ex.project, "git checkout -q exported -- .")
		ex.must(t, ex.project, ex.exportOnly(t, "--undo").Install)
		ex.must(t, ex.project, command)
	}
	ex.export(t)
	ex.requireFiles(t, ex.project, ex.patchedFiles(t, newRelease))
	for _, name := range ex.changed(t, "released") {
		if strings.Contains(name, upgradedFrom) {
			t.Errorf("%s is still there", name)
		}
	}
	ex.commit(t, "upgraded")
	ex.idle(t)
	return []string{"`" + command + "`", result, fmt.Sprintf("exits with %d", checked)}
}

// checkCode returns the exit code of check after an upgrade: 0 only if next-auth is patched.
func (ex *exported) checkCode(t *testing.T) int {
	t.Helper()
	code, out := ex.sh(t, ex.project, "proxypatch check")
	patched := ex.isPatched(t)
	if patched != (code == int(clitest.OK)) {
		t.Errorf("next-auth is patched: %v, but check exited with %d:\n%s", patched, code, out)
	}
	if !patched && !strings.Contains(out, "proxypatch export") {
		t.Errorf("check does not say what to type:\n%s", out)
	}
	return code
}

// isPatched reports whether the next-auth that Node.js loads has the helper.
func (ex *exported) isPatched(t *testing.T) bool {
	t.Helper()
	return ex.files(t, ex.project)["core/lib/proxy.js"] != ""
}

// TestExportDeploy makes the output of pnpm deploy after export.
func TestExportDeploy(t *testing.T) {
	wanted := chosen(t)
	registry := exportRegistry(t)
	for _, o := range outputs {
		if o.tool != "pnpm deploy" || !wanted(o.manager) {
			continue
		}
		t.Run(o.manager, func(t *testing.T) {
			t.Parallel()
			ex := newExported(t, o.manager, "isolated", registry, laterProjects[1].members)
			ex.export(t)
			ex.must(t, ex.project, o.make+" && mv out ../image")
			out := filepath.Join(ex.dir, "image")
			ex.requireFiles(t, out, ex.patchedFiles(t, newRelease))
			ex.proxypatch(t, clitest.OK, out, "check")
		})
	}
}
