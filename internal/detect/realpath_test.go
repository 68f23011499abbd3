package detect

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/fstest"
)

// node is a file in an invented file system.
type node struct {
	mode   fs.FileMode
	target string // what readlink returns; empty if it fails
	err    error  // of readlink
}

// invented is a file system by path; directories need not be listed.
type invented map[string]node

func (f invented) reader() disk {
	return disk{
		lstat: func(path string) (fs.FileInfo, error) {
			n, ok := f[filepath.ToSlash(path)]
			if !ok {
				n.mode = fs.ModeDir
			}
			return fs.Lstat(fstest.MapFS{"x": &fstest.MapFile{Mode: n.mode}}, "x")
		},
		readlink: func(path string) (string, error) {
			if n := f[filepath.ToSlash(path)]; n.target != "" {
				return filepath.FromSlash(n.target), nil
			}
			return "", &fs.PathError{Op: "readlink", Path: path, Err: cmp.Or(f[filepath.ToSlash(path)].err, fs.ErrInvalid)}
		},
	}
}

// Go reports Windows' junctions as irregular files that readlink can read.
func TestRealPath(t *testing.T) {
	root := filepath.ToSlash(filepath.VolumeName(t.TempDir())) + "/"
	files := invented{
		root + "app/node_modules/next-auth": {fs.ModeIrregular, root + "app/node_modules/.pnpm/next-auth@4/node_modules/next-auth", nil},
		root + "app/link":                   {fs.ModeSymlink, "node_modules/next-auth", nil},
		root + "link":                       {fs.ModeSymlink, "app/../app/./node_modules", nil},
		root + "app/odd":                    {fs.ModeIrregular, "", nil},
		root + "locked":                     {fs.ModeIrregular, "", syscall.EACCES},
		root + "loop":                       {fs.ModeSymlink, "loop", nil},
		root + "broken":                     {fs.ModeSymlink, "", nil},
		root + "top":                        {fs.ModeSymlink, root, nil},
		root + "elsewhere/hop":              {fs.ModeSymlink, root + "far/away", nil},
		root + "elsewhere/next-auth":        {fs.ModeSymlink, "hop/../next-auth", nil},
	}
	const inStore = "app/node_modules/.pnpm/next-auth@4/node_modules/next-auth"
	for path, want := range map[string]string{
		"app":                              "app",
		"app/node_modules/next-auth":       inStore,
		"app/link/core":                    inStore + "/core",
		"link/next-auth":                   inStore,
		"app/odd/x":                        "app/odd/x",
		"top/app/link":                     inStore,
		"top":                              "",
		"elsewhere/next-auth":              "far/next-auth", // as the system goes, which is not elsewhere/next-auth
		"app/node_modules/.pnpm/../.pnpm/": "app/node_modules/.pnpm",
	} {
		got, err := files.reader().realPath(filepath.FromSlash(root + path))
		if err != nil || filepath.ToSlash(got) != root+want {
			t.Errorf("%s: got %s, %v; want %s", path, got, err, want)
		}
	}
	for path, want := range map[string]error{"loop/x": errLinks, "broken": fs.ErrInvalid, "locked": syscall.EACCES} {
		if got, err := files.reader().realPath(filepath.FromSlash(root + path)); !errors.Is(err, want) {
			t.Errorf("%s: got %s, %v; want %v", path, got, err, want)
		}
	}
}

// On a real file system the standard library gives the same result.
func TestRealPathLikeTheStandardLibrary(t *testing.T) {
	dir := newTree(t, map[string]string{"a/b/c": "", "d/e": ""})
	for _, link := range []string{"a/up -> ..", "d/over -> ../a/up/a/b", "d/nowhere -> x/y", "d/round -> ../d/round"} {
		newLink(t, dir, link)
	}
	if err := os.Symlink(filepath.Join(dir, "a"), filepath.Join(dir, "absolute")); err != nil {
		t.Skip(err)
	}
	for _, path := range []string{"a/b/c", "a/up/d/e", "d/over/c", "absolute/up/d/over", "d/nowhere", "d/round", "a/b/c/x", "none"} {
		path = filepath.Join(dir, filepath.FromSlash(path))
		want, wantErr := filepath.EvalSymlinks(path)
		got, err := realPath(path)
		if got != want || (err == nil) != (wantErr == nil) || errors.Is(err, fs.ErrNotExist) != errors.Is(wantErr, fs.ErrNotExist) {
			t.Errorf("%s: got %s, %v; want %s, %v", path, got, err, want, wantErr)
		}
	}
}
