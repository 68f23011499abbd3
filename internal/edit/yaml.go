package edit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
)

// YAML is a file of settings with one document, such as pnpm-workspace.yaml.
type YAML struct {
	bom  []byte
	text []byte
	tree *yaml.Node // the document; nil if it is empty
}

// ParseYAML reads a file of settings. Data is nil if there is no file. Errors are
// *SyntaxError without Path.
func ParseYAML(data []byte) (*YAML, error) {
	d := &YAML{text: data}
	if bytes.HasPrefix(data, byteOrderMark) {
		d.bom, d.text = data[:len(byteOrderMark)], data[len(byteOrderMark):]
	}
	tree, err := treeOf(d.text)
	if err != nil {
		return nil, err
	}
	d.tree = tree
	return d, nil
}

// treeOf returns the mapping of a document; nil if the document is empty.
func treeOf(text []byte) (*yaml.Node, error) {
	var document yaml.Node
	loader, err := yaml.NewLoader(bytes.NewReader(text), yaml.WithV3Defaults(), yaml.WithUniqueKeys(false))
	if err != nil {
		return nil, err
	}
	if err := loader.Load(&document); err != nil {
		if strings.TrimSpace(withoutComments(text)) == "" {
			return nil, nil
		}
		return nil, notYAML(err)
	}
	if loader.Load(&yaml.Node{}) == nil {
		return nil, &SyntaxError{Line: 1, Err: errors.New("has more than one document")}
	}
	top := document.Content[0]
	if top.Kind == yaml.MappingNode {
		return top, nil
	}
	return nil, &SyntaxError{Line: top.Line, Err: errors.New("is not a mapping of names to values")}
}

// withoutComments returns the lines of a text that do not begin with "#".
func withoutComments(text []byte) string {
	var rest strings.Builder
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(bytes.TrimSpace(line), []byte("#")) {
			rest.Write(line)
		}
	}
	return rest.String()
}

var lineInError = lazyregexp.Compile(`line (\d+)`)

func notYAML(err error) error {
	line := 1
	if m := lineInError().FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1])
	}
	return &SyntaxError{Line: line, Err: errors.New("is not valid YAML")}
}

// Bytes returns the file with all changes; nil if there is no file, or Set made it and
// nothing is left in it.
func (d *YAML) Bytes() []byte {
	if d.text == nil {
		return nil
	}
	return append(append([]byte{}, d.bom...), d.text...)
}

// Has reports whether there is a value at a path.
func (d *YAML) Has(path ...string) bool { return d.nodes(path).value != nil }

// Text returns the string at a path; ok is false if there is no string.
func (d *YAML) Text(path ...string) (text string, ok bool) {
	value := d.nodes(path).value
	if value == nil || value.Kind != yaml.ScalarNode {
		return "", false
	}
	return value.Value, value.Tag == "!!str" || value.Tag == "!!int"
}

// Keys lists the names in the mapping at a path, in their order.
func (d *YAML) Keys(path ...string) []string {
	value := d.tree
	if len(path) > 0 {
		value = d.nodes(path).value
	}
	if value == nil || value.Kind != yaml.MappingNode {
		return nil
	}
	var names []string
	for i := 0; i < len(value.Content); i += 2 {
		names = append(names, value.Content[i].Value)
	}
	return names
}

// place is where a value is.
type place struct {
	around []*yaml.Node // the mappings that lead there, the outermost first
	keys   []*yaml.Node // in these
	value  *yaml.Node   // nil if there is none
}

// nodes follows a path as far as there are mappings with its names.
func (d *YAML) nodes(path []string) place {
	p, at := place{}, d.tree
	for _, name := range path {
		if at == nil || at.Kind != yaml.MappingNode {
			return p
		}
		p.around = append(p.around, at)
		key, value := entry(at, name)
		if key == nil {
			return p
		}
		p.keys, at = append(p.keys, key), value
	}
	p.value = at
	return p
}

func entry(mapping *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; i < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name && mapping.Content[i].Kind == yaml.ScalarNode {
			return mapping.Content[i], mapping.Content[i+1]
		}
	}
	return nil, nil
}

// errUnsafe says that the form of a file is one that no change of text is safe for.
var errUnsafe = errors.New("has a form that can't be changed safely")

