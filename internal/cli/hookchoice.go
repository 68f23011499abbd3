package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/hooks"
	"github.com/proxypatch/proxypatch/internal/line"
)

// anyOf is a choice that no install changes.
func anyOf(releases string) hint.Hint { return hint.Run("proxypatch init --copy " + releases) }

// usual is such a choice where no copy is known.
var usual = anyOf(line.All[0].Range)

var errEmptyWord = errors.New("the value is empty")

// hookChoice returns the words of --copy as hooks write them: ranges, and paths from the
// root that the next install does not change.
func (p *program) hookChoice(words []string) ([]string, error) {
	var chosen []string
	for _, word := range words {
		written, err := p.hookWord(word)
		if err != nil {
			return nil, err
		}
		if !hooks.Quotable(written) {
			return nil, usageError(usual, "--copy: sh and cmd.exe would read %q in different ways", written)
		}
		chosen = append(chosen, written)
	}
	return chosen, nil
}

// hookWord returns one word of --copy as hooks write it. A range needs no copy yet.
func (p *program) hookWord(word string) (string, error) {
	if word == "" {
		return "", usageError(usual, "--copy: %w", errEmptyWord)
	}
	project, err := p.find(true)
	switch isRange := detect.IsRange(word); {
	case errors.Is(err, detect.ErrNotFound) && !isRange:
		return "", usageError(usual, "--copy: %w, so there is no copy in %s", err, word)
	case err != nil && isRange: // that is for later to judge
		return word, nil
	case err != nil:
		return "", err
	}
	selected, err := project.Select([]string{word})
	if err != nil {
		advice, failed := hookChoices(project)
		if failed != nil {
			return "", failed
		}
		return "", usageError(advice, "--copy: %w", err)
	}
	if detect.IsRange(word) {
		return word, nil
	}
	return stablePath(project, &selected[0], word)
}

// stablePath returns the path of a copy from the workspace's root, with slashes. A name
// with the release or a hash in it changes with the next install, so it is an error.
func stablePath(project *detect.Project, copy *detect.Install, word string) (string, error) {
	path, err := project.FromRoot(word)
	if err != nil {
		return "", &systemError{err}
	}
	if !copy.IsStable(path) {
		releases := line.All[0].Range
		if of, err := copy.ReleaseLine(); err == nil {
			releases = of.RangeOf(copy.Release)
		}
		advice := anyOf(releases)
		if paths := stablePaths(project, copy); len(paths) > 0 {
			advice = hint.Run("proxypatch init --copy " + hint.Quote(paths[0])).Or(hint.Join(hint.Text("or, for all releases of "+releases+": "), anyOf(releases)))
		}
		return "", usageError(advice, "--copy: %s is a name that the next install may change, or is not in the project", word)
	}
	return path, nil
}

// stablePaths lists the paths of a copy, as the user would type them, that no install
// changes.
func stablePaths(project *detect.Project, copy *detect.Install) []string {
	candidates := []string{copy.Path}
	for _, reached := range copy.Reached {
		candidates = append(candidates, reached.Path)
	}
	var paths []string
	for _, candidate := range candidates {
		path, err := project.FromRoot(candidate)
		if err == nil && copy.IsStable(path) && hooks.Quotable(path) && !slices.Contains(paths, candidate) {
			paths = append(paths, candidate)
		}
	}
	return paths
}

// hookChoices offers what init --copy accepts: ranges, and the paths of copies that can be
// patched and are not left from an earlier install.
func hookChoices(project *detect.Project) (hint.Hint, error) {
	var ranges, paths []string
	for i := range project.Copies {
		copy := &project.Copies[i]
		leftover, err := project.Leftover(copy)
		if err != nil {
			return hint.Hint{}, &systemError{err}
		}
		of, err := copy.ReleaseLine()
		if leftover || err != nil {
			continue
		}
		if releases := of.RangeOf(copy.Release); !slices.Contains(ranges, releases) {
			ranges = append(ranges, releases)
		}
		for _, path := range stablePaths(project, copy) {
			paths = append(paths, fmt.Sprintf("%s (%s)", filepath.ToSlash(path), copy.Release))
		}
	}
	if len(ranges) == 0 {
		return usual, nil
	}
	return hint.Text("choose from " + strings.Join(append(ranges, paths...), ", ")), nil
}
