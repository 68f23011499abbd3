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

// disk is what the search needs from the file system. Tests replace it.
type disk struct {
	stat, lstat func(path string) (fs.FileInfo, error)
	readlink    func(path string) (string, error)
	readDir     func(path string) ([]fs.DirEntry, error)
	readFile    func(path string, max int64) ([]byte, error)
}

var system = disk{os.Stat, os.Lstat, os.Readlink, safefile.ReadDir, safefile.ReadFile}

// absent lists the errors that say that nothing can exist at a path. Node.js finds
// nothing there either. fs.ErrInvalid means an invalid name, which no glob matches.
var absent = []error{fs.ErrNotExist, fs.ErrInvalid, syscall.ENOTDIR, syscall.ENAMETOOLONG, syscall.EINVAL}

// invalidName is Windows' error for an invalid file name.
const invalidName = syscall.Errno(123)

// isAbsent reports whether an error says that nothing exists at a path.
func isAbsent(err error) bool {
	for _, is := range absent {
		if errors.Is(err, is) {
			return true
		}
	}
	return runtime.GOOS == "windows" && errors.Is(err, invalidName)
}

// isLoop reports whether an error says that links form a circle. Node.js then
// continues its search.
func isLoop(err error) bool { return errors.Is(err, syscall.ELOOP) || errors.Is(err, errLinks) }

// there reports whether something exists, given the error of looking at it. If the
// system refuses to answer, it returns that error: calling this absent could hide a
// copy of next-auth.
func there(err error) (bool, error) {
	if isAbsent(err) || isLoop(err) {
		return false, nil
	}
	return err == nil, err
}

// modeOf returns the mode of the file at a path, which is never 0, or 0 if nothing
// exists there.
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

// isDir reports whether a path is a directory or a link to one.
func isDir(path string) (bool, error) {
	info, err := system.stat(path)
	found, err := there(err)
	return found && info.IsDir(), err
}

// follow returns the real path of a path, if anything exists there.
func follow(path string) (real string, found bool, err error) {
	real, err = realPath(path)
	found, err = there(err)
	return real, found, err
}

// readDir lists a directory in no order. Anything else, such as a link to itself,
// counts as empty.
func readDir(path string) ([]fs.DirEntry, error) {
	entries, err := system.readDir(path)
	if found, err := there(err); !found {
		return nil, err
	}
	return entries, nil
}

// isIrregular reports whether reading failed because the file is not regular or is
// too large.
func isIrregular(err error) bool { return errors.As(err, new(*safefile.Error)) }

// Parallel calls do with every number below n, on all processors. It starts no more calls
// after an error, and returns the error of the lowest number.
func Parallel(n int, do func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Bool
	var workers sync.WaitGroup
	errs := make([]error, n)
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for !failed.Load() { // before taking a number, so that all below one that fails are tried
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if errs[i] = do(i); errs[i] != nil {
					failed.Store(true)
				}
			}
		})
	}
	workers.Wait()
	return cmp.Or(errs...)
}
