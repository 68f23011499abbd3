package buildcache

import "os"

const readFlags = os.O_RDONLY

// inheritOwner does nothing: a new file has its directory's access rules.
func inheritOwner(*os.Root, string) error { return nil }
