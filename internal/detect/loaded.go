package detect

import (
	"errors"
	"path/filepath"
)

// Loaded returns the copies that code in a directory loads by some names, as Node.js finds
// them: one for each name, in their order. absent are the names that lead to none.
func (w *Workspace) Loaded(from string, names []string) (project *Project, absent []string, err error) {
	project = w.newProject()
	s := newScan(&project.Workspace)
	if err := s.run(); err != nil {
		return nil, nil, err
	}
	real, found, err := follow(from)
	if !found {
		return project, names, err
	}
	for _, name := range names {
		c, err := s.loaded(real, name)
		switch {
		case errors.Is(err, errNone):
			absent = append(absent, name)
		case err != nil:
			return nil, nil, err
		default:
			project.Copies = append(project.Copies, *c)
		}
	}
	return project, absent, nil
}

// loaded returns the copy that Node.js finds by a name from a directory. The error is
// errNone if there is none.
func (s *scan) loaded(from, name string) (*Install, error) {
	for modules := range modulesAbove(from) {
		c, err := s.add(filepath.Join(modules, name))
		if !errors.Is(err, errNone) && !isLoop(err) {
			return c, err
		}
	}
	return nil, errNone
}
