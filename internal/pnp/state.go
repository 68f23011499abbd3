package pnp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// state is the data, as yarn writes it.
type state struct {
	roots      []locator
	fallback   bool
	exclusions []locator
	pool       map[string]locator
	registry   []information
}

// information is what the data says of a package.
type information struct {
	id           locator // empty for the project's root
	location     string
	dependencies map[string]locator
	hidden       bool // from the search by a location
}

// parser reads the data value by value, because the whole would need many times the memory.
// As in JavaScript, names match exactly, and the last of several wins.
type parser struct {
	*json.Decoder
	known map[string]string // each text once
}

// parseState reads the data.
func parseState(data []byte) (*state, error) {
	p := &parser{json.NewDecoder(bytes.NewReader(data)), map[string]string{}}
	s := &state{}
	err := p.object(func(name string) (err error) {
		switch name {
		case "dependencyTreeRoots":
			s.roots = nil
			err = p.list(func() error { return p.root(s) })
		case "enableTopLevelFallback":
			s.fallback, err = p.bool()
		case "fallbackExclusionList":
			s.exclusions = nil
			err = p.list(func() error { return p.exclusion(s) })
		case "fallbackPool":
			s.pool, err = p.dependencies()
		case "packageRegistryData":
			s.registry = nil
			err = p.list(func() error { return p.named(s) })
		default:
			err = p.skip()
		}
		return err
	})
	if _, end := p.Token(); err == nil && end != io.EOF {
		err = errors.New("has more than one value in its data")
	}
	return s, err
}

// token returns the next token.
func (p *parser) token() (json.Token, error) {
	token, err := p.Token()
	if err != nil {
		return nil, notJSON(err)
	}
	return token, nil
}

// unexpected is the error for a token in the place of another value.
func unexpected(token json.Token, want string) error {
	return fmt.Errorf("has data that yarn does not write: %.40v instead of %s", token, want)
}

// delimiter reads a delimiter.
func (p *parser) delimiter(want json.Delim, what string) error {
	token, err := p.token()
	if err == nil && token != want {
		err = unexpected(token, what)
	}
	return err
}

// list reads a list, with a function for each entry.
func (p *parser) list(entry func() error) error {
	if err := p.delimiter('[', "a list"); err != nil {
		return err
	}
	return p.entries(']', entry)
}

func (p *parser) entries(end json.Delim, entry func() error) error {
	for p.More() {
		if err := entry(); err != nil {
			return err
		}
	}
	return p.delimiter(end, "the end of a list")
}

// object reads an object, with a function for each value.
func (p *parser) object(value func(name string) error) error {
	if err := p.delimiter('{', "an object"); err != nil {
		return err
	}
	return p.entries('}', func() error {
		name, err := p.text()
		if err != nil {
			return err
		}
		return value(name)
	})
}

// tuple reads a list with one entry for each function.
func (p *parser) tuple(entries ...func() error) error {
	if err := p.delimiter('[', "a list"); err != nil {
		return err
	}
	return p.rest(entries...)
}

// rest reads a tuple after its beginning.
func (p *parser) rest(entries ...func() error) error {
	for _, read := range entries {
		if !p.More() {
			return errPair
		}
		if err := read(); err != nil {
			return err
		}
	}
	if p.More() {
		return errPair
	}
	return p.delimiter(']', "the end of a list")
}

var errPair = errors.New("has data that yarn does not write: a list does not have two entries")

// textInto returns a function that reads a string.
func (p *parser) textInto(text *string) func() error {
	return func() (err error) {
		*text, err = p.text()
		return err
	}
}

// text reads a string.
func (p *parser) text() (string, error) {
	text, null, err := p.optional()
	if null {
		err = unexpected("null", "a string")
	}
	return text, err
}

// optional reads a string or null.
func (p *parser) optional() (text string, null bool, err error) {
	token, err := p.token()
	if err != nil || token == nil {
		return "", token == nil, err
	}
	text, is := token.(string)
	if !is {
		return "", false, unexpected(token, "a string")
	}
	return p.once(text), false, nil
}

// once returns the same text from the same memory.
func (p *parser) once(text string) string {
	if known, is := p.known[text]; is {
		return known
	}
	p.known[text] = text
	return text
}

func (p *parser) bool() (bool, error) {
	token, err := p.token()
	if err != nil {
		return false, err
	}
	is, ok := token.(bool)
	if !ok {
		return false, unexpected(token, "true or false")
	}
	return is, nil
}

// maxDepth limits the levels of values that are skipped.
const maxDepth = 100

// skip reads a value that does not matter.
func (p *parser) skip() error {
	for depth := 0; ; {
		token, err := p.token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			if depth++; depth > maxDepth {
				return errors.New("has data with too many levels")
			}
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

func (p *parser) root(s *state) error {
	var root locator
	err := p.object(func(name string) (err error) {
		switch name {
		case "name":
			root.name, err = p.text()
		case "reference":
			root.reference, err = p.text()
		default:
			err = p.skip()
		}
		return err
	})
	s.roots = append(s.roots, root)
	return err
}

// exclusion reads a name and a list of references.
func (p *parser) exclusion(s *state) error {
	var name string
	return p.tuple(p.textInto(&name), func() error {
		return p.list(func() error {
			reference, err := p.text()
			s.exclusions = append(s.exclusions, locator{name, reference})
			return err
		})
	})
}

// dependencies reads pairs of a name and what it leads to: a reference to the package of
// the same name, a name and a reference, or null for a peer that is not there.
func (p *parser) dependencies() (map[string]locator, error) {
	found := map[string]locator{}
	err := p.list(func() error {
		var name string
		return p.tuple(p.textInto(&name), func() error { return p.target(found, name) })
	})
	return found, err
}

func (p *parser) target(found map[string]locator, name string) error {
	token, err := p.token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case nil:
		delete(found, name)
	case string:
		found[name] = locator{name, p.once(token)}
	case json.Delim:
		var to locator
		err = p.alias(token, &to)
		found[name] = to
	default:
		err = unexpected(token, "a reference")
	}
	return err
}

// alias reads the rest of a list of a name and a reference.
func (p *parser) alias(begin json.Delim, to *locator) error {
	if begin != '[' {
		return unexpected(begin, "a list")
	}
	return p.rest(p.textInto(&to.name), p.textInto(&to.reference))
}

// named reads a name, or null for the project's root, and a list of what has this name.
func (p *parser) named(s *state) error {
	var name string
	var top bool
	return p.tuple(func() (err error) {
		name, top, err = p.optional()
		return err
	}, func() error {
		return p.list(func() error { return p.referenced(s, name, top) })
	})
}

// referenced reads a reference, or null for the project's root, and a package.
func (p *parser) referenced(s *state, name string, top bool) error {
	pkg := information{id: locator{name: name}}
	err := p.tuple(func() error {
		reference, null, err := p.optional()
		if err == nil && null != top {
			err = errors.New("has a package without a name or without a reference")
		}
		pkg.id.reference = reference
		return err
	}, func() error { return p.information(&pkg) })
	s.registry = append(s.registry, pkg)
	if err == nil && len(s.registry) > maxPackages {
		err = fmt.Errorf("has more than %d packages", maxPackages)
	}
	return err
}

func (p *parser) information(i *information) error {
	return p.object(func(name string) (err error) {
		switch name {
		case "packageLocation":
			i.location, err = p.text()
		case "packageDependencies":
			i.dependencies, err = p.dependencies()
		case "discardFromLookup":
			i.hidden, err = p.bool()
		default:
			err = p.skip()
		}
		return err
	})
}
