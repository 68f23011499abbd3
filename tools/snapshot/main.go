// Command snapshot makes what a release consists of, in the repository's top
// directory: an archive for each platform, and the checksums of all of them.
//
//	go run ./tools/snapshot                   all platforms, into dist/release
//	go run ./tools/snapshot -platform host    only that of this machine
//
// It publishes nothing; .github/workflows/release.yml does. The same Go makes the
// same bytes of the same commit, on every machine.
package main

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// platform is one that a release has an archive for.
type platform struct{ os, arch string } // as in GOOS and GOARCH

func (p platform) String() string { return p.os + "/" + p.arch }

var platforms = []platform{
	{"darwin", "amd64"},
	{"darwin", "arm64"},
	{"linux", "amd64"},
	{"linux", "arm64"},
	{"windows", "amd64"},
	{"windows", "arm64"},
}

func main() {
	out := flag.String("out", filepath.Join("dist", "release"), "write into `DIR`")
	name := flag.String("platform", "all", "the `PLATFORM` to build for: all, host, or one such as linux/amd64")
	flag.Parse()
	if err := snapshot(*out, *name); err != nil {
		fmt.Fprintln(os.Stderr, "snapshot:", err)
		os.Exit(1)
	}
}

func snapshot(out, name string) error {
	wanted, err := choose(name)
	if err != nil {
		return err
	}
	source, err := inspect()
	if err != nil {
		return err
	}
	common, err := source.documents()
	if err != nil {
		return err
	}
	archives := map[string][]byte{}
	for _, p := range wanted {
		program, err := source.build(p)
		if err != nil {
			return err
		}
		// Most people unpack to run the program: it comes first.
		files := append([]file{program}, common...)
		name := fmt.Sprintf("proxypatch_%s_%s_%s", source.version, p.os, p.arch)
		if p.os == "windows" {
			archives[name+".zip"], err = zipped(files, source.time)
		} else {
			archives[name+".tar.gz"], err = tarred(files, source.time)
		}
		if err != nil {
			return err
		}
	}
	return write(out, archives)
}

func choose(name string) ([]platform, error) {
	if name == "all" {
		return platforms, nil
	}
	if name == "host" {
		name = runtime.GOOS + "/" + runtime.GOARCH
	}
	for _, p := range platforms {
		if p.String() == name {
			return []platform{p}, nil
		}
	}
	return nil, fmt.Errorf("there is no archive for %q, only for %v", name, platforms)
}

const checksums = "SHA256SUMS"

// write replaces what an earlier run left in the directory, and touches nothing
// that is not of this program's making.
func write(dir string, archives map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(dir, "proxypatch_*"))
	if err != nil {
		return err
	}
	for _, path := range append(old, filepath.Join(dir, checksums)) {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	var sums []string
	for name, data := range archives {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
		fmt.Println(filepath.Join(dir, name))
		sums = append(sums, fmt.Sprintf("%x  %s\n", sha256.Sum256(data), name))
	}
	slices.SortFunc(sums, func(a, b string) int { return strings.Compare(a[sha256.Size*2:], b[sha256.Size*2:]) })
	return os.WriteFile(filepath.Join(dir, checksums), []byte(strings.Join(sums, "")), 0o644)
}
