package detect

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/proxypatch/proxypatch/internal/safefile"
)

// disk is what the search asks the file system. Tests put other answers in its
// place.
type disk struct {
	stat, lstat func(path string) (fs.FileInfo, error)
	readlink    func(path string) (string, error)
	readDir     func(path string) ([]fs.DirEntry, error)
	readFile    func(path string, max int64) ([]byte, error)
}

var system = disk{os.Stat, os.Lstat, os.Readlink, safefile.ReadDir, safefile.ReadFile}

// absent lists the errors which say that nothing can be in a place. Node.js finds
// nothing there either. fs.ErrInvalid means a name that is no text, which no glob
// matches.
var absent = []error{fs.ErrNotExist, fs.ErrInvalid, syscall.ENOTDIR, syscall.ENAMETOOLONG, syscall.EINVAL}

// invalidName is the error of Windows for a name that no file can have.
const invalidName = syscall.Errno(123)

// isAbsent reports whether an error says that nothing is in a place.
func isAbsent(err error) bool {
	for _, is := range absent {
		if errors.Is(err, is) {
			return true
		}
	}
	return runtime.GOOS == "windows" && errors.Is(err, invalidName)
}

// isLoop reports whether an error says that links lead in a circle. Node.js goes on
// looking then.
func isLoop(err error) bool { return errors.Is(err, syscall.ELOOP) || errors.Is(err, errLinks) }

// there reports whether something exists, given the error of looking at it. If the
// system refuses to say, there returns its error: to call that absent could hide a
// copy of next-auth.
func there(err error) (bool, error) {
	if isAbsent(err) || isLoop(err) {
		return false, nil
	}
	return err == nil, err
}

// modeOf returns the mode of what is at a path, which is never 0, or 0 if there
// is nothing.
func modeOf(path string) (fs.FileMode, error) {
	info, err := system.lstat(path)
	if found, err := there(err); !found {
		return 0, err
	}
	return info.Mode() | 1, nil
}

func exists(path string) (bool, error) {
	mode, err := modeOf(path)
	return mode != 0, err
}

// isDir reports whether a directory is at a path, or behind links from there.
func isDir(path string) (bool, error) {
	info, err := system.stat(path)
	found, err := there(err)
	return found && info.IsDir(), err
}

// follow returns the real path of what is at a path, if anything is.
func follow(path string) (real string, found bool, err error) {
	real, err = realPath(path)
	found, err = there(err)
	return real, found, err
}

// readDir lists a directory in no order. What is no directory is empty, and so is
// a link to itself.
func readDir(path string) ([]fs.DirEntry, error) {
	entries, err := system.readDir(path)
	if found, err := there(err); !found {
		return nil, err
	}
	return entries, nil
}

// isIrregular reports whether an error of reading a file says that it is no regular
// file, or too large.
func isIrregular(err error) bool { return errors.As(err, new(*safefile.Error)) }

// parallel calls do with every number below n, on all processors. An error ends the
// calls of one processor; parallel returns one of the errors.
func parallel(n int, do func(i int) error) error {
	var next atomic.Int64
	var workers sync.WaitGroup
	errs := make([]error, min(n, runtime.GOMAXPROCS(0)))
	for worker := range errs {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && errs[worker] == nil; i = int(next.Add(1)) - 1 {
				errs[worker] = do(i)
			}
		})
	}
	workers.Wait()
	return cmp.Or(errs...)
}
