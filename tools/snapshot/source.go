package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// development is the version of what is no release.
const development = "0.0.0-dev"

// source is the commit that archives are made of.
type source struct {
	version string    // without a v
	time    time.Time // of the commit
}

// inspect asks git. A release is a tag such as v1.2.3 with nothing changed, and
// what CHANGELOG.md says of it.
func inspect() (source, error) {
	seconds, err := git("log", "-1", "--format=%ct")
	if err != nil {
		return source{}, err
	}
	committed, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return source{}, err
	}
	s := source{development, time.Unix(committed, 0).UTC()}
	changed, err := git("status", "--porcelain")
	if err != nil {
		return source{}, err
	}
	tag, err := git("describe", "--tags", "--exact-match", "--match", "v[0-9]*")
	if err != nil || changed != "" {
		return s, nil
	}
	s.version = strings.TrimPrefix(tag, "v")
	changelog, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		return source{}, err
	}
	if !bytes.Contains(changelog, []byte("\n## ["+s.version+"] - ")) {
		return source{}, fmt.Errorf("CHANGELOG.md has no section \"## [%s] - DATE\" for the tag %s", s.version, tag)
	}
	return s, nil
}

func git(args ...string) (string, error) {
	out, err := output(exec.Command("git", args...))
	return strings.TrimSpace(string(out)), err
}

// build compiles the program for a platform.
func (s source) build(p platform) (file, error) {
	name := "proxypatch"
	if p.os == "windows" {
		name += ".exe"
	}
	temp, err := os.MkdirTemp("", "proxypatch-snapshot-")
	if err != nil {
		return file{}, err
	}
	defer os.RemoveAll(temp)
	path := filepath.Join(temp, name)
	// What Go would record of the repository differs between a clone and a copy of the same files.
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags=-s -w -buildid= -X main.version=v"+s.version, "-o", path, "./cmd/proxypatch")
	cmd.Env = append(os.Environ(), "GOOS="+p.os, "GOARCH="+p.arch,
		"CGO_ENABLED=0", "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=", "GOWORK=off")
	if _, err := output(cmd); err != nil {
		return file{}, err
	}
	data, err := os.ReadFile(path)
	return file{name, 0o755, data}, err
}

// documents returns what every archive has beside the program.
func (s source) documents() ([]file, error) {
	var files []file
	for _, name := range []string{"CHANGELOG.md", "LICENSE", "README.md"} {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name, 0o644, data})
	}
	temp, err := os.MkdirTemp("", "proxypatch-snapshot-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	completions, err := s.completions(temp)
	if err != nil {
		return nil, err
	}
	manual, err := s.manual(temp)
	return append(append(files, completions...), manual), err
}

// completions lets a program for this machine print them.
func (s source) completions(temp string) ([]file, error) {
	program, err := s.build(platform{runtime.GOOS, runtime.GOARCH})
	if err != nil {
		return nil, err
	}
	path := filepath.Join(temp, program.name)
	if err := os.WriteFile(path, program.data, program.mode); err != nil {
		return nil, err
	}
	var files []file
	for _, shell := range []struct{ name, file string }{
		{"bash", "proxypatch.bash"}, {"fish", "proxypatch.fish"}, {"powershell", "proxypatch.ps1"}, {"zsh", "_proxypatch"},
	} {
		data, err := output(exec.Command(path, "completion", shell.name))
		if err != nil {
			return nil, err
		}
		files = append(files, file{"completions/" + shell.file, 0o644, data})
	}
	return files, nil
}

// manual makes the man page, which is a test's work (cmd/proxypatch/reference_test.go).
func (s source) manual(temp string) (file, error) {
	path := filepath.Join(temp, "proxypatch.1")
	cmd := exec.Command("go", "test", "-trimpath", "-vet=off", "-count=1", "-run=^TestManPage$", "./cmd/proxypatch")
	cmd.Env = append(os.Environ(), "PROXYPATCH_MAN="+path, fmt.Sprint("SOURCE_DATE_EPOCH=", s.time.Unix()))
	if _, err := output(cmd); err != nil {
		return file{}, err
	}
	data, err := os.ReadFile(path)
	return file{"man/proxypatch.1", 0o644, data}, err
}

// output returns what a command prints; if it fails, that is in the error.
func output(cmd *exec.Cmd) ([]byte, error) {
	out, err := cmd.Output()
	if err == nil {
		return out, nil
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		out = append(out, exit.Stderr...)
	}
	return nil, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(out))
}
