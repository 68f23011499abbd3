// Command workspace makes a large workspace to search for next-auth:
//
//	workspace DIR PROJECT FILES
//
// The workspace has 500 packages, and 1,500 installed ones with FILES files each.
// It copies the next-auth installed in PROJECT to the root, into four of the
// packages, and into an installed one. It prints the number of files.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

const (
	packages  = 500
	installed = 1500
	perFolder = 25
)

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("usage: workspace DIR PROJECT FILES"))
	}
	files, err := strconv.Atoi(os.Args[3])
	if err == nil {
		err = build(os.Args[1], filepath.Join(os.Args[2], "node_modules"), files)
	}
	if err != nil {
		fail(err)
	}
	count := 0
	if err := filepath.WalkDir(os.Args[1], func(_ string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			count++
		}
		return err
	}); err != nil {
		fail(err)
	}
	fmt.Println(count)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "workspace:", err)
	os.Exit(1)
}

func build(dir, modules string, files int) error {
	if err := write(dir, "package.json", `{"private": true, "workspaces": ["packages/*"], "dependencies": {"next-auth": "4"}}`); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(dir, "node_modules"), os.DirFS(modules)); err != nil {
		return err
	}
	holders := map[string]bool{}
	for i := range installed {
		name := filepath.Join(dir, "node_modules", fmt.Sprintf("dependency-%04d", i))
		if err := fill(name, fmt.Sprintf(`{"name": "dependency-%04d", "version": "1.0.0"}`, i), files); err != nil {
			return err
		}
		holders[name] = i == 700
	}
	for i := range packages {
		name := filepath.Join(dir, "packages", fmt.Sprintf("package-%03d", i))
		manifest := fmt.Sprintf(`{"name": "package-%03d", "dependencies": {"next-auth": "4", "dependency-%04d": "1"}}`, i, i)
		if err := fill(name, manifest, files); err != nil {
			return err
		}
		holders[name] = i%125 == 60
	}
	for holder, copies := range holders {
		if !copies {
			continue
		}
		if err := os.CopyFS(filepath.Join(holder, "node_modules", "next-auth"), os.DirFS(filepath.Join(modules, "next-auth"))); err != nil {
			return err
		}
	}
	return nil
}

// fill makes a package with files in folders.
func fill(dir, manifest string, files int) error {
	if err := write(dir, "package.json", manifest); err != nil {
		return err
	}
	for i := 1; i < files; i++ {
		if err := write(filepath.Join(dir, "lib", strconv.Itoa(i/perFolder)), strconv.Itoa(i)+".js", "module.exports = 1\n"); err != nil {
			return err
		}
	}
	return nil
}

func write(dir, name, text string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)
}
