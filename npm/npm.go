// Package npm builds the npm packages of proxypatch: the package proxypatch with a
// small launcher, and a package with the program for each platform. docs/install.md
// describes them for users.
//
// Equal input gives equal bytes on every machine.
package npm

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	_ "embed"

	"github.com/Masterminds/semver/v3"
)

//go:embed launcher.js
var launcher []byte

const (
	scope      = "@proxypatch"
	repository = "git+https://github.com/proxypatch/proxypatch.git"
	homepage   = "https://github.com/proxypatch/proxypatch#readme"
)

// Platform is a platform with a program.
type Platform struct {
	OS, Arch     string // as in Node.js's process.platform and process.arch
	GOOS, GOARCH string
}

// Platforms lists all platforms. Programs for Linux are static, so one works with
// both glibc and musl.
var Platforms = []Platform{
	{"darwin", "arm64", "darwin", "arm64"},
	{"darwin", "x64", "darwin", "amd64"},
	{"linux", "arm64", "linux", "arm64"},
	{"linux", "x64", "linux", "amd64"},
	{"win32", "arm64", "windows", "arm64"},
	{"win32", "x64", "windows", "amd64"},
}

// Host returns the platform of this machine. It returns false if the platform has no
// program.
func Host() (Platform, bool) {
	for _, p := range Platforms {
		if p.GOOS == runtime.GOOS && p.GOARCH == runtime.GOARCH {
			return p, true
		}
	}
	return Platform{}, false
}

// String returns the platform's name, such as linux-x64.
func (p Platform) String() string { return p.OS + "-" + p.Arch }

// Package returns the name of the platform's package.
func (p Platform) Package() string { return scope + "/" + p.String() }

// Program returns the path of the program in the platform's package.
func (p Platform) Program() string {
	if p.OS == "win32" {
		return "bin/proxypatch.exe"
	}
	return "bin/proxypatch"
}

// Tarball is a package in the form that registries serve.
type Tarball struct {
	Name string // of the file, as npm pack names it
	Data []byte
}

// manifest is a package.json. It has no scripts, because package managers block the
// scripts of dependencies or fail because of them.
type manifest struct {
	Name                 string            `json:"name"`
	Version              string            `json:"version"`
	Description          string            `json:"description"`
	Keywords             []string          `json:"keywords,omitempty"`
	License              string            `json:"license"`
	Homepage             string            `json:"homepage"`
	Repository           map[string]string `json:"repository"`
	Bin                  map[string]string `json:"bin,omitempty"`
	Engines              map[string]string `json:"engines,omitempty"`
	OptionalDependencies map[string]string `json:"optionalDependencies,omitempty"`
	OS                   []string          `json:"os,omitempty"`
	CPU                  []string          `json:"cpu,omitempty"`
	PreferUnplugged      bool              `json:"preferUnplugged,omitempty"`
	Program              *programMark      `json:"program,omitempty"`
	PublishConfig        map[string]string `json:"publishConfig"`
}

// programMark lets the launcher check a program before it starts it. Hashing all
// bytes would take longer than running the program.
type programMark struct {
	Size int    `json:"size"` // in bytes
	Head string `json:"head"` // its first bytes, in hexadecimal digits
}

// headSize is the number of bytes in a mark. The first bytes of a program identify
// Linux, macOS or Windows, and the processor.
const headSize = 64

func newManifest(name, version, description string) manifest {
	return manifest{
		Name: name, Version: version, Description: description, License: "MIT", Homepage: homepage,
		Repository:    map[string]string{"type": "git", "url": repository},
		PublishConfig: map[string]string{"access": "public"}, // scoped packages are private by default
	}
}

// Main builds the package proxypatch of a version from the repository's top
// directory. It depends on the platforms' packages of exactly this version.
func Main(top, version string) (Tarball, error) {
	m := newManifest("proxypatch", version, "Make an installed NextAuth.js work behind a corporate proxy")
	m.Keywords = []string{"next-auth", "nextauth", "proxy", "https-proxy-agent", "patch"}
	m.Bin = map[string]string{"proxypatch": "bin/proxypatch.js"}
	m.Engines = map[string]string{"node": ">=14"}
	m.OptionalDependencies = map[string]string{}
	for _, p := range Platforms {
		m.OptionalDependencies[p.Package()] = version
	}
	readme, err := os.ReadFile(filepath.Join(top, "README.md"))
	if err != nil {
		return Tarball{}, err
	}
	return m.pack(top, File{"bin/proxypatch.js", 0o755, launcher}, File{"README.md", 0o644, readme})
}

// Pack builds the platform's package of a version from the repository's top
// directory and the program.
func (p Platform) Pack(top, version string, program []byte) (Tarball, error) {
	readme := fmt.Sprintf("# %s\n\nThe program of [proxypatch](%s) for %s. Install the package `proxypatch`,\nwhich depends on this one.\n", p.Package(), homepage, p)
	return p.manifest(version, program).pack(top, File{p.Program(), 0o755, program}, File{"README.md", 0o644, []byte(readme)})
}

func (p Platform) manifest(version string, program []byte) manifest {
	m := newManifest(p.Package(), version, "The program of proxypatch for "+p.String())
	m.OS, m.CPU = []string{p.OS}, []string{p.Arch}
	m.PreferUnplugged = true // yarn's Plug'n'Play keeps packages in archives, where programs can't run
	m.Program = &programMark{len(program), hex.EncodeToString(program[:min(len(program), headSize)])}
	return m
}

// pack builds a package from its manifest, the license and other files.
func (m manifest) pack(top string, files ...File) (Tarball, error) {
	if _, err := semver.StrictNewVersion(m.Version); err != nil {
		return Tarball{}, fmt.Errorf("version %q: %w; it has to be one such as 1.2.3", m.Version, err)
	}
	license, err := os.ReadFile(filepath.Join(top, "LICENSE"))
	if err != nil {
		return Tarball{}, err
	}
	text, err := m.text()
	if err != nil {
		return Tarball{}, err
	}
	files = append([]File{{"package.json", 0o644, text}, {"LICENSE", 0o644, license}}, files...)
	data, err := Archive(files)
	name := strings.ReplaceAll(strings.TrimPrefix(m.Name, "@"), "/", "-") + "-" + m.Version + ".tgz"
	return Tarball{name, data}, err
}

// text returns the package.json.
func (m manifest) text() ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(m)
	return text.Bytes(), err
}
