package detect

// owners are all users: Windows keeps their directories apart by their place,
// below the home directories, at which the search ends.
type owners struct{}

func trustedOwners(string) (owners, error) { return owners{}, nil }

func (owners) own(string) (bool, error) { return true, nil }
