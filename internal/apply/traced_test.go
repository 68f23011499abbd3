package apply

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/patchset"
)

// In standalone output, files that are missing were not traced.
func TestTraced(t *testing.T) {
	for name, test := range map[string]struct {
		missing    []string
		standalone bool
		part       bool
		goal       Goal
		want       []string // paths and states
		err        error
		traced     bool
	}{
		"whole":                    {nil, true, true, Patch, []string{line.All[0].Helper + " pristine", client + " pristine", azure + " pristine"}, nil, false},
		"whole, to be patched":     {nil, true, false, Patch, []string{line.All[0].Helper + " pristine", client + " pristine", azure + " pristine"}, nil, false},
		"part":                     {[]string{azure}, true, true, Patch, []string{line.All[0].Helper + " pristine", client + " pristine"}, nil, true},
		"part, to be patched":      {[]string{azure}, true, false, Patch, nil, ErrTraced, true},
		"part, to be restored":     {[]string{azure}, true, false, Restore, nil, ErrTraced, true},
		"part of something else":   {[]string{azure}, false, true, Patch, []string{line.All[0].Helper + " pristine", client + " pristine", azure + " missing"}, nil, false},
		"nothing that is patched":  {[]string{azure, client}, true, true, Patch, nil, nil, true},
		"nothing, in another copy": {[]string{azure, client}, false, true, Patch, []string{line.All[0].Helper + " pristine", client + " missing", azure + " missing"}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			pkg := newPackage(t)
			for _, name := range test.missing {
				if err := os.Remove(filepath.Join(pkg.Dir, filepath.FromSlash(name))); err != nil {
					t.Fatal(err)
				}
			}
			asked := 0
			plan, err := New([]detect.Install{pkg}, testLibrary(t, patchset.Default), Options{Goal: test.goal, Part: test.part, Traced: func(dir string) bool {
				asked++
				return test.standalone && dir == pkg.Dir
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer plan.Close()
			c := plan.Copies[0]
			var got []string
			for _, f := range c.Files {
				got = append(got, f.Path+" "+string(f.State))
			}
			if c.Err != nil {
				got = nil
			}
			if diff := cmp.Diff(test.want, got); diff != "" || c.Traced != test.traced || !errors.Is(c.Err, test.err) {
				t.Errorf("traced: %v, %v (-want +got):\n%s", c.Traced, c.Err, diff)
			}
			if blocked := c.Err != nil || len(test.missing) > 0 && !test.standalone; plan.Blocked() != blocked {
				t.Errorf("blocked: %v", !blocked)
			}
			if bare := test.standalone && test.part && len(test.missing) == 2; c.IsBare() != bare {
				t.Errorf("bare: %v", !bare)
			}
			if (asked > 0) != (len(test.missing) > 0) { // asking costs a search
				t.Errorf("asked %d times", asked)
			}
		})
	}
}
