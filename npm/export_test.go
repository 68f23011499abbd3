package npm

import (
	"errors"
	"os"
	"path/filepath"
)

// Unpack writes a platform's package into a directory as an install does, with a copy
// of a file as the program.
func (p Platform) Unpack(dir, file string) error {
	program, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text, err := p.manifest("1.2.3", program).text()
	if err != nil {
		return err
	}
	path := filepath.Join(dir, filepath.FromSlash(p.Program()))
	return errors.Join(
		os.MkdirAll(filepath.Dir(path), 0o755),
		os.WriteFile(filepath.Join(dir, "package.json"), text, 0o644),
		os.WriteFile(path, program, 0o755),
	)
}
