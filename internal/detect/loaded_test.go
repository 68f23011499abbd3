package detect

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"syscall"
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
		"a link to itself":    {nil, []string{".next/node_modules/" + name + " -> " + name}, ""},
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

// If the system refuses to show what a name leads to, that is an error.
func TestLoadedRefused(t *testing.T) {
	const link = ".next/node_modules/next-auth-c77c3a03231bb629"
	dir := newTree(t, map[string]string{"package.json": "{}", link + "/package.json": nextAuth, ".next/server/1.js": ""})
	w, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	q := &questions{about: filepath.Join(dir, filepath.FromSlash(link)), reply: func(_ int, path string) error {
		return &fs.PathError{Op: "ask", Path: path, Err: syscall.EACCES}
	}}
	q.listen(t)
	if _, absent, err := w.Loaded(filepath.Join(dir, ".next", "server"), []string{filepath.Base(q.about)}); !errors.Is(err, syscall.EACCES) {
		t.Errorf("got %v, %v", absent, err)
	}
}
