package detect

// trustedOwners trusts everybody: Windows keeps users' directories apart by
// their place, below the home directories, at which the search ends.
func trustedOwners(string) func(string) bool { return func(string) bool { return true } }
