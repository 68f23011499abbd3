package detect

import (
	"errors"
	"io/fs"
	"runtime"
	"syscall"
)

// refused is an error of the system which says neither that something is there
// nor that it is not. Taken for either, it would hide a copy of next-auth. So it
// ends the search, wherever in it that is: there panics with it, and what others
// call returns it.
type refused struct{ err error }

// there reports whether something is there, given the error of looking at it.
func there(err error) bool {
	if ignoreAbsent(err) != nil && !errors.Is(err, syscall.ELOOP) && !errors.Is(err, errLinks) { // Node.js goes on looking
		panic(refused{err})
	}
	return err == nil
}

// catch makes a refusal the error of the function that defers it.
func catch(err *error) {
	switch r := recover().(type) {
	case nil:
	case refused:
		*err = r.err
	default:
		panic(r)
	}
}

// absent are the errors which say that nothing can be in a place. To Node.js
// there is nothing either, and no glob matches a name that is no text, which
// fs.ErrInvalid stands for.
var absent = []error{fs.ErrNotExist, fs.ErrInvalid, syscall.ENOTDIR, syscall.ENAMETOOLONG, syscall.EINVAL}

// invalidName is what Windows says of a name that no file can have.
const invalidName = syscall.Errno(123)

// ignoreAbsent returns err unless it says that nothing is there.
func ignoreAbsent(err error) error {
	for _, is := range absent {
		if errors.Is(err, is) {
			return nil
		}
	}
	if runtime.GOOS == "windows" && errors.Is(err, invalidName) {
		return nil
	}
	return err
}
