package detect

import (
	"path/filepath"
	"strings"
)

// Manager is the package manager of a project.
type Manager string

// The package managers whose commands the hints know.
const (
	NPM       Manager = "npm"
	YarnV1    Manager = "yarn 1"
	YarnBerry Manager = "yarn"
	PNPM      Manager = "pnpm"
	Bun       Manager = "bun"
)

// FindManager returns the package manager that dir's project uses: the one its
// package.json names, else the one whose lock file is nearest, else npm.
func FindManager(dir string) Manager {
	for _, at := range upward(dir) {
		if m, err := readManifest(at); err == nil {
			if manager := named(m.PackageManager); manager != "" {
				return manager
			}
		}
		if manager := locked(at); manager != "" {
			return manager
		}
	}
	return NPM
}

// named reads the packageManager field, such as "pnpm@9.1.0".
func named(field string) Manager {
	name, version, _ := strings.Cut(field, "@")
	switch name {
	case "npm":
		return NPM
	case "pnpm":
		return PNPM
	case "bun":
		return Bun
	case "yarn":
		if strings.HasPrefix(version, "1.") {
			return YarnV1
		}
		return YarnBerry
	}
	return ""
}

func locked(dir string) Manager {
	for _, lock := range []struct {
		file    string
		manager Manager
	}{
		{"pnpm-lock.yaml", PNPM},
		{"bun.lock", Bun},
		{"bun.lockb", Bun},
		{"package-lock.json", NPM},
		{"npm-shrinkwrap.json", NPM},
	} {
		if exists(filepath.Join(dir, lock.file)) {
			return lock.manager
		}
	}
	switch {
	case !exists(filepath.Join(dir, "yarn.lock")):
		return ""
	case exists(filepath.Join(dir, ".yarnrc.yml")):
		return YarnBerry
	}
	return YarnV1
}

// Add returns the command that adds a package to the project.
func (m Manager) Add(pkg string) string {
	switch m {
	case YarnV1, YarnBerry:
		return "yarn add " + pkg
	case PNPM:
		return "pnpm add " + pkg
	case Bun:
		return "bun add " + pkg
	}
	return "npm install " + pkg
}

// Reinstall returns a command after which all packages hold their released
// files again. Plain installs leave changed files alone.
func (m Manager) Reinstall() string {
	switch m {
	case YarnV1:
		return "yarn install --force"
	case YarnBerry:
		return "rm -rf node_modules && yarn install"
	case PNPM:
		return "pnpm install --force"
	case Bun:
		return "bun install --force"
	}
	return "npm ci"
}
