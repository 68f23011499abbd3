package detect

import (
	"path/filepath"
	"slices"
	"testing"
)

func TestLoaded(t *testing.T) {
	const name = "next-auth-c77c3a03231bb629"
	for about, test := range map[string]struct {
		files map[string]string
		links []string
		want  string // the copy's directory; empty if there is none
	}{
		"a link":              {nil, []string{".next/node_modules/" + name + " -> ../../node_modules/next-auth"}, "node_modules/next-auth"},
		"a copy of one":       {map[string]string{".next/node_modules/" + name + "/package.json": nextAuth}, nil, ".next/node_modules/" + name},
		"the nearest":         {map[string]string{".next/node_modules/" + name + "/package.json": nextAuth, ".next/server/node_modules/" + name + "/package.json": nextAuth}, nil, ".next/server/node_modules/" + name},
		"above":               {map[string]string{"node_modules/" + name + "/package.json": nextAuth}, nil, "node_modules/" + name},
		"a link that dangles": {nil, []string{".next/node_modules/" + name + " -> ../gone"}, ""},
		"none":                {nil, nil, ""},
		"an empty directory":  {map[string]string{".next/node_modules/" + name + "/README": ""}, nil, ""},
	} {
		t.Run(about, func(t *testing.T) {
			dir := newTree(t, map[string]string{"package.json": "{}", "node_modules/next-auth/package.json": nextAuth, ".next/server/1.js": ""})
			writeTree(t, dir, test.files, test.links)
			w, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			project, absent, err := w.Loaded(filepath.Join(dir, ".next", "server"), []string{name})
			if err != nil {
				t.Fatal(err)
			}
			if test.want == "" {
				if !slices.Equal(absent, []string{name}) || len(project.Copies) > 0 {
					t.Errorf("got %v, %v", project.Copies, absent)
				}
				return
			}
			want := filepath.Join(dir, filepath.FromSlash(test.want))
			if len(absent) > 0 || len(project.Copies) != 1 || project.Copies[0].Dir != want || project.Copies[0].Shared != nil {
				t.Errorf("got %+v, %v", project.Copies, absent)
			}
		})
	}
}
