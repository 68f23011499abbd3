package report

import (
	"strings"

	"github.com/proxypatch/proxypatch/internal/buildcache"
	"github.com/proxypatch/proxypatch/internal/term"
)

// CacheOf says what is done to a cache. at returns a path of its app as a person
// would write it, and old reports whether a build would take old code from it.
func CacheOf(cache buildcache.Cache, at func(name string) string, old bool, tense Tense) Cache {
	out := Cache{Path: at(cache.Path), Delete: []string{}}
	switch cache.Action {
	case buildcache.Keep:
		out.Action, out.verb, out.minor = "keep", verb{"kept", term.Plain}, true
	case buildcache.Delete:
		out.Action, out.verb = "delete", tense.choose("would delete", "deleted")
		if tense == Checking {
			out.verb = verb{"stale", term.Magenta}
		}
		for _, warm := range cache.Warm {
			out.Delete = append(out.Delete, at(warm))
		}
		if len(cache.Remains) > 0 {
			out.verb = verb{"put aside", term.Magenta}
		}
		out.minor = tense == Checking && !old
	case buildcache.Remove:
		out.Action, out.verb, out.minor = "remove", tense.choose("would remove", "removed"), tense != Planning
	default:
		out.Action, out.verb, out.minor = "mark", tense.choose("would mark", "marked"), tense != Planning
	}
	return out
}

// what says what a cache's line is about, and why.
func (c Cache) what() (path, reason string) {
	switch c.Action {
	case "delete":
		return strings.Join(c.Delete, ", "), "built from other next-auth files"
	case "keep":
		return c.Path, "built from these next-auth files"
	case "remove":
		return c.Path, "holds only a stamp"
	}
	return c.Path, "for the next build"
}
