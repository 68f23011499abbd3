// Command npmpack builds the npm packages, in the repository's top directory.
//
//	go run ./tools/npmpack                   all packages, into dist/npm
//	go run ./tools/npmpack -platform host    only the packages for this machine
//
// docs/install.md describes them.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/proxypatch/proxypatch/npm"
)

func main() {
	out := flag.String("out", filepath.Join("dist", "npm"), "write the packages into `DIR`")
	version := flag.String("version", "", "`VERSION` of the packages (default: the commit's tag, or "+npm.Development+")")
	platform := flag.String("platform", "all", "`PLATFORM` to build for: all, host, or a name such as linux-x64")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := pack(ctx, *out, *version, *platform); err != nil {
		fmt.Fprintln(os.Stderr, "npmpack:", err)
		os.Exit(1)
	}
}

// pack builds all packages before it writes the first.
func pack(ctx context.Context, out, version, platform string) error {
	platforms, err := choose(platform)
	if err != nil {
		return err
	}
	if version == "" {
		if version, err = npm.Version(ctx, "."); err != nil {
			return err
		}
	}
	first, err := npm.Main(".", version)
	if err != nil {
		return err
	}
	tarballs := []npm.Tarball{first}
	for _, p := range platforms {
		program, err := p.Build(ctx, ".", version)
		if err != nil {
			return err
		}
		tarball, err := p.Pack(".", version, program)
		if err != nil {
			return err
		}
		tarballs = append(tarballs, tarball)
	}
	return write(out, tarballs)
}

func choose(platform string) ([]npm.Platform, error) {
	if platform == "all" {
		return npm.Platforms, nil
	}
	host, known := npm.Host()
	if platform == "host" && known {
		return []npm.Platform{host}, nil
	}
	for _, p := range npm.Platforms {
		if p.String() == platform {
			return []npm.Platform{p}, nil
		}
	}
	return nil, fmt.Errorf("there is no package for the platform %q, only for %v", platform, npm.Platforms)
}

// write writes the packages and prints their paths.
func write(dir string, tarballs []npm.Tarball) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, t := range tarballs {
		path := filepath.Join(dir, t.Name)
		if err := os.WriteFile(path, t.Data, 0o644); err != nil {
			return err
		}
		fmt.Println(path)
	}
	return nil
}
