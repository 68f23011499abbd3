package pnp

import (
	"path/filepath"
	"strings"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
)

// portable returns a path as yarn writes it on every system: C:\code is /C:/code, and
// \\server\share is /unc/server/share. Only so can one relative path lead to another drive.
func portable(path string) string {
	path = filepath.ToSlash(path)
	if drive().MatchString("/" + path) {
		return "/" + path
	}
	if rest, shared := strings.CutPrefix(path, "//"); shared {
		return "/unc/" + rest
	}
	return path
}

// drive matches the beginning of a portable path on a drive of Windows.
var drive = lazyregexp.Compile(`^/[A-Za-z]:(/|$)`)

// native reverses portable.
func native(path string) string {
	if filepath.Separator == '/' {
		return path
	}
	return onWindows(path)
}

func onWindows(path string) string {
	if drive().MatchString(path) {
		if path = path[1:]; len(path) == len("C:") {
			path += "/"
		}
	} else if rest, shared := strings.CutPrefix(path, "/unc/"); shared {
		path = "//" + rest
	}
	return strings.ReplaceAll(path, "/", `\`)
}
