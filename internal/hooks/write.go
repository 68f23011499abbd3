package hooks

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/edit"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

const manifestName = "package.json"

// readFile reads the package.json in root. It must be a regular file, because the target
// of a link may have other users. The error is a *edit.FileError.
func readFile(root *os.Root, path string) ([]byte, fs.FileInfo, error) {
	data, info, err := safefile.ReadUnlinked(root, manifestName, safefile.MaxFile)
	if err != nil {
		return nil, nil, &edit.FileError{Path: path, Err: plain(err)}
	}
	return data, info, nil
}

// plain removes the path from an error, because edit.FileError names a better one.
func plain(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// Lock prevents other runs of proxypatch from writing to a workspace's package.json files
// until it is closed. Take it before you make the plan: a plan that fails restores what
// it has read, and would overwrite what others wrote since. Windows has no such lock;
// there a file that has changed meanwhile is an error.
func Lock(ws *detect.Workspace) (io.Closer, error) {
	root, err := os.OpenRoot(ws.Root().Dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return lock(root)
}

// Commit writes all files of the plan, or none. First it removes what a killed run left
// beside the files, even if there is nothing to write. Errors are *safefile.CommitError.
func (p *Plan) Commit() error {
	for _, pkg := range p.ws.Packages {
		if pkg.Linked { // another project's
			continue
		}
		if err := clean(pkg.Dir); err != nil {
			return &safefile.CommitError{Err: &edit.FileError{Path: p.ws.Display(pkg.Dir), Err: err}}
		}
	}
	var groups []*safefile.Group
	for _, f := range p.Files {
		if !f.Changes() {
			continue
		}
		root, err := os.OpenRoot(f.pkg.Dir)
		if err != nil {
			return &safefile.CommitError{Err: err}
		}
		defer root.Close()
		groups = append(groups, f.change(root))
	}
	return safefile.Replace(groups, nil)
}

// change returns the change of the file in the directory root.
func (f *File) change(root *os.Root) *safefile.Group {
	return &safefile.Group{
		Root:    root,
		Path:    filepath.Dir(f.Path),
		Changes: []*safefile.Change{{Name: manifestName, Before: f.before, After: f.after, Info: f.info}},
		Explain: func(err error) error { return &edit.FileError{Path: f.Path, Err: plain(err)} },
	}
}

// clean removes what a killed run left in a directory. It does nothing on Windows, where
// there is no lock, because the files may belong to a run that is still active.
func clean(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	return safefile.CleanDir(root, ".")
}
