package safefile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// attributesOf returns the attributes of a file in root; its name has slashes. Only
// regular files have attributes.
func attributesOf(root *os.Root, name string) (attributes, error) {
	name = filepath.FromSlash(name)
	info, err := root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	file, err := root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	fd := int(file.Fd())
	names, err := grow(func(to []byte) (int, error) { return unix.Flistxattr(fd, to) })
	if errors.Is(err, unix.ENOTSUP) {
		return nil, nil
	}
	if err != nil {
		return nil, &os.PathError{Op: "flistxattr", Path: name, Err: err}
	}
	var all attributes
	for attr := range strings.SplitSeq(string(names), "\x00") {
		if attr != aclName && !strings.HasPrefix(attr, "user.") {
			continue // the system sets it on new files, or only root may
		}
		value, err := grow(func(to []byte) (int, error) { return unix.Fgetxattr(fd, attr, to) })
		if errors.Is(err, unix.ENODATA) {
			continue
		}
		if err != nil {
			return nil, &os.PathError{Op: "fgetxattr", Path: name, Err: err}
		}
		all = append(all, attribute{attr, value})
	}
	return all, nil
}

// grow calls get with a larger and larger buffer until it is large enough.
func grow(get func([]byte) (int, error)) ([]byte, error) {
	for room := 256; ; room *= 4 {
		to := make([]byte, room)
		n, err := get(to)
		if err == nil {
			return to[:n], nil
		}
		if !errors.Is(err, unix.ERANGE) || room > 1<<20 { // Linux has at most 64 KiB
			return nil, err
		}
	}
}

// giveTo sets the attributes of a new file. It removes any other access control list,
// such as a directory's default for new files. Set the owner and group before, while
// only the owner has access, and set the mode afterwards, which keeps the list.
func (a attributes) giveTo(file *os.File) error {
	fd := int(file.Fd())
	if a.acl() == nil {
		if err := unix.Fremovexattr(fd, aclName); err != nil && !errors.Is(err, unix.ENODATA) && !errors.Is(err, unix.ENOTSUP) {
			return aclError(err)
		}
	}
	for _, one := range a {
		err := unix.Fsetxattr(fd, one.name, one.value, 0)
		switch {
		case err == nil:
		case one.name == aclName:
			return aclError(err)
		case !errors.Is(err, unix.ENOTSUP) && !errors.Is(err, unix.EPERM):
			return err
		}
	}
	return nil
}
