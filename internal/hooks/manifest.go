package hooks

import (
	"fmt"

	"github.com/proxypatch/proxypatch/internal/edit"
)

// manifest is a package.json and its scripts.
type manifest struct{ *edit.JSON }

// parseManifest reads a package.json. Errors are *edit.SyntaxError without Path.
func parseManifest(data []byte) (*manifest, error) {
	document, err := edit.ParseJSON(data)
	if err != nil {
		return nil, err
	}
	m := &manifest{document}
	return m, m.checkScripts()
}

// maxScripts limits the scripts of a package.json: each is looked up among all.
const maxScripts = 1000

// checkScripts makes sure that the scripts are an object of strings, as package
// managers expect.
func (m *manifest) checkScripts() error {
	if !m.Has("scripts") {
		return nil
	}
	if !m.IsObject("scripts") {
		return m.Wrong("scripts is not an object", "scripts")
	}
	if n := m.Size("scripts"); n > maxScripts {
		return m.Wrong(fmt.Sprintf("has %d scripts; the limit is %d", n, maxScripts), "scripts")
	}
	for _, name := range m.scriptNames() {
		if _, ok := m.script(name); !ok {
			return m.Wrong(fmt.Sprintf("the script %s is not a string", name), "scripts", name)
		}
	}
	return nil
}

// depends reports whether the package is listed in the field, such as
// "dependencies".
func (m *manifest) depends(field, pkg string) bool { return m.Has(field, pkg) }

// literal returns the JSON of a top-level field: empty if it is missing or null, and the
// first character alone if it is an object or a list.
func (m *manifest) literal(field string) string { return m.Literal(field) }

// text returns a top-level field that is a string, or an empty one.
func (m *manifest) text(field string) string {
	text, _ := m.Text(field)
	return text
}

// script returns a script's text, and whether the script exists.
func (m *manifest) script(name string) (string, bool) { return m.Text("scripts", name) }

// scriptNames lists the scripts in their order.
func (m *manifest) scriptNames() []string { return m.Keys("scripts") }

// setScript changes a script's text or adds the script.
func (m *manifest) setScript(name, text string) {
	_ = m.Set(text, "scripts", name) // checkScripts has made sure that it fits
}

// removeScript removes a script, and the object "scripts" if setScript added it.
func (m *manifest) removeScript(name string) { _ = m.Unset("scripts", name) }

func (m *manifest) pack() []byte { return m.Bytes() }
