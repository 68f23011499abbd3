package hooks

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Only apply, or no command at all, patches.
func TestPatches(t *testing.T) {
	for script, want := range map[string]bool{
		"proxypatch":                              true,
		"proxypatch apply":                        true,
		"proxypatch -q":                           true,
		"proxypatch apply --if-present":           true,
		"proxypatch -C x apply":                   true,
		"proxypatch -Cx apply":                    true,
		"proxypatch -qC x apply":                  true,
		"proxypatch --dir x apply":                true,
		"proxypatch --dir=x apply":                true,
		"proxypatch -C check apply":               true,
		"proxypatch -C check":                     true,
		"proxypatch --set tutorial":               true,
		"proxypatch --copy check --json apply":    true,
		"proxypatch apply --patches -n":           true,
		"proxypatch --dry-run=false":              true,
		"proxypatch apply -n=false":               true,
		"proxypatch apply -qn=true":               false,
		"npm exec proxypatch -- apply":            true,
		"npm x proxypatch -- verify":              false,
		"npx proxypatch -- apply":                 false,
		"npx proxypatch@1 apply":                  true,
		"npx -p proxypatch proxypatch apply":      true,
		"npx --no-install proxypatch":             true,
		"cross-env CI=1 proxypatch apply":         true,
		"patch-package && proxypatch":             true,
		"proxypatch apply || true":                true,
		"sh -c 'patch-package && proxypatch'":     true,
		"proxypatch check":                        false,
		"proxypatch verify":                       false,
		"proxypatch doctor":                       false,
		"proxypatch diff":                         false,
		"proxypatch revert":                       false,
		"proxypatch init":                         false,
		"proxypatch releases":                     false,
		"proxypatch version":                      false,
		"proxypatch exit-codes":                   false,
		"proxypatch completion bash":              false,
		"proxypatch help apply":                   false,
		"proxypatch -C x check":                   false,
		"proxypatch -C apply check":               false,
		"proxypatch -n":                           false,
		"proxypatch -qn apply":                    false,
		"proxypatch apply -nC x":                  false,
		"proxypatch --dry-run apply":              false,
		"proxypatch apply --dry-run=true":         false,
		"proxypatch --help":                       false,
		"proxypatch apply -h":                     false,
		"proxypatch --version":                    false,
		"proxypatch aply":                         false,
		"proxypatch -- apply":                     false,
		"npm install proxypatch":                  false,
		"echo proxypatch apply":                   false,
		"npx -p proxypatch proxypatch verify -qv": false,
	} {
		all, err := commands(script)
		if err != nil {
			t.Errorf("%s: %v", script, err)
		}
		if got := slices.ContainsFunc(all, command.patches); got != want {
			t.Errorf("%s: got %v, want %v", script, got, want)
		}
	}
}

