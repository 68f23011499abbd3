package detect

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The command depends on the package manager, on the workspace and on the place of the
// copy.
func TestProvideAgent(t *testing.T) {
	const (
		dev         = `{"devDependencies": {"https-proxy-agent": "4"}}`
		move        = "move https-proxy-agent from devDependencies to dependencies"
		workspace   = `{"workspaces": ["apps/*"]}`
		inPnpm      = "node_modules/.pnpm/next-auth@4.24.5/node_modules/next-auth"
		pnpmsWay    = "\nor add packageExtensions: {\"next-auth@4\": {dependencies: {https-proxy-agent: \"7\"}}} to pnpm-workspace.yaml, run (cd DIR && pnpm install --no-frozen-lockfile) and commit the lock file"
		deploying   = "\nor, if you run pnpm deploy, add packageExtensions: {\"next-auth@4\": {dependencies: {https-proxy-agent: \"7\"}}} to pnpm-workspace.yaml, run (cd DIR && pnpm install --no-frozen-lockfile) and commit the lock file"
		oldPnpmsWay = "\nor add \"pnpm\": {\"packageExtensions\": {\"next-auth@4\": {\"dependencies\": {\"https-proxy-agent\": \"7\"}}}} to package.json, run (cd DIR && pnpm install --no-frozen-lockfile) and commit the lock file"
		yarnsWay    = "\nor add packageExtensions: {\"next-auth@*\": {dependencies: {https-proxy-agent: \"7\"}}} to .yarnrc.yml, run (cd DIR && yarn install --no-immutable) and commit the lock file"
	)
	for name, test := range map[string]struct {
		files map[string]string
		copy  string
		want  string
	}{
		"none":                          {map[string]string{}, "node_modules/next-auth", "add https-proxy-agent@7 to the dependencies of DIR with your package manager"},
		"none, copy of a package":       {map[string]string{"package.json": workspace, "apps/web/package.json": "{}"}, "apps/web/node_modules/next-auth", "add https-proxy-agent@7 to the dependencies of DIR/apps/web with your package manager"},
		"npm":                           {map[string]string{"package-lock.json": ""}, "node_modules/next-auth", "npm install https-proxy-agent@7"},
		"npm, workspace":                {map[string]string{"package.json": workspace, "package-lock.json": ""}, "node_modules/next-auth", "npm install https-proxy-agent@7"},
		"npm, copy of a package":        {map[string]string{"package.json": workspace, "package-lock.json": "", "apps/web/package.json": "{}"}, "apps/web/node_modules/next-auth", "(cd DIR/apps/web && npm install https-proxy-agent@7)"},
		"yarn 1":                        {map[string]string{"yarn.lock": ""}, "node_modules/next-auth", "yarn add https-proxy-agent@7"},
		"yarn 1, workspace":             {map[string]string{"package.json": workspace, "yarn.lock": "", "apps/web/package.json": "{}"}, "node_modules/next-auth", "yarn add -W https-proxy-agent@7"},
		"yarn":                          {map[string]string{".yarnrc.yml": ""}, "node_modules/next-auth", "yarn add https-proxy-agent@7"},
		"yarn, pnpm linker":             {map[string]string{".yarnrc.yml": ""}, "node_modules/.store/next-auth-virtual-01/package", "yarn add https-proxy-agent@7" + yarnsWay},
		"pnpm":                          {map[string]string{"pnpm-lock.yaml": ""}, inPnpm, "pnpm add https-proxy-agent@7" + pnpmsWay},
		"pnpm, hoisted":                 {map[string]string{"pnpm-lock.yaml": ""}, "node_modules/next-auth", "pnpm add https-proxy-agent@7"},
		"pnpm 9, by package.json":       {map[string]string{"package.json": `{"packageManager": "pnpm@9.1.0+sha512.01"}`}, inPnpm, "pnpm add https-proxy-agent@7" + oldPnpmsWay},
		"pnpm 8, by what it leaves":     {map[string]string{"pnpm-lock.yaml": "", "node_modules/.modules.yaml": "packageManager: pnpm@8.15.9\n"}, inPnpm, "pnpm add https-proxy-agent@7" + oldPnpmsWay},
		"pnpm, workspace":               {map[string]string{"package.json": "{}", "pnpm-workspace.yaml": "packages: ['apps/*']", "pnpm-lock.yaml": "", "apps/web/package.json": "{}"}, inPnpm, "pnpm add -w https-proxy-agent@7" + deploying},
		"bun":                           {map[string]string{"bun.lock": ""}, "node_modules/.bun/next-auth@4.24.5+01/node_modules/next-auth", "bun add https-proxy-agent@7"},
		"only in devDependencies, none": {map[string]string{"package.json": dev}, "node_modules/next-auth", move + ` in DIR/package.json, with the version "7", then install with your package manager`},
		"only in devDependencies, npm":  {map[string]string{"package.json": dev, "package-lock.json": ""}, "node_modules/next-auth", move + ": (cd DIR && npm install --save-prod https-proxy-agent@7)"},
		"only in devDependencies, pnpm": {map[string]string{"package.json": dev, "pnpm-lock.yaml": ""}, inPnpm, move + ": (cd DIR && pnpm add --save-prod https-proxy-agent@7)" + pnpmsWay},
		"only in devDependencies, pnpm workspace":    {map[string]string{"package.json": dev, "pnpm-workspace.yaml": "packages: ['apps/*']", "pnpm-lock.yaml": "", "apps/web/package.json": "{}"}, inPnpm, move + ": (cd DIR && pnpm add -w --save-prod https-proxy-agent@7)" + deploying},
		"only in devDependencies, yarn":              {map[string]string{"package.json": dev, "yarn.lock": ""}, "node_modules/next-auth", move + ` in DIR/package.json, with the version "7", then run: (cd DIR && yarn install)`},
		"only in devDependencies, copy of a package": {map[string]string{"package.json": workspace, "package-lock.json": "", "apps/web/package.json": dev}, "apps/web/node_modules/next-auth", move + ": (cd DIR/apps/web && npm install --save-prod https-proxy-agent@7)"},
		"also a peer": {map[string]string{"package.json": `{"peerDependencies": {"https-proxy-agent": "7"}, "devDependencies": {"https-proxy-agent": "7"}}`, "package-lock.json": ""}, "node_modules/next-auth", "npm install https-proxy-agent@7"},
		"deno":        {map[string]string{"deno.lock": ""}, "node_modules/.deno/next-auth@4.24.5/node_modules/next-auth", "deno add npm:https-proxy-agent@7"},
	} {
		t.Run(name, func(t *testing.T) {
			test.files[test.copy+"/package.json"] = release24
			dir := newTree(t, test.files)
			t.Chdir(filepath.Dir(dir))
			given := filepath.Base(dir)
			project, err := find(given, false)
			if err != nil {
				t.Fatal(err)
			}
			want := test.want
			if !strings.Contains(want, "DIR/apps") && !strings.HasPrefix(name, "none") && !strings.HasPrefix(want, move) {
				command, more, found := strings.Cut(want, "\n")
				if want = "(cd DIR && " + command + ")"; found {
					want += "\n" + more
				}
			}
			want = strings.ReplaceAll(want, "DIR", given)
			got := project.ProvideAgent(project.Copies[0]).Text
			if runtime.GOOS == "windows" { // where a path has backslashes, and so quotes around it
				got = strings.ReplaceAll(filepath.ToSlash(got), "'", "")
			}
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}
