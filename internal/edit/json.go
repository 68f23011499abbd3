package edit

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/tailscale/hujson"
)

// JSON is a package.json.
type JSON struct {
	bom  []byte // the byte order mark that some editors write; package managers skip it
	text []byte // as it was read, without that mark
	tree hujson.Value
	top  *hujson.Object
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// ParseJSON reads a package.json in strict JSON, because some package managers and
// Node.js read nothing else. Errors are *SyntaxError without Path.
func ParseJSON(data []byte) (*JSON, error) {
	d := &JSON{}
	text := data
	if bytes.HasPrefix(data, byteOrderMark) {
		d.bom, text = data[:len(byteOrderMark)], data[len(byteOrderMark):]
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
	d.text, d.tree, d.top = text, tree, top
	return d, nil
}

// Bytes returns the file with all changes.
func (d *JSON) Bytes() []byte { return append(bytes.Clone(d.bom), d.tree.Pack()...) }

// Wrong returns an error about the value at a path.
func (d *JSON) Wrong(what string, path ...string) error {
	at := 0
	if member := d.member(path); member != nil {
		at = member.Value.StartOffset
	}
	return syntaxError(d.text, at, "%s", what)
}

// member returns the member at a path; nil if there is none. Of several with one name the
// last counts.
func (d *JSON) member(path []string) *hujson.ObjectMember {
	parent := d.object(path[:len(path)-1])
	if parent == nil {
		return nil
	}
	return find(parent, path[len(path)-1])
}

// object returns the object at a path; nil if there is none.
func (d *JSON) object(path []string) *hujson.Object {
	if len(path) == 0 {
		return d.top
	}
	member := d.member(path)
	if member == nil {
		return nil
	}
	object, _ := member.Value.Value.(*hujson.Object)
	return object
}

// Has reports whether there is a value at a path.
func (d *JSON) Has(path ...string) bool { return d.member(path) != nil }

// IsObject reports whether the value at a path is an object.
func (d *JSON) IsObject(path ...string) bool { return d.object(path) != nil }

// Text returns the string at a path; ok is false if there is no string.
func (d *JSON) Text(path ...string) (text string, ok bool) {
	member := d.member(path)
	if member == nil || member.Value.Value.Kind() != '"' {
		return "", false
	}
	return member.Value.Value.(hujson.Literal).String(), true
}

// Literal returns the JSON of a value: empty if it is missing or null, and the first
// character alone if it is an object or a list.
func (d *JSON) Literal(path ...string) string {
	member := d.member(path)
	if member == nil || member.Value.Value.Kind() == 'n' {
		return ""
	}
	if text, ok := member.Value.Value.(hujson.Literal); ok {
		return string(text)
	}
	return string(member.Value.Value.Kind())
}

// Keys lists the names in the object at a path, in their order.
func (d *JSON) Keys(path ...string) []string {
	object := d.object(path)
	if object == nil {
		return nil
	}
	last := map[string]int{}
	for i := range object.Members {
		last[nameOf(&object.Members[i])] = i
	}
	var names []string
	for i := range object.Members {
		if name := nameOf(&object.Members[i]); last[name] == i {
			names = append(names, name)
		}
	}
	return names
}

// Size returns how many members the object at a path has, also of the same name.
func (d *JSON) Size(path ...string) int {
	if object := d.object(path); object != nil {
		return len(object.Members)
	}
	return 0
}

// Set writes a string at a path, and the objects that lead there. It changes an existing
// string in place, and adds others at the end of their objects. The error is a
// *SyntaxError without Path.
func (d *JSON) Set(text string, path ...string) error {
	depth := len(path) - 1
	for d.member(path[:depth+1]) == nil && depth > 0 && d.member(path[:depth]) == nil {
		depth--
	}
	parent := d.object(path[:depth])
	if parent == nil {
		return d.Wrong(path[depth-1]+" is not an object", path[:depth]...)
	}
	if member := find(parent, path[depth]); member != nil {
		raw, isText := member.Value.Value.(hujson.Literal)
		if !isText || raw.Kind() != '"' {
			return d.Wrong(path[depth]+" is not a string", path...)
		}
		member.Value.Value = rewrite(raw, raw.String(), text)
		return nil
	}
	last := lastOf(parent)
	like := last
	if like == nil && depth > 0 {
		like = d.member(path[:depth])
	}
	lineBreak, indent := "", ""
	if last != nil {
		lineBreak, indent = lastLine(last.Name.BeforeExtra)
	}
	insert(parent, d.newMember(text, path[depth:], like, lineBreak, indent))
	return nil
}

// newMember makes a member of an object whose members have an indentation. If the path has
// several names, its value is an object. There is always space before the first member of
// such an object, so that Unset can distinguish it from one that was there before and
// empty.
func (d *JSON) newMember(text string, path []string, like *hujson.ObjectMember, lineBreak, indent string) hujson.ObjectMember {
	if len(path) == 1 {
		return newMember(path[0], hujson.String(text), like)
	}
	before, after := " ", " "
	deeper := indent
	if lineBreak != "" {
		_, unit := lastLine(d.top.Members[0].Name.BeforeExtra)
		deeper += unit
		before, after = lineBreak+deeper, lineBreak+indent
	}
	inner := d.newMember(text, path[1:], like, lineBreak, deeper)
	inner.Name.BeforeExtra = hujson.Extra(before)
	object := &hujson.Object{Members: []hujson.ObjectMember{inner}, AfterExtra: hujson.Extra(after)}
	return newMember(path[0], object, like)
}

// Unset removes the value at a path, and the objects around it that Set added. It does
// nothing if there is no value.
func (d *JSON) Unset(path ...string) error {
	if d.member(path) == nil {
		return nil
	}
	parent := path[:len(path)-1]
	object := d.object(parent)
	if space := remove(object, path[len(path)-1]); len(parent) > 0 && len(object.Members) == 0 && len(space) > 0 {
		return d.Unset(parent...)
	}
	return nil
}

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
