package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// notSignedIn is the exit code of sign-in.js if no one is signed in.
const notSignedIn = 3

// fail signs in without the patch.
func (d *demo) fail() error {
	comment("Without proxypatch, next-auth ignores http_proxy. The sign-in fails, as expected.")
	err := d.run("app", "node sign-in.js")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != notSignedIn {
		return errors.Join(errors.New("the sign-in did not fail as expected"), err)
	}
	if log, err := d.proxyLog(); err != nil || log != "" {
		return errors.Join(fmt.Errorf("the proxy saw %q", log), err)
	}
	return nil
}

// patch signs in with the patch. It keeps the released files, for revert.
func (d *demo) patch() (err error) {
	if d.released, err = d.nextAuth(); err != nil {
		return err
	}
	comment("With proxypatch, the sign-in works.")
	if err := d.run("app", "proxypatch", "node sign-in.js"); err != nil {
		return err
	}
	log, err := d.proxyLog()
	fmt.Printf("$ cat %s\n%s", proxyLog, log)
	return err
}

// verify makes all other calls of next-auth too.
func (d *demo) verify() error {
	comment("Every other request of next-auth goes through a proxy too.")
	return d.run("app", "proxypatch verify")
}

// revert requires that every byte is restored.
func (d *demo) revert() error {
	comment("The patch can be removed.")
	if err := d.run("app", "proxypatch revert"); err != nil {
		return err
	}
	files, err := d.nextAuth()
	if err != nil {
		return err
	}
	if !maps.Equal(files, d.released) {
		return errors.New("next-auth is not what npm installed")
	}
	fmt.Println("(compared: every byte is what npm installed)")
	return nil
}

// tutorial signs in with the two diffs of the official tutorial.
func (d *demo) tutorial() error {
	comment("A new project has next-auth 4.2.1 and https-proxy-agent 5, as in the official tutorial.")
	fmt.Println("# If you pasted its code and must keep exactly that, proxypatch writes the same bytes.")
	return d.run("tutorial", "proxypatch --set tutorial", "node sign-in.js")
}

func comment(text string) { fmt.Printf("\n# %s\n", text) }

// run prints command lines and runs them in an app's directory.
func (d *demo) run(app string, lines ...string) error {
	for _, line := range lines {
		fmt.Println("$", line)
		words := strings.Fields(line)
		if words[0] == "proxypatch" {
			words[0] = d.program()
		}
		if err := d.command(filepath.Join(d.dir, app), words[0], words[1:]...).Run(); err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
	}
	return nil
}

// proxyLog returns what the proxy wrote.
func (d *demo) proxyLog() (string, error) {
	log, err := os.ReadFile(filepath.Join(d.dir, proxyLog))
	return string(log), err
}

// nextAuth returns the contents of the app's next-auth, by name.
func (d *demo) nextAuth() (map[string]string, error) {
	files := map[string]string{}
	dir := os.DirFS(filepath.Join(d.dir, "app", "node_modules", "next-auth"))
	err := fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(dir, name)
		files[name] = string(data)
		return err
	})
	return files, err
}
