package detect

// owners are all users. On Windows their directories are below their home directories,
// where the search ends.
type owners struct{}

func trustedOwners(string) (owners, error) { return owners{}, nil }

func (owners) own(string) (bool, error) { return true, nil }
