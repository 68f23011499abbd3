package pnp

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
)

// virtuals are the names of directories that exist only for Plug'n'Play: in yarn 3 and 4,
// and in yarn 2.
var virtuals = []string{"__virtual__", "$$virtual"}

// instance matches the directory below, which is named for one set of peers.
var instance = lazyregexp.Compile(`^(?:.+-)?[a-f0-9]+$`)

// realPath returns a portable path without the parts that exist only for Plug'n'Play:
// DIR/__virtual__/NAME/N/REST is REST, N directories above DIR.
func realPath(location string) string {
	for {
		names := strings.Split(location, "/")
		at := slices.IndexFunc(names, func(name string) bool { return slices.Contains(virtuals, name) })
		if at < 1 || len(names) < at+3 || !instance().MatchString(names[at+1]) {
			return location
		}
		up, err := strconv.ParseUint(names[at+2], 10, 16)
		if err != nil {
			return location
		}
		kept := names[:max(1, at-int(up))] // no further than the top
		location = path.Join(strings.Join(kept, "/")+"/", path.Join(names[at+3:]...))
	}
}
