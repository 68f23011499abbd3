package detect

import (
	"path/filepath"
	"strings"
	"testing"
)

// A copy in a store is a leftover only if nothing that the project loads leads to it.
func TestLeftover(t *testing.T) {
	const (
		entry   = "node_modules/.pnpm/next-auth@4.2.1_patch_hash=01/node_modules/next-auth"
		current = "node_modules/.pnpm/next-auth@4.24.5/node_modules/next-auth"
		kit     = "node_modules/.pnpm/kit@1.0.0/node_modules/"
	)
	for name, test := range map[string]struct {
		files []string // "path: content", beside the two copies
		links []string // beside that of the root to the current copy
		at    string   // where the copy is; entry if empty
		want  bool
	}{
		"nothing":                          {want: true},
		"bun's":                            {at: "node_modules/.bun/next-auth@4.2.1+01/node_modules/next-auth", want: true},
		"yarn's store is its own business": {at: "node_modules/.store/next-auth-virtual-01/package"},
		"no store":                         {at: "node_modules/kit/node_modules/next-auth"},
		"what nothing loads depends on it": {links: []string{kit + "next-auth -> " + entry}, files: []string{kit + "kit/package.json: {}"}, want: true},
		"the root, by an alias":            {links: []string{"node_modules/auth4 -> " + entry}},
		"the root, by an alias in a scope": {links: []string{"node_modules/@x/auth4 -> " + entry}},
		"a package of the workspace":       {links: []string{"apps/web/node_modules/auth -> " + entry}},
		"a directory above a package":      {links: []string{"apps/node_modules/next-auth -> " + entry}},
		"a directory that is no package":   {links: []string{"tools/old/node_modules/next-auth -> " + entry}},
		"hoisted in the store":             {links: []string{"node_modules/.pnpm/node_modules/next-auth -> " + entry}},
		"a dependency of what is loaded": {
			links: []string{"node_modules/kit -> " + kit + "kit", kit + "next-auth -> " + entry},
			files: []string{kit + "kit/package.json: {}"},
		},
		"a dependency of a dependency in a scope": {
			links: []string{"node_modules/kit -> " + kit + "kit", kit + "@x/y -> node_modules/.pnpm/@x+y@1/node_modules/@x/y", "node_modules/.pnpm/@x+y@1/node_modules/auth -> " + entry},
			files: []string{kit + "kit/package.json: {}", "node_modules/.pnpm/@x+y@1/node_modules/@x/y/package.json: {}"},
		},
		"a dependency of what is hoisted in the store": {
			links: []string{"node_modules/.pnpm/node_modules/kit -> " + kit + "kit", kit + "next-auth -> " + entry},
			files: []string{kit + "kit/package.json: {}"},
		},
		"a package that is installed inside of another": {
			links: []string{"node_modules/kit/node_modules/auth -> " + entry},
			files: []string{"node_modules/kit/package.json: {}"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			at := test.at
			if at == "" {
				at = entry
			}
			files := map[string]string{
				"package.json":          `{"workspaces": ["apps/*"], ` + needs + `}`,
				"apps/web/package.json": `{"name": "web"}`,
				"tools/old/README":      "",
				at + "/package.json":    release2, current + "/package.json": release24,
				at + "/core/lib/oauth/client.js": "",
			}
			for _, file := range test.files {
				path, content, _ := strings.Cut(file, ": ")
				files[path] = content
			}
			dir := newTree(t, files)
			for _, link := range append(test.links, "node_modules/next-auth -> "+current) {
				path, target, _ := strings.Cut(link, " -> ")
				to, err := filepath.Rel(filepath.Dir(path), target)
				if err != nil {
					t.Fatal(err)
				}
				newLink(t, dir, path+" -> "+to)
			}
			project, err := find(dir, false)
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for i := range project.Copies {
				c := &project.Copies[i]
				is, err := project.Leftover(c)
				if err != nil {
					t.Fatal(err)
				}
				if c.Release == "4.2.1" {
					if found++; is != test.want {
						t.Errorf("%s: got %v", c.Dir, is)
					}
				} else if is {
					t.Errorf("%s is a leftover", c.Dir)
				}
			}
			if found != 1 {
				t.Errorf("found %d copies of 4.2.1", found)
			}
		})
	}
}
