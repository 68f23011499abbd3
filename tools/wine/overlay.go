package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// change is an edit of a file in Go's standard library.
type change struct {
	file     string // below GOROOT/src
	old, new string
}

// changes avoid what Wine 8, the one in Debian 12, does not support. It has no
// bcryptprimitives.dll; advapi32.dll offers the same function under its older name. It
// answers a deletion with POSIX semantics with STATUS_NOT_IMPLEMENTED, after which Go
// does not try the deletion of older Windows.
var changes = []change{
	{"runtime/os_windows.go", `'b', 'c', 'r', 'y', 'p', 't', 'p', 'r', 'i', 'm', 'i', 't', 'i', 'v', 'e', 's', '.'`, `'a', 'd', 'v', 'a', 'p', 'i', '3', '2', '.'`},
	{"runtime/os_windows.go", `"ProcessPrng\000"`, `"SystemFunction036\000"`},
	{"internal/syscall/windows/zsyscall_windows.go", `sysdll.Add("bcryptprimitives.dll")`, `sysdll.Add("advapi32.dll")`},
	{"internal/syscall/windows/zsyscall_windows.go", `NewProc("ProcessPrng")`, `NewProc("SystemFunction036")`},
	{"internal/syscall/windows/at_windows.go", "\tcase STATUS_INVALID_INFO_CLASS,", "\tcase NTStatus(0xC0000002), STATUS_INVALID_INFO_CLASS,"},
}

// writeOverlay writes the changed files below dir and returns the path of the file for
// `go build -overlay`. A change that no longer fits is an error.
func writeOverlay(dir string) (string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	src := filepath.Join(strings.TrimSpace(string(root)), "src")
	texts := map[string]string{}
	for _, c := range changes {
		path := filepath.Join(src, filepath.FromSlash(c.file))
		if _, known := texts[path]; !known {
			data, err := os.ReadFile(path)
			if err != nil {
				return "", err
			}
			texts[path] = string(data)
		}
		if n := strings.Count(texts[path], c.old); n != 1 {
			return "", fmt.Errorf("%s: contains %s %d times, not once; update tools/wine/overlay.go for this Go", path, c.old, n)
		}
		texts[path] = strings.Replace(texts[path], c.old, c.new, 1)
	}
	replace := map[string]string{}
	for path, text := range texts {
		replace[path] = filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(replace[path], []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, overlay, 0o644)
}