// Set writes a string at a path, and the mappings that lead there. It makes sure that
// nothing else in the file changes its meaning, and that Unset restores every byte. If it
// can't, the error is a *SyntaxError.
func (d *YAML) Set(text string, path ...string) error {
	line := d.lineOf(path)
	changed := *d
	if d.Has(path...) {
		if err := changed.Unset(path...); err != nil {
			return err
		}
	}
	base := changed
	err := changed.insert(text, path)
	if err == nil {
		err = base.mustDiffer(&changed, path)
	}
	if _, made := errors.AsType[*SyntaxError](err); made { // what does not parse is not what the person wrote
		err = errUnsafe
	}
	if err != nil {
		return &SyntaxError{Line: line, Err: err}
	}
	*d = changed
	return nil
}

// mustDiffer returns an error unless two files differ in the value at a path only, and
// Unset makes the first of the second.
func (d *YAML) mustDiffer(changed *YAML, path []string) error {
	again := *changed
	if again.Unset(path...) != nil || !bytes.Equal(again.text, d.text) || (again.text == nil) != (d.text == nil) {
		return errUnsafe
	}
	return nil
}

// lineOf returns the line of the last part of a path that exists.
func (d *YAML) lineOf(path []string) int {
	p := d.nodes(path)
	if len(p.keys) == 0 {
		return 1
	}
	return p.keys[len(p.keys)-1].Line
}

// insert adds an entry. The path must be new.
func (d *YAML) insert(text string, path []string) error {
	p := d.nodes(path)
	depth := max(0, len(p.around)-1)
	if d.tree == nil {
		return d.appendLines(d.block(text, path, "", 2))
	}
	parent := p.around[depth]
	for _, mapping := range p.around {
		if mapping.Anchor != "" {
			return errUnsafe
		}
	}
	if depth+1 < len(path) && len(p.keys) > depth { // something else is in the place of a mapping
		return d.insertBelow(p.keys[depth], text, path[depth+1:], parent)
	}
	switch {
	case parent.Style&yaml.FlowStyle != 0:
		return d.insertFlow(text, path[depth:], parent)
	case depth == 0:
		return d.appendLines(d.block(text, path, strings.Repeat(" ", parent.Column-1), d.unit()))
	}
	key := p.keys[depth-1]
	if len(parent.Content) == 0 || parent.Content[0].Line <= key.Line {
		return errUnsafe
	}
	at := d.offset(key.Line+1, 1)
	lines := d.block(text, path[depth:], strings.Repeat(" ", parent.Column-1), d.unit())
	return d.splice(at, at, lines+d.lineBreak())
}

// insertBelow adds an entry below a name that has no value, or null. What follows the name
// becomes a comment, by which Unset knows that the name was there before.
func (d *YAML) insertBelow(key *yaml.Node, text string, path []string, parent *yaml.Node) error {
	_, value := entry(parent, key.Value)
	at, rest, ok := d.afterName(key)
	if !ok || parent.Style&yaml.FlowStyle != 0 || value.Tag != "!!null" || value.Style != 0 || value.Anchor != "" {
		return errUnsafe
	}
	comment := " #" + rest
	if given := strings.TrimLeft(rest, " \t"); given != "" {
		if value.Value == "" && given[0] != '#' || !strings.HasPrefix(given, value.Value) {
			return errUnsafe
		}
		comment = strings.TrimSuffix(rest, given) + "#" + given
	}
	lines := d.block(text, path, strings.Repeat(" ", parent.Column-1+d.unit()), d.unit())
	return d.splice(at, at+len(rest), comment+d.lineBreak()+lines)
}

// wasEmpty matches what follows a name below which insertBelow added an entry.
var wasEmpty = lazyregexp.Compile(`^(?:( #)[ \t]*$|[ \t]*(#)(?:#|(?:~|null|Null|NULL)(?:[ \t]|$)))`)

// mark returns where insertBelow has made a comment of what follows a name.
func (d *YAML) mark(key *yaml.Node) (from, to int, ok bool) {
	at, rest, ok := d.afterName(key)
	found := wasEmpty().FindStringSubmatchIndex(rest)
	if !ok || found == nil {
		return 0, 0, false
	}
	start, end := max(found[2], found[4]), max(found[3], found[5]) // -1 is the group that does not match
	return at + start, at + end, true
}

// afterName returns the rest of the line after a name and its colon.
func (d *YAML) afterName(key *yaml.Node) (offset int, rest string, ok bool) {
	at, ok := d.end(key)
	if !ok || !bytes.HasPrefix(d.text[at:], []byte(":")) {
		return 0, "", false
	}
	line, _, _ := bytes.Cut(d.text[at+1:], []byte("\n"))
	return at + 1, strings.TrimSuffix(string(line), "\r"), true
}

