package hooks

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/detect"
)

// The texts that scripts get.
func TestTexts(t *testing.T) {
	for name, tc := range map[string]struct {
		make func(string) string
		give string
		want string
	}{
		"check":                      {guard, "next build", "proxypatch check && next build"},
		"check, and":                 {guard, "a && next build", "proxypatch check && a && next build"},
		"check, assignment":          {guard, "CI=1 next build", "proxypatch check && CI=1 next build"},
		"check, or":                  {guard, "a || next build", "proxypatch check && (a || next build)"},
		"check, then":                {guard, "a; next build", "proxypatch check && (a; next build)"},
		"check, pipe":                {guard, "next build | tee log", "proxypatch check && (next build | tee log)"},
		"check, background":          {guard, "a & next build", "proxypatch check && (a & next build)"},
		"check, redirection":         {guard, "next build 2>&1", "proxypatch check && (next build 2>&1)"},
		"check, parentheses":         {guard, "(a || b) && next build", "proxypatch check && ( (a || b) && next build)"},
		"check, quoted operator":     {guard, "next build 'a||b'", "proxypatch check && (next build 'a||b')"},
		"patch after":                {join, "prisma generate", "prisma generate && proxypatch apply"},
		"patch after, or":            {join, "a || true", "(a || true) && proxypatch apply"},
		"patch after, background":    {join, "a &", "(a &) && proxypatch apply"},
		"patch after nothing":        {join, "", " proxypatch apply"},
		"patch before a build":       {join, "npm run build", "proxypatch apply && npm run build"},
		"patch before a build or so": {join, "npm run build || true", "proxypatch apply && (npm run build || true)"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.make(tc.give); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// init leaves scripts alone that sh would read differently with a hook.
func TestUnreadable(t *testing.T) {
	for _, script := range []string{"a # why", "a || b # why", "a || b \\", "a '", "if exist x (next build)", "case"} {
		if after := join(script); startsWith(after, applyCommand) || EndsWith(after, applyCommand) {
			t.Errorf("%q counts as one that patches", after)
		}
	}
	for _, script := range []string{"a || next build # why", "a; next build \\", "next build '"} {
		if after := guard(script); startsWith(after, checkCommand) {
			t.Errorf("%q counts as one that checks", after)
		}
	}
}

func TestNextBuild(t *testing.T) {
	for script, want := range map[string]bool{
		"next build":                                           true,
		"next build --turbopack":                               true,
		"tsc && next build apps/web":                           true,
		"NODE_ENV=production next build":                       true,
		"cross-env NODE_ENV=production next build":             true,
		"dotenv -e .env -- next build":                         true,
		"npx next build":                                       true,
		"deno run -A npm:next build":                           true,
		"deno run -A npm:next@15 build":                        true,
		"deno run -A 'npm:next@^15' build --turbopack":         true,
		"deno run -A npm:/next build":                          true,
		"deno run -A npm:/next@15.1.0 build":                   true,
		"deno add npm:next build":                              false,
		"deno run -A npm:nextra build":                         false,
		"npx --yes next@14 build":                              true,
		"npx -p next next build":                               true,
		"pnpm exec next build":                                 true,
		"pnpm --filter web exec next build":                    true,
		"yarn next build":                                      true,
		"yarn workspace web next build":                        true,
		"bunx --bun next build":                                true,
		"node --inspect node_modules/next/dist/bin/next build": true,
		"node_modules/.bin/next build":                         true,
		`.\node_modules\.bin\next build`:                       true,
		`"$(npm bin)/next" build`:                              true,
		"concurrently 'next build' tsc":                        true,
		`sh -c "CI=1 next build"`:                              true,
		"if [ -f x ]; then next build; fi":                     true,
		"next build & wait":                                    true,
		"exec next build":                                      true,
		"set NODE_ENV=production&& next build":                 true,
		"next":                                                 false,
		"next dev":                                             false,
		"next start":                                           false,
		"next lint && tsc":                                     false,
		"turbo run build":                                      false,
		"nx build web":                                         false,
		"npm run build":                                        false,
		"vite build":                                           false,
		"echo next build":                                      false,
		"npm install next build":                               false,
		"git commit -m 'next build'":                           false,
		"next-sitemap build":                                   false,
		"":                                                     false,
	} {
		all, err := commands(script)
		if err != nil {
			t.Errorf("%s: %v", script, err)
		}
		got := false
		for _, c := range all {
			got = got || c.isNextBuild()
		}
		if got != want {
			t.Errorf("%s: got %v, want %v", script, got, want)
		}
	}
}

func TestMentions(t *testing.T) {
	for script, want := range map[string]bool{
		"proxypatch":                           true,
		"proxypatch apply --if-present":        true,
		"tsc && proxypatch check -q || exit 1": true,
		"npx proxypatch@1 check":               true,
		"npx --no-install proxypatch":          true,
		"yarn run -T proxypatch check":         true,
		"./node_modules/.bin/proxypatch":       true,
		"bunx proxypatch":                      true,
		"sh -c 'proxypatch && x'":              true,
		"npm install proxypatch":               false,
		"pnpm add -w proxypatch && pnpm build": false,
		"echo proxypatch":                      false,
		"git -C proxypatch pull":               false,
		"proxypatch '":                         true,
		"patch-package":                        false,
		`node My\ Script.js`:                   false, // and once without end
	} {
		if got := mentions(script); got != want {
			t.Errorf("%s: got %v, want %v", script, got, want)
		}
	}
}

// scripts lists scripts of three commands with every operator between them: one builds,
// one succeeds, one fails; some are in parentheses.
func scripts() []string {
	operators := []string{" && ", " || ", "; ", " | ", " & ", "\n"}
	var all []string
	for i, first := range operators {
		for j, second := range operators {
			for at := range 3 {
				for k, others := range [][]string{{"true", "false"}, {"false", "true"}} {
					c := slices.Insert(slices.Clone(others), at, "next build")
					all = append(all, []string{
						c[0] + first + c[1] + second + c[2],
						"(" + c[0] + first + c[1] + ")" + second + c[2],
						c[0] + first + "(" + c[1] + second + c[2] + ")",
						"! " + c[0] + first + "{ " + c[1] + "; }" + second + c[2],
					}[(i+j+at+k)%4])
				}
			}
		}
	}
	return append(all, "next build", " next build ", "next build &", "(next build)", "( next build )", "((next build))",
		"if true; then next build; fi", "next build 2>&1", "next build '||'", "! next build", "next build > /dev/null || true",
		"x=1 next build", "next build # why", "# why\nnext build", "f() { next build; }; f", "{ next build; }", "exit 0; next build",
		"exit 0", "exit 1", "true && exit 0", "exec true", "true && exec true > /dev/null")
}

// In a real sh, a check that fails prevents every part of a script from running, and a
// check that succeeds changes nothing.
func TestNoBuildWithoutCheck(t *testing.T) {
	needsShell(t)
	all := scripts()
	var guarded []string
	for _, script := range all {
		after := guard(script)
		if !startsWith(after, checkCommand) {
			t.Errorf("%q would not be guarded", script)
		}
		if was, ok := unguard(after); !ok || was != script {
			t.Errorf("%q is taken back to %q (%v)", script, was, ok)
		}
		// cmd.exe has another precedence, but also has && and parentheses.
		rest := strings.TrimPrefix(after, checkCommand+and)
		if strings.ContainsAny(strings.ReplaceAll(rest, "&&", ""), "|&;\n") && !(strings.HasPrefix(rest, "(") && strings.HasSuffix(rest, ")")) {
			t.Errorf("%q is not for cmd.exe", after)
		}
		guarded = append(guarded, after)
	}
	plain := runAll(t, 0, all)
	if diff := cmp.Diff(plain, runAll(t, 0, guarded)); diff != "" {
		t.Errorf("a check that succeeds changes what scripts do (-without +with):\n%s", diff)
	}
	if n := strings.Count(strings.Join(plain, "\n"), "built"); n < len(all)/3 {
		t.Errorf("only %d of %d scripts build", n, len(all))
	}
	for i, got := range runAll(t, 3, guarded) {
		if got != "exit 3" {
			t.Errorf("%q behind a check that fails: %q", guarded[i], got)
		}
	}
}

// Patching runs only after a script that succeeds.
func TestPatchAfterScript(t *testing.T) {
	needsShell(t)
	var all, joined []string
	for _, script := range scripts() {
		if after := follow(script); EndsWith(after, applyCommand) {
			all, joined = append(all, script), append(joined, after)
		}
	}
	if len(all) < len(scripts())-5 {
		t.Errorf("patching follows only %d scripts", len(all))
	}
	plain := runAll(t, 0, all)
	for i, got := range runAll(t, 4, joined) {
		want := plain[i]
		if rest, ok := strings.CutSuffix(want, "exit 0"); ok {
			want = rest + "exit 4"
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", joined[i], got, want)
		}
		if was, ok := original(follow, joined[i], strings.TrimSuffix(joined[i], and+applyCommand), true); !ok || was != all[i] {
			t.Errorf("%q is taken back to %q", all[i], was)
		}
	}
}

func needsShell(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no sh")
	}
}

// runAll runs the scripts in a sh in which proxypatch exits with the code. For each it
// returns the status and whether it built.
func runAll(t *testing.T, code int, scripts []string) []string {
	t.Helper()
	driver := fmt.Sprintf(`proxypatch() { return %d; }
next() { printf 'built, ' >&3; }
for script; do
  built=$(exec 3>&1 >/dev/null 2>&1; eval "$script")
  echo "${built}exit $?"
done`, code)
	out, err := exec.Command("sh", append([]string{"-c", driver, "sh"}, scripts...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	results := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(results) != len(scripts) {
		t.Fatalf("%d results of %d scripts", len(results), len(scripts))
	}
	return results
}

// A choice of copies can be put into each hook and taken out again, and sh reads the
// script in the same way.
func TestChoiceInScripts(t *testing.T) {
	for _, word := range []string{"4.x", ">=4.1 <5 || 4.24.x", "^4.24.0", "packages/my app/node_modules/next-auth"} {
		flags := " --copy " + quote(word) + " --copy 4.24.x"
		for _, script := range scripts() {
			plain := guard(script)
			chosen := choose(plain, checkCommand, flags)
			if got := (&choice{}).without(chosen, detect.Package{}); got != plain {
				t.Errorf("%q becomes %q", chosen, got)
			}
			all, err := commands(chosen)
			if err != nil || len(all) == 0 || !slices.Equal(valuesOf("copy", all[0]), []string{word, "4.24.x"}) || !guarded(chosen) {
				t.Errorf("%q is read as %q: %v", chosen, all, err)
			}
		}
		for _, plain := range []string{applyCommand, follow("a"), follow("a || b"), lead("npm run build")} {
			if got := (&choice{}).without(choose(plain, applyCommand, flags), detect.Package{}); got != plain {
				t.Errorf("%q becomes %q", plain, got)
			}
		}
	}
}
