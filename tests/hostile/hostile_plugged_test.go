//go:build unix

package hostile

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/pnptest"
)

const (
	pluggedLoader  = ".pnp.cjs"
	pluggedArchive = ".yarn/cache/next-auth-npm-1.0.0-0f.zip"
)

// plug makes a project of yarn's Plug'n'Play.
func (p *place) plug() { p.Helper(); p.must(pnptest.Plug(p.project, false)) }

// checkPlugged are the runs of commands that read the copies of Plug'n'Play.
func checkPlugged(exit clitest.Code, says string) []attempt {
	return []attempt{{"apply", exit, says}, {"check", exit, says}, {"diff", exit, says}, {"revert", exit, says}}
}

// hostilePlugged replaces what yarn writes for Plug'n'Play.
func hostilePlugged() map[string]hostile {
	cases := map[string]hostile{}
	for what, stand := range obstacles {
		in := func(name string) func(p *place) { return func(p *place) { p.plug(); stand(p, name) } }
		loader, archive := checkPlugged(clitest.Unsupported, "yarn uses Plug'n'Play"), checkPlugged(clitest.Unsupported, `0f\.zip: `)
		switch what {
		case "a link to nothing":
			loader, archive = checkPlugged(clitest.NotFound, "no next-auth is installed"), checkPlugged(clitest.NotFound, "is not installed yet")
		case "a directory":
			archive = checkPlugged(clitest.NotFound, "is not installed yet")
		case "a link to itself":
			loader, archive = checkPlugged(clitest.NotFound, "no next-auth is installed"), checkPlugged(clitest.Failed, "too many levels of symbolic links")
		case "no right to read":
			loader, archive = checkPlugged(clitest.Failed, "permission denied"), checkPlugged(clitest.Failed, "permission denied")
		}
		cases["the loader is "+what] = hostile{in(pluggedLoader), loader}
		cases["next-auth's archive is "+what] = hostile{in(pluggedArchive), archive}
	}
	for what, text := range hostileLoaders() {
		cases["the loader has "+what] = hostile{func(p *place) { p.plug(); p.write(pluggedLoader, text) }, []attempt{{"apply", clitest.Unsupported, ""}, {"check", clitest.Unsupported, ""}}}
	}
	for what, archive := range hostileArchives() {
		cases["next-auth's archive has "+what] = hostile{
			func(p *place) { p.plug(); p.must(os.WriteFile(p.at(pluggedArchive), archive(p), 0o644)) },
			[]attempt{{"apply", clitest.Unsupported, ""}, {"check", clitest.Unsupported, ""}, {"revert", clitest.Unsupported, ""}},
		}
	}
	return cases
}

// hostileLoaders are texts of the loader that are costly to read.
func hostileLoaders() map[string]string {
	entry := `["npm:1", {"packageLocation": "./x/", "packageDependencies": []}],`
	return map[string]string{
		"a hundred thousand packages": pnptest.State(`{"packageRegistryData": [["a", [` + strings.Repeat(entry, 100_001) + `["", {}]]]]}`),
		"many dependencies": pnptest.State(`{"packageRegistryData": [["a", [["npm:1", {"packageLocation": "./x/", "packageDependencies": [` +
			strings.Repeat(`["a","`+strings.Repeat("b", 100)+`"],`, 299_000) + `["a"]]}]]]]}`),
		"as many different dependencies": pnptest.State(differentDependencies()),
		"too many dependencies": pnptest.State(`{"packageRegistryData": [["a", [["npm:1", {"packageLocation": "./x/", "packageDependencies": [` +
			strings.Repeat(`["a","b"],`, 1<<20) + `["a"]]}]]]]}`),
		"a long name": pnptest.State(`{"packageRegistryData": [["a", [["npm:1", {"packageLocation": "./x/", "packageDependencies": [["` +
			strings.Repeat("a", 40<<20) + `"]]}]]]]}`),
		"a million levels":     pnptest.State(`{"a": ` + nested(1_000_000) + `}`),
		"40 MB of backslashes": pnptest.State(strings.Repeat(`\`, 20<<20)),
		"many starts":          strings.Repeat("hydrateRuntimeState(", 1<<20),
		"paths outside and escape sequences": pnptest.Loader(
			pnptest.Package{Name: "root", Reference: "workspace:.", Location: "./", Needs: map[string]string{"next-auth": "npm:1"}},
			pnptest.Package{Name: "next-auth", Reference: "npm:1", Location: "../outside/node_modules/\x1b[2J/../next-auth/"},
		),
	}
}

// differentDependencies returns data with nearly as many values as the program reads, all different.
func differentDependencies() string {
	var data strings.Builder
	data.WriteString(`{"packageRegistryData": [["a", [["npm:1", {"packageLocation": "./x/", "packageDependencies": [`)
	for i := range 299_000 {
		fmt.Fprintf(&data, `["%0100d","%d"],`, i, i)
	}
	data.WriteString(`["a"]]}]]]]}`)
	return data.String()
}

// hostileArchives are archives of next-auth that are costly to read.
func hostileArchives() map[string]func(p *place) []byte {
	const inside = "node_modules/next-auth/"
	pack := func(p *place, fill func(w *zip.Writer) error) []byte {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		file, err := w.Create(inside + "package.json")
		p.must(err)
		_, err = file.Write([]byte(`{"name": "next-auth", "version": "4.2.1"}`))
		p.must(err)
		p.must(fill(w))
		p.must(w.Close())
		return out.Bytes()
	}
	return map[string]func(p *place) []byte{
		"a bomb": func(p *place) []byte {
			return pack(p, func(w *zip.Writer) error {
				file, err := w.Create(inside + "core/lib/oauth/client.js")
				if err == nil {
					_, err = file.Write(make([]byte, 15<<20))
				}
				return err
			})
		},
		"a hundred thousand entries": func(p *place) []byte {
			return pack(p, func(w *zip.Writer) error {
				for i := range 100_000 {
					if _, err := w.CreateRaw(&zip.FileHeader{Name: fmt.Sprint(inside, i)}); err != nil {
						return err
					}
				}
				return nil
			})
		},
		"long names": func(p *place) []byte {
			return pack(p, func(w *zip.Writer) error {
				for i := range 200 {
					if _, err := w.CreateRaw(&zip.FileHeader{Name: fmt.Sprint(inside, strings.Repeat("x/", 30_000), i)}); err != nil {
						return err
					}
				}
				return nil
			})
		},
		"a name with an escape sequence": func(p *place) []byte {
			return pack(p, func(w *zip.Writer) error {
				_, err := w.Create("/\x1b[2J\x9b")
				return err
			})
		},
	}
}