// Only apply and check guard a build, and only if && joins it to them.
func TestGuarded(t *testing.T) {
	for script, want := range map[string]bool{
		"proxypatch check && next build":                             true,
		"proxypatch apply && next build":                             true,
		"proxypatch && next build":                                   true,
		"npx proxypatch check && next build":                         true,
		"proxypatch -C ../.. check -q && next build":                 true,
		"proxypatch check --format sarif && next build":              true,
		"tsc && proxypatch check && tsc && next build":               true,
		"proxypatch check && (tsc; next build)":                      true,
		"proxypatch check && (tsc || next build)":                    true,
		"proxypatch check && { next build | tee log; }":              true,
		"proxypatch check && if true; then next build; fi":           true,
		"(tsc && proxypatch check) && next build":                    true,
		"tsc; proxypatch check && next build":                        true,
		"x | proxypatch check && next build":                         true,
		"proxypatch check && next build a; proxypatch && next build": true,
		"sh -c 'proxypatch check && next build'":                     true,
		"sh -c 'proxypatch check' && next build":                     true,
		"proxypatch check && sh -c 'tsc; next build'":                true,
		"CI=1 && proxypatch check && next build":                     true,
		"X=$(next build) && proxypatch check":                        false,
		"proxypatch check && next build && next build":               true,
		"next lint":                                        true,
		"next build":                                       false,
		"next build && proxypatch check":                   false,
		"proxypatch check; next build":                     false,
		"proxypatch check\nnext build":                     false,
		"proxypatch check & next build":                    false,
		"proxypatch check || next build":                   false,
		"proxypatch check | next build":                    false,
		"proxypatch check | tee log && next build":         false,
		"! proxypatch check && next build":                 false,
		"proxypatch check || true && next build":           false,
		"(proxypatch check || true) && next build":         false,
		"(proxypatch check; true) && next build":           false,
		"proxypatch check & true && next build":            false,
		"proxypatch check && next build || next build":     false,
		"if true; then proxypatch check; fi && next build": false,
		"proxypatch diff; next build":                      false,
		"proxypatch diff && next build":                    false,
		"proxypatch verify && next build":                  false,
		"proxypatch doctor && next build":                  false,
		"proxypatch --dry-run && next build":               false,
		"proxypatch check --help && next build":            false,
		"proxypatch --version && next build":               false,
		"proxypatch help check && next build":              false,
		"echo proxypatch check && next build":              false,
		"proxypatch check && next build a; next build b":   false,
		"concurrently 'proxypatch check' 'next build'":     false,
		"sh -c 'proxypatch check; next build'":             false,
		"tsc $(next build) && proxypatch check":            false,
		"proxypatch check '":                               false,
	} {
		if got := guarded(script); got != want {
			t.Errorf("%s: got %v, want %v", script, got, want)
		}
	}
}

// A script that only names proxypatch does not count as a hook.
func TestOtherCommandsAreNoHooks(t *testing.T) {
	dir := project(t, map[string]string{"package.json": `{"scripts": {"postinstall": "proxypatch verify", "dependencies": "proxypatch apply -n", "build": "proxypatch diff; next build", "app": "next build", "preapp": "proxypatch check || true"}}`})
	before := tree(t, dir)
	p := plan(t, dir, install)
	var warnings []string
	for _, w := range p.Warnings[1:3] { // below the one about the dependency
		warnings = append(warnings, w.Message[strings.LastIndex(w.Message, "package.json"):])
	}
	want := []string{"package.json: postinstall runs proxypatch, but does not patch", "package.json: dependencies runs proxypatch, but does not patch"}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	texts := map[string]string{}
	for _, s := range p.Files[0].Scripts {
		texts[s.Name] = s.After
	}
	if diff := cmp.Diff(map[string]string{
		"postinstall": "proxypatch verify", "dependencies": "proxypatch apply -n",
		"build": "proxypatch check && (proxypatch diff; next build)", "app": "proxypatch check && next build",
	}, texts); diff != "" {
		t.Errorf("scripts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("a plan wrote (-before +after):\n%s", diff)
	}
	commit(t, dir, install)
	commit(t, dir, Uninstall)
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("undo leaves something (-before +after):\n%s", diff)
	}
}

// In a real sh, a guarded script builds nothing when the check fails.
func TestGuardedBuildsNothing(t *testing.T) {
	needsShell(t)
	var all, read []string
	for _, script := range scripts() {
		all = append(all, strings.ReplaceAll(script, "true", "proxypatch check"), "proxypatch check && "+script, script+" && proxypatch check && next build")
	}
	for _, script := range all {
		if guarded(script) {
			read = append(read, script)
		}
	}
	for i, got := range runAll(t, 3, read) {
		if strings.Contains(got, "built") {
			t.Errorf("%q is guarded, but builds: %q", read[i], got)
		}
	}
	if len(read) < 40 || len(read) > len(all)*9/10 {
		t.Errorf("%d of %d scripts are guarded", len(read), len(all))
	}
}
