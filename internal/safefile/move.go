package safefile

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// aside begins the base of the temporary names that PutAside gives.
const aside = "old-"

// PutAside renames a file or directory to a temporary name in the same directory, and
// returns that name. Both names have slashes. If it fails, nothing has moved. Call
// SyncDir to flush the move.
func PutAside(root *os.Root, name string) (to string, err error) {
	to = path.Join(path.Dir(name), NewTempName(aside+path.Base(name)))
	return to, move(root, name, to)
}

// PutBack undoes PutAside. The name must be free.
func PutBack(root *os.Root, to, name string) error { return move(root, to, name) }

// IsAside reports whether a name, without a directory, comes from PutAside.
func IsAside(name string) bool {
	base, ours := TempNameBase(name)
	return ours && strings.HasPrefix(base, aside)
}

// RemoveTemporary removes a file or directory that has a temporary name, with all its
// content.
func RemoveTemporary(root *os.Root, name string) error {
	if !IsTempName(path.Base(name)) {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrInvalid}
	}
	return root.RemoveAll(filepath.FromSlash(name))
}

// SyncDir flushes the renames in a directory of root.
func SyncDir(root *os.Root, name string) error {
	dir, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	return errors.Join(syncDir(dir), dir.Close())
}

// MakeDirs creates name and its missing parent directories, and returns these, also after
// an error. Each gets the owner of its parent, so that the user who builds can write there.
func MakeDirs(root *os.Root, name string) (made []string, err error) {
	for at := range len(name) + 1 {
		if at < len(name) && name[at] != '/' {
			continue
		}
		dir := filepath.FromSlash(name[:at])
		err := root.Mkdir(dir, 0o777)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return made, err
		}
		made = append(made, name[:at])
		if err := inheritOwner(root, dir); err != nil {
			return made, err
		}
	}
	return made, nil
}

// RemoveMade removes directories that MakeDirs made, as long as they are empty, and flushes
// that.
func RemoveMade(root *os.Root, made []string) error {
	for _, dir := range slices.Backward(made) {
		gone, err := removeEmptyDir(root, filepath.FromSlash(dir))
		if err != nil || !gone {
			return err
		}
		if err := SyncDir(root, path.Dir(dir)); err != nil {
			return err
		}
	}
	return nil
}

// RemoveEmptyDirs removes a directory of root, and then each parent, as long as they are
// empty, and flushes that. It stops at a link and at a directory that is in use, such as a
// mount.
func RemoveEmptyDirs(root *os.Root, name string) error {
	at, removed := filepath.FromSlash(name), false
	for ; at != "."; at = filepath.Dir(at) {
		gone, err := removeEmptyDir(root, at)
		if err != nil {
			return err
		}
		if !gone {
			break
		}
		removed = true
	}
	if !removed {
		return nil
	}
	return SyncDir(root, filepath.ToSlash(at))
}

// removeEmptyDir removes a directory if it is empty, no link and not in use. It reports
// whether it is gone.
func removeEmptyDir(root *os.Root, at string) (gone bool, err error) {
	names, is, err := RealDir(root, filepath.ToSlash(at))
	if Absent(err) {
		return true, nil
	}
	if err != nil || !is || len(names) > 0 {
		return false, err
	}
	err = root.Remove(at)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.EBUSY) {
		return false, nil
	}
	if err != nil && !Absent(err) {
		return false, err
	}
	return true, nil
}

// move renames a file or directory to a free name. If a directory can't be renamed, its
// content is moved instead: overlayfs, which image builds use, can't rename directories
// of an earlier layer. If move fails, nothing has moved.
func move(root *os.Root, from, to string) error {
	err := root.Rename(filepath.FromSlash(from), filepath.FromSlash(to))
	if !errors.Is(err, syscall.EXDEV) {
		return err
	}
	info, err := root.Lstat(filepath.FromSlash(from))
	if err != nil {
		return err
	}
	if err := root.Mkdir(filepath.FromSlash(to), info.Mode().Perm()); err != nil {
		return err
	}
	err = inheritOwner(root, filepath.FromSlash(to))
	if err == nil {
		err = moveAll(root, from, to)
	}
	if err != nil {
		_ = root.Remove(filepath.FromSlash(to))
	}
	return err
}

// moveAll moves the content of a directory to another one, and removes the first.
func moveAll(root *os.Root, from, to string) error {
	entries, err := fs.ReadDir(root.FS(), from)
	for i := 0; err == nil && i < len(entries); i++ {
		name := entries[i].Name()
		if err = move(root, path.Join(from, name), path.Join(to, name)); err != nil {
			entries = entries[:i]
		}
	}
	if err == nil {
		err = root.Remove(filepath.FromSlash(from))
	}
	if err != nil {
		for _, entry := range entries {
			_ = move(root, path.Join(to, entry.Name()), path.Join(from, entry.Name()))
		}
	}
	return err
}
