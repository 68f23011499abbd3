// Package pnptest makes projects as yarn's Plug'n'Play leaves them.
package pnptest

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Package is a package in the data of Plug'n'Play.
type Package struct {
	Name      string // empty for the project's root
	Reference string // of a package of the workspace it begins with "workspace:"
	Location  string // relative to the project, with slashes and one at the end
	// Needs has what the package depends on, by name: a reference, a name and a reference
	// with a blank between them, or nothing for a peer that is not there.
	Needs map[string]string
}

// Data returns the data as yarn writes it. Packages of the workspace may not fall back to
// what the project's root depends on; others may.
func Data(packages ...Package) string {
	var roots []map[string]string
	exclusions, registry := []any{}, []any{}
	for _, p := range packages {
		if strings.HasPrefix(p.Reference, "workspace:") {
			roots = append(roots, map[string]string{"name": p.Name, "reference": p.Reference})
			exclusions = append(exclusions, []any{p.Name, []string{p.Reference}})
		}
		information := map[string]any{"packageLocation": p.Location, "packageDependencies": p.needs(), "linkType": "HARD"}
		registry = append(registry, []any{orNull(p.Name), []any{[]any{orNull(p.Reference), information}}})
	}
	data, err := json.MarshalIndent(map[string]any{
		"__info": []string{"This isn't generated."}, "dependencyTreeRoots": roots, "enableTopLevelFallback": true,
		"fallbackExclusionList": exclusions, "fallbackPool": []any{}, "packageRegistryData": registry,
	}, "", "  ")
	if err != nil {
		panic(err) // it has only strings
	}
	return string(data)
}

func (p Package) needs() []any {
	needs := []any{}
	for name, wanted := range p.Needs {
		other, reference, named := strings.Cut(wanted, " ")
		switch {
		case wanted == "":
			needs = append(needs, []any{name, nil})
		case named:
			needs = append(needs, []any{name, []string{other, reference}})
		default:
			needs = append(needs, []any{name, wanted})
		}
	}
	return needs
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// Loader returns .pnp.cjs as yarn 4 writes it, without its code.
func Loader(packages ...Package) string {
	return "#!/usr/bin/env node\n\"use strict\";\n\n" + State(Data(packages...))
}

// State returns the statement of .pnp.cjs that has the data, as yarn 4 writes it.
func State(data string) string { return "const RAW_RUNTIME_STATE =\n" + Quote(data) + ";\n" }

// Quote returns data as yarn 3 and 4 write it into .pnp.cjs.
func Quote(data string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`, "\n", "\\\n").Replace(data) + "'"
}

// Archive returns an archive with files below node_modules/NAME. Every second file is
// stored, the others are deflated.
func Archive(name string, files fs.FS) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	n := 0
	err := fs.WalkDir(files, ".", func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, at)
		if err != nil {
			return err
		}
		n++
		header := &zip.FileHeader{Name: path.Join("node_modules", name, at), Method: []uint16{zip.Store, zip.Deflate}[n%2]}
		header.SetMode(0o644)
		file, err := w.CreateHeader(header)
		if err == nil {
			_, err = file.Write(content)
		}
		return err
	})
	if err == nil {
		err = w.Close()
	}
	return out.Bytes(), err
}

// Plug turns the node_modules of a project into what Plug'n'Play has instead: an archive
// for each package there, in a cache, or a directory if unplugged. The project's root
// depends on all of them. next-auth has a virtual path, as with peers.
func Plug(dir string, unplugged bool) error {
	modules := filepath.Join(dir, "node_modules")
	entries, err := os.ReadDir(modules)
	if err != nil {
		return err
	}
	needs := map[string]string{"root": "workspace:."}
	packages := []Package{{Location: "./", Needs: needs}, {Name: "root", Reference: "workspace:.", Location: "./", Needs: needs}}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		name := entry.Name()
		at, err := place(dir, name, unplugged)
		if err != nil {
			return err
		}
		needs[name] = "virtual:0f#npm:1.0.0"
		packages = append(packages, Package{
			Name: name, Reference: needs[name],
			Location: "./.yarn/__virtual__/" + name + "-virtual-0f/0/" + at + "/node_modules/" + name + "/",
			Needs:    map[string]string{name: needs[name], "react": ""},
		})
	}
	if err := os.RemoveAll(modules); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, ".pnp.cjs"), []byte(Loader(packages...)), 0o755)
}

// place puts the files of a package where yarn keeps them, and returns where that is below
// .yarn.
func place(dir, name string, unplugged bool) (at string, err error) {
	from := filepath.Join(dir, "node_modules", name)
	if unplugged {
		at = "unplugged/" + name + "-npm-1.0.0-0f"
		to := filepath.Join(dir, ".yarn", filepath.FromSlash(at), "node_modules")
		if err := os.MkdirAll(to, 0o777); err != nil {
			return "", err
		}
		return at, os.Rename(from, filepath.Join(to, name))
	}
	data, err := Archive(name, os.DirFS(from))
	if err != nil {
		return "", err
	}
	at = "cache/" + name + "-npm-1.0.0-0f.zip"
	to := filepath.Join(dir, ".yarn", filepath.FromSlash(at))
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return "", err
	}
	return at, os.WriteFile(to, data, 0o666)
}
