package hooks

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tailscale/hujson"
)

// manifest is a package.json that keeps every byte that is not changed on purpose.
type manifest struct {
	bom  []byte // the byte order mark that some editors write; package managers skip it
	tree hujson.Value
	top  *hujson.Object
}

// SyntaxError says where package managers can't read a package.json.
type SyntaxError struct {
	Path string // as the user would type it
	Line int    // from 1
	Err  error
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s:%d: %v", e.Path, e.Line, e.Err) }

// Unwrap returns the cause.
func (e *SyntaxError) Unwrap() error { return e.Err }

var byteOrderMark = []byte("\xef\xbb\xbf")

// parseManifest reads a package.json in strict JSON, because some package managers and
// Node.js read nothing else. Errors are *SyntaxError without Path.
func parseManifest(data []byte) (*manifest, error) {
	m := &manifest{}
	text := data
	if bytes.HasPrefix(data, byteOrderMark) {
		m.bom, text = data[:len(byteOrderMark)], data[len(byteOrderMark):]
	}
	var strict json.RawMessage
	if err := json.Unmarshal(text, &strict); err != nil {
		at := len(text)
		if wrong, ok := errors.AsType[*json.SyntaxError](err); ok {
			at = int(wrong.Offset) - 1
		}
		return nil, syntaxError(text, at, "is not valid JSON: %w", err)
	}
	tree, err := hujson.Parse(text)
	if err != nil {
		return nil, syntaxError(text, 0, "is not valid JSON: %w", err)
	}
	top, ok := tree.Value.(*hujson.Object)
	if !ok {
		return nil, syntaxError(text, tree.StartOffset, "does not describe a package: it is not an object")
	}
	m.tree, m.top = tree, top
	return m, m.checkScripts(text)
}

func syntaxError(text []byte, offset int, format string, args ...any) error {
	line := 1 + bytes.Count(text[:max(0, min(offset, len(text)))], []byte("\n"))
	return &SyntaxError{Line: line, Err: fmt.Errorf(format, args...)}
}

// maxScripts limits the scripts of a package.json: each is looked up among all.
const maxScripts = 1000

// checkScripts makes sure that the scripts are an object of strings, as package
// managers expect.
func (m *manifest) checkScripts(text []byte) error {
	member := find(m.top, "scripts")
	if member == nil {
		return nil
	}
	scripts, ok := member.Value.Value.(*hujson.Object)
	if !ok {
		return syntaxError(text, member.Value.StartOffset, "scripts is not an object")
	}
	if n := len(scripts.Members); n > maxScripts {
		return syntaxError(text, member.Value.StartOffset, "has %d scripts; the limit is %d", n, maxScripts)
	}
	for _, s := range scripts.Members {
		if s.Value.Value.Kind() != '"' {
			return syntaxError(text, s.Value.StartOffset, "the script %s is not a string", nameOf(&s))
		}
	}
	return nil
}

func (m *manifest) pack() []byte { return append(bytes.Clone(m.bom), m.tree.Pack()...) }

// index returns the index of an object's member, or -1. If several have the name, the
// last one counts.
func index(o *hujson.Object, name string) int {
	for i, member := range slices.Backward(o.Members) {
		if nameOf(&member) == name {
			return i
		}
	}
	return -1
}

func find(o *hujson.Object, name string) *hujson.ObjectMember {
	if at := index(o, name); at >= 0 {
		return &o.Members[at]
	}
	return nil
}

func nameOf(m *hujson.ObjectMember) string { return m.Name.Value.(hujson.Literal).String() }

// object returns the top-level object of that name, or an empty one.
func (m *manifest) object(name string) *hujson.Object {
	if member := find(m.top, name); member != nil {
		if o, ok := member.Value.Value.(*hujson.Object); ok {
			return o
		}
	}
	return &hujson.Object{}
}

// depends reports whether the package is listed in the field, such as
// "dependencies".
func (m *manifest) depends(field, pkg string) bool { return find(m.object(field), pkg) != nil }

// literal returns the JSON of a top-level field: empty if it is missing or null, and the
// first character alone if it is an object or a list.
func (m *manifest) literal(field string) string {
	member := find(m.top, field)
	if member == nil || member.Value.Value.Kind() == 'n' {
		return ""
	}
	if text, ok := member.Value.Value.(hujson.Literal); ok {
		return string(text)
	}
	return string(member.Value.Value.Kind())
}

// text returns a top-level field that is a string, or an empty one.
func (m *manifest) text(field string) string {
	if member := find(m.top, field); member != nil && member.Value.Value.Kind() == '"' {
		return member.Value.Value.(hujson.Literal).String()
	}
	return ""
}

// script returns a script's text, and whether the script exists.
func (m *manifest) script(name string) (string, bool) {
	member := find(m.object("scripts"), name)
	if member == nil {
		return "", false
	}
	return member.Value.Value.(hujson.Literal).String(), true
}

// scriptNames lists the scripts in their order.
func (m *manifest) scriptNames() []string {
	var names []string
	scripts := m.object("scripts")
	for i := range scripts.Members {
		if name := nameOf(&scripts.Members[i]); index(scripts, name) == i {
			names = append(names, name)
		}
	}
	return names
}

// setScript changes a script's text or adds the script.
func (m *manifest) setScript(name, text string) {
	scripts := find(m.top, "scripts")
	if scripts == nil {
		m.addScripts(name, text)
		return
	}
	object := scripts.Value.Value.(*hujson.Object)
	if script := find(object, name); script != nil {
		raw := script.Value.Value.(hujson.Literal)
		script.Value.Value = rewrite(raw, raw.String(), text)
		return
	}
	insert(object, newMember(name, hujson.String(text), cmp.Or(lastOf(object), scripts)))
}

// addScripts adds the object "scripts" with a first script, in the layout of the file.
// There is always space before that script, so that removeScript can distinguish the
// object from one that was there before and empty.
func (m *manifest) addScripts(name, text string) {
	like := lastOf(m.top)
	script := newMember(name, hujson.String(text), like)
	scripts := &hujson.Object{AfterExtra: hujson.Extra(" ")}
	script.Name.BeforeExtra = hujson.Extra(" ")
	if like != nil {
		if lineBreak, indent := lastLine(like.Name.BeforeExtra); lineBreak != "" {
			script.Name.BeforeExtra = hujson.Extra(lineBreak + indent + indent)
			scripts.AfterExtra = hujson.Extra(lineBreak + indent)
		}
	}
	scripts.Members = []hujson.ObjectMember{script}
	insert(m.top, newMember("scripts", scripts, like))
}

// removeScript removes a script, and the object "scripts" if addScripts added it.
func (m *manifest) removeScript(name string) {
	object := m.object("scripts")
	if space := remove(object, name); len(object.Members) == 0 && len(space) > 0 {
		remove(m.top, "scripts")
	}
}

// newMember makes a member of an object, with the same space around its colon as the
// member like, if there is one.
func newMember(name string, value hujson.ValueTrimmed, like *hujson.ObjectMember) hujson.ObjectMember {
	member := hujson.ObjectMember{Name: hujson.Value{Value: hujson.String(name)}, Value: hujson.Value{Value: value}}
	member.Value.BeforeExtra = hujson.Extra(" ")
	if like != nil && !bytes.ContainsRune(like.Value.BeforeExtra, '\n') {
		member.Name.AfterExtra, member.Value.BeforeExtra = like.Name.AfterExtra, like.Value.BeforeExtra
	}
	return member
}

// insert adds a member at the end of an object, with the same space around it as the
// other members. In an empty object the space stays after the member.
func insert(o *hujson.Object, member hujson.ObjectMember) {
	if last := lastOf(o); last != nil {
		member.Name.BeforeExtra = last.Name.BeforeExtra
		if len(last.Name.BeforeExtra) == 0 { // {"a": 1} becomes {"a": 1, "b": 2}
			member.Name.BeforeExtra = last.Value.BeforeExtra
		}
		if n := len(o.Members); n > 1 { // commas may begin the lines
			last.Value.AfterExtra = o.Members[n-2].Value.AfterExtra
		}
	}
	o.Members = append(o.Members, member)
}

// remove reverses insert. It returns the space that was before the member.
func remove(o *hujson.Object, name string) hujson.Extra {
	at := index(o, name)
	space := o.Members[at].Name.BeforeExtra
	o.Members = slices.Delete(o.Members, at, at+1)
	switch {
	case len(o.Members) == 0:
	case at == len(o.Members): // space after the last one belongs to the object
		o.Members[at-1].Value.AfterExtra = nil
	case at == 0:
		o.Members[0].Name.BeforeExtra = space
	}
	return space
}

func lastOf(o *hujson.Object) *hujson.ObjectMember {
	if len(o.Members) == 0 {
		return nil
	}
	return &o.Members[len(o.Members)-1]
}

// lastLine returns the last line break in some space, as the file writes it, and the
// indentation after it.
func lastLine(space hujson.Extra) (lineBreak, indent string) {
	at := bytes.LastIndexByte(space, '\n')
	if at < 0 {
		return "", ""
	}
	if at > 0 && space[at-1] == '\r' {
		return "\r\n", string(space[at+1:])
	}
	return "\n", string(space[at+1:])
}

// rewrite returns the literal for the new text, given the old text and its literal. The
// part that both have in common keeps its escapes.
func rewrite(raw hujson.Literal, before, after string) hujson.Literal {
	inner := string(raw[1 : len(raw)-1])
	if at := strings.LastIndex(after, before); at >= 0 {
		return hujson.Literal(`"` + escape(after[:at]) + inner + escape(after[at+len(before):]) + `"`)
	}
	if at := strings.LastIndex(before, after); at >= 0 {
		rest, starts := strings.CutPrefix(inner, escape(before[:at]))
		rest, ends := strings.CutSuffix(rest, escape(before[at+len(after):]))
		if starts && ends {
			return hujson.Literal(`"` + rest + `"`)
		}
	}
	return hujson.String(after)
}

// escape returns text with the escapes of a literal, without its quotes.
func escape(text string) string {
	quoted := hujson.String(text)
	return string(quoted[1 : len(quoted)-1])
}