// unit returns how many spaces the file indents by.
func (d *YAML) unit() int {
	for i := 1; i < len(d.tree.Content); i += 2 {
		if value := d.tree.Content[i]; value.Kind == yaml.MappingNode && value.Style&yaml.FlowStyle == 0 && value.Column > d.tree.Column {
			return value.Column - d.tree.Column
		}
	}
	return 2
}

// block returns an entry as lines, without the last line break.
func (d *YAML) block(text string, path []string, indent string, unit int) string {
	var lines []string
	for i, name := range path {
		lines = append(lines, indent+strings.Repeat(" ", unit*i)+quote(name)+":")
	}
	return strings.Join(lines, d.lineBreak()) + " " + quote(text)
}

// lineBreak returns how the file ends its lines.
func (d *YAML) lineBreak() string {
	if bytes.Contains(d.text, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// documentEnd matches the line that ends a document.
var documentEnd = lazyregexp.Compile(`(?m)^\.\.\.(?:[ \t\r]|$)`)

// appendLines adds lines at the end. If the file ends without a line break, it does so
// again: then Unset can distinguish the two.
func (d *YAML) appendLines(lines string) error {
	if end := documentEnd().FindIndex(d.text); end != nil {
		return d.splice(end[0], end[0], lines+d.lineBreak())
	}
	end := len(d.text)
	if d.text == nil || bytes.HasSuffix(d.text, []byte("\n")) {
		return d.splice(end, end, lines+d.lineBreak())
	}
	return d.splice(end, end, d.lineBreak()+lines)
}

// insertFlow adds an entry at the start of a mapping in braces. A mapping that it makes has
// spaces inside its braces, so that Unset can distinguish it from one that was empty.
func (d *YAML) insertFlow(text string, path []string, parent *yaml.Node) error {
	at := d.offset(parent.Line, parent.Column)
	if at >= len(d.text) || d.text[at] != '{' {
		return errUnsafe
	}
	value := quote(text)
	for i := len(path) - 1; i > 0; i-- {
		value = "{ " + quote(path[i]) + ": " + value + " }"
	}
	added := quote(path[0]) + ": " + value
	if len(parent.Content) == 0 {
		return d.splice(at+1, at+1, added)
	}
	first := d.offset(parent.Content[0].Line, parent.Content[0].Column)
	if first < at {
		return errUnsafe
	}
	return d.splice(first, first, added+","+d.spaceBefore(first))
}

// spaceBefore returns the space before an entry in braces: also the line break, if the entry
// begins its line.
func (d *YAML) spaceBefore(offset int) string {
	before := d.text[:offset]
	space := before[len(bytes.TrimRight(before, " \t\r\n")):]
	if lineBreak, indent := lastLine(space); lineBreak != "" {
		return lineBreak + indent
	}
	return " "
}

// Unset removes the value at a path, and the mappings around it that Set added. It does
// nothing if there is no value. The error is a *SyntaxError.
func (d *YAML) Unset(path ...string) error {
	p := d.nodes(path)
	if p.value == nil {
		return nil
	}
	line := d.lineOf(path)
	from, to, ok := d.extent(p)
	if !ok {
		return &SyntaxError{Line: line, Err: errUnsafe}
	}
	kept := without(d.tree, path)
	if err := d.splice(from, to, ""); err != nil || d.unmark(path) != nil || !same(without(d.tree, path), kept) {
		return &SyntaxError{Line: line, Err: errUnsafe}
	}
	return nil
}

// unmark reverses what insertBelow did to a name, if nothing is below it any more.
func (d *YAML) unmark(path []string) error {
	p := d.nodes(path)
	if len(p.keys) == 0 || len(p.keys) < len(p.around) { // other entries are left there
		return nil
	}
	from, to, marked := d.mark(p.keys[len(p.keys)-1])
	if !marked {
		return nil
	}
	return d.splice(from, to, "")
}

// extent returns which bytes hold an entry, and the mappings that hold only this one.
func (d *YAML) extent(p place) (from, to int, ok bool) {
	end, ok := d.end(p.value)
	if !ok {
		return 0, 0, false
	}
	depth := len(p.keys) - 1
	for ; p.around[depth].Style&yaml.FlowStyle != 0; depth-- {
		mapping, start := p.around[depth], d.offset(p.keys[depth].Line, p.keys[depth].Column)
		open := d.offset(mapping.Line, mapping.Column)
		if len(mapping.Content) > 2 || open >= len(d.text) || d.text[open] != '{' || open+1 == start || depth == 0 {
			from, to := d.inFlow(mapping, p.keys[depth], start, end)
			return from, to, true
		}
		closing := len(d.text) - len(bytes.TrimLeft(d.text[end:], " \t\r\n"))
		if closing >= len(d.text) || d.text[closing] != '}' {
			return 0, 0, false
		}
		end = closing + 1
	}
	for depth > 0 && len(p.around[depth].Content) == 2 {
		if _, _, marked := d.mark(p.keys[depth-1]); marked {
			break
		}
		depth--
	}
	if p.around[depth].Style&yaml.FlowStyle != 0 {
		return 0, 0, false
	}
	from, to = d.lines(p.keys[depth].Line, end)
	return from, to, true
}

// inFlow returns which bytes hold an entry of a mapping in braces, with a comma.
func (d *YAML) inFlow(mapping, key *yaml.Node, start, end int) (from, to int) {
	for i := 0; i+2 < len(mapping.Content); i += 2 {
		if next := mapping.Content[i+2]; mapping.Content[i] == key {
			return start, d.offset(next.Line, next.Column)
		}
	}
	if before := bytes.TrimRight(d.text[:start], " \t\r\n"); bytes.HasSuffix(before, []byte(",")) {
		return len(before) - 1, end
	}
	return start, end
}

// lines returns the lines from a number to the one with an offset. At the end of a file that
// ends without a line break, they begin with the one before.
func (d *YAML) lines(first, offset int) (from, to int) {
	from = d.offset(first, 1)
	if at := bytes.IndexByte(d.text[offset:], '\n'); at >= 0 {
		return from, offset + at + 1
	}
	from = len(bytes.TrimSuffix(bytes.TrimSuffix(d.text[:from], []byte("\n")), []byte("\r")))
	return from, len(d.text)
}

// end returns where a value on one line ends.
func (d *YAML) end(value *yaml.Node) (offset int, ok bool) {
	at := d.offset(value.Line, value.Column)
	if value.Kind != yaml.ScalarNode || value.Anchor != "" || at >= len(d.text) {
		return 0, false
	}
	switch rest := d.text[at:]; {
	case rest[0] == '"', rest[0] == '\'':
		closing := bytes.IndexByte(rest[1:], rest[0])
		return at + closing + 2, closing >= 0 && string(rest[1:closing+1]) == value.Value
	default:
		return at + len(value.Value), bytes.HasPrefix(rest, []byte(value.Value))
	}
}

// offset returns where a column of a line is in the text; both count from 1, in runes.
func (d *YAML) offset(line, column int) int {
	at := 0
	for range line - 1 {
		next := bytes.IndexByte(d.text[at:], '\n')
		if next < 0 {
			return len(d.text)
		}
		at += next + 1
	}
	for i := range string(d.text[at:]) {
		if column--; column == 0 {
			return at + i
		}
	}
	return len(d.text)
}

// splice replaces bytes of the text and reads it again. A file that ended with a line break
// and has nothing left is gone.
func (d *YAML) splice(from, to int, added string) error {
	text := bytes.Join([][]byte{d.text[:from], []byte(added), d.text[to:]}, nil)
	if len(text) == 0 && added == "" && bytes.HasSuffix(d.text, []byte("\n")) {
		text = nil
	}
	tree, err := treeOf(text)
	if err != nil {
		return err
	}
	d.text, d.tree = text, tree
	return nil
}

// plain matches what needs no quotes as a name or a string, and is no number.
var plain = lazyregexp.Compile(`^[A-Za-z.][A-Za-z0-9._@/+*^~-]*$`)

func quote(text string) string {
	switch text {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		return `"` + text + `"`
	}
	if plain().MatchString(text) {
		return text
	}
	return fmt.Sprintf("%q", text)
}

// without returns a copy of a tree without the value at a path, and without mappings around
// it that are empty then; nil if nothing is left.
func without(tree *yaml.Node, path []string) *yaml.Node {
	if tree == nil {
		return nil
	}
	out := *tree
	out.Content = nil
	for i := 0; i+1 < len(tree.Content); i += 2 {
		key, value := tree.Content[i], tree.Content[i+1]
		if key.Value == path[0] && key.Kind == yaml.ScalarNode {
			if len(path) == 1 {
				continue
			}
			if value = without(value, path[1:]); value == nil {
				continue
			}
		}
		out.Content = append(out.Content, key, value)
	}
	if len(out.Content) == 0 {
		return nil
	}
	return &out
}

// same reports whether two trees mean the same.
func same(a, b *yaml.Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Kind == b.Kind && a.Tag == b.Tag && a.Value == b.Value && a.Anchor == b.Anchor && slices.EqualFunc(a.Content, b.Content, same)
}
