// Package detect finds the next-auth that a project has installed: where it
// stands, which release it is, which package manager put it there, and which
// https-proxy-agent it would load. It only reads, and starts no process.
package detect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Install is one copy of next-auth.
type Install struct {
	Path    string // the directory as a person would write it, for messages
	Dir     string // the real directory, absolute
	Name    string // the name in its package.json: "next-auth", unless another package stands there
	Release string // the version in its package.json, as written
	Agent   Agent
}

// Project is a directory and the copies of next-auth that are installed for it.
type Project struct {
	Dir     string // absolute
	Manager Manager
	Copies  []Install
}

var (
	// ErrNotFound says that no next-auth is installed for a directory.
	ErrNotFound = errors.New("no next-auth")
	// ErrPlugAndPlay says that the packages stand in archives of yarn's, where
	// nothing can be patched in place.
	ErrPlugAndPlay = errors.New("no node_modules, but yarn Plug'n'Play")
	// ErrNoDirectory says that there is no such directory to look in.
	ErrNoDirectory = errors.New("no such directory")
)

// Find returns the next-auth that code in dir gets, as Node.js looks for it:
// in the node_modules of dir and of the directories above. The search ends at a
// repository's top and at the home directory, because what lies above belongs
// to no project. The error wraps ErrNotFound if there is none.
func Find(given string) (*Project, error) {
	dir, err := filepath.Abs(given)
	if err != nil {
		return nil, err
	}
	if !isDir(dir) {
		return nil, fmt.Errorf("%w: %s", ErrNoDirectory, given)
	}
	project := &Project{Dir: dir, Manager: FindManager(dir)}
	for _, at := range upward(dir) {
		install, err := read(filepath.Join(at, "node_modules", "next-auth"))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			if exists(filepath.Join(at, ".pnp.cjs")) {
				return nil, fmt.Errorf("%w in %s", ErrPlugAndPlay, at)
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if rel, err := filepath.Rel(dir, install.Path); err == nil {
			install.Path = filepath.Join(given, rel)
		}
		project.Copies = append(project.Copies, *install)
		return project, nil
	}
	return nil, fmt.Errorf("%w is installed for %s", ErrNotFound, given)
}

// read looks at one directory that may hold next-auth.
func read(path string) (*Install, error) {
	dir, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	manifest, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	return &Install{Path: path, Dir: dir, Name: manifest.Name, Release: manifest.Version, Agent: ResolveAgent(dir)}, nil
}

// upward lists dir and the directories above it that belong to the same
// project.
func upward(dir string) []string {
	home, _ := os.UserHomeDir()
	var dirs []string
	for {
		dirs = append(dirs, dir)
		parent := filepath.Dir(dir)
		if parent == dir || dir == home || exists(filepath.Join(dir, ".git")) {
			return dirs
		}
		dir = parent
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
