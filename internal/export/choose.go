package export

import (
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/hint"
)

// managers are the package managers that read the settings of each form.
var managers = map[Form]detect.Manager{PNPM: detect.PNPM, NPM: detect.NPM, Yarn: detect.YarnBerry, Bun: detect.Bun}

// Choose returns the form for a project: the one that a person names or, if that is empty,
// the one of its package manager. userAgent is what a package manager calls itself to the
// programs that it runs. The error is a *FormError.
func Choose(ws *detect.Workspace, wanted Form, userAgent string) (Form, error) {
	npm := majorOf(releaseOf(ws, userAgent))
	switch wanted {
	case "":
		return chooseFor(ws, npm)
	case PatchPackage:
		if ws.Manager == detect.Deno {
			return "", &FormError{wanted, "deno does not run patch-package", inPlace}
		}
		return wanted, nil
	}
	manager := managers[wanted]
	switch {
	case ws.Manager != manager && ws.Manager != detect.Unknown:
		return "", &FormError{wanted, fmt.Sprintf("%s installs this project, and reads no patches for %s", ws.Manager, wanted), hint.Run("proxypatch export")}
	case wanted == NPM && npm > 0 && npm < detect.PatchingNPM:
		return "", &FormError{wanted, fmt.Sprintf("npm %d ignores patchedDependencies; npm patches packages since npm 12", npm), hint.Run("proxypatch export --for patch-package")}
	}
	return wanted, nil
}

func chooseFor(ws *detect.Workspace, npm uint64) (Form, error) {
	switch ws.Manager {
	case detect.Deno:
		return "", &FormError{"", "deno can't patch packages at installs", inPlace}
	case detect.YarnV1:
		return PatchPackage, nil
	case detect.Unknown:
		return "", &FormError{"", "it is not known which package manager installs this project", hint.Text("add --for with one of " + strings.Join(Forms, ", "))}
	case detect.NPM:
		if npm >= detect.PatchingNPM || npm == 0 && ws.NamesPatches() {
			return NPM, nil
		}
		return PatchPackage, nil
	}
	for form, manager := range managers {
		if manager == ws.Manager {
			return form, nil
		}
	}
	panic("no form for " + ws.Manager)
}

var inPlace = hint.Join(hint.Text("patch in place at each build: "), hint.Run("proxypatch init"))

// IsGuess reports whether the form depends on npm's release, which nothing names.
func IsGuess(ws *detect.Workspace, form Form, userAgent string) bool {
	return ws.Manager == detect.NPM && form == PatchPackage && releaseOf(ws, userAgent) == ""
}

// releaseOf returns the release of the project's package manager; empty if it is unknown.
func releaseOf(ws *detect.Workspace, userAgent string) string {
	if ws.Version != "" {
		return ws.Version
	}
	name, _, _ := strings.Cut(string(ws.Manager), " ")
	for _, word := range strings.Fields(userAgent) { // npm/12.2.2 node/v20.20.2 linux x64
		if release, ok := strings.CutPrefix(word, name+"/"); ok {
			return release
		}
	}
	return ""
}

// majorOf returns the major of a version; 0 if it has none.
func majorOf(version string) uint64 {
	v, err := semver.NewVersion(version)
	if err != nil {
		return 0
	}
	return v.Major()
}
