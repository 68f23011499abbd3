package pnp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/proxypatch/proxypatch/internal/safefile"
)

// The files that yarn writes for Node.js.
const (
	Loader       = ".pnp.cjs"
	Data         = ".pnp.data.json"  // what Loader reads with pnpEnableInlining: false
	ModuleLoader = ".pnp.loader.mjs" // for ES modules, if the project has any
)

const (
	maxManifest = 48 << 20 // bytes; a workspace of four thousand packages may need 17 million
	maxCommas   = 600_000  // in the data, which limit how many values it has
	maxPackages = 100_000
	maxLocation = 4096 // bytes; systems allow no longer paths
)

// Read reads the map of the packages from the files that yarn wrote into a directory,
// which must be its real path. The error wraps fs.ErrNotExist if there is no Loader.
// Otherwise it is an *Error, or from the system.
func Read(dir string) (*Map, error) {
	path := filepath.Join(dir, Loader)
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	data, err := inlined(text)
	if errors.Is(err, errNotInlined) {
		path = filepath.Join(dir, Data)
		if data, err = readFile(path); errors.Is(err, fs.ErrNotExist) {
			path, err = filepath.Join(dir, Loader), errUnknownForm
		}
	}
	if err != nil {
		return nil, wrapped(path, err)
	}
	m, err := parse(dir, data)
	if err != nil {
		return nil, &Error{path, err}
	}
	return m, nil
}

func readFile(path string) ([]byte, error) {
	data, err := safefile.ReadFile(path, maxManifest)
	if errors.As(err, new(*safefile.Error)) {
		return nil, &Error{path, err}
	}
	return data, err
}

// wrapped adds the path to an error that has none.
func wrapped(path string, err error) error {
	if errors.As(err, new(*Error)) || errors.As(err, new(*fs.PathError)) {
		return err
	}
	return &Error{path, err}
}

var (
	errNotInlined  = errors.New("the data is in another file")
	errUnknownForm = errors.New("does not have the data of yarn 3 or 4")
	errUnended     = errors.New("ends in the middle of its data")
)

// inlined returns the data in the text of a Loader, whose memory it may use. The error is
// errNotInlined if the text has none.
func inlined(text []byte) ([]byte, error) {
	data := begin(text)
	switch {
	case data == nil:
		return nil, errNotInlined
	case data[0] == '\'':
		return unquote(data[1:])
	}
	var object json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&object); err != nil {
		return nil, notJSON(err)
	}
	return object, nil
}

// begin returns the text from the beginning of the data on; nil if there is none. yarn 4
// gives the data a name, yarn 3.2 and newer write it where they use it, and in yarn 3.0 it
// is no string.
func begin(text []byte) []byte {
	if _, after, named := bytes.Cut(text, []byte("RAW_RUNTIME_STATE")); named {
		return value(bytes.TrimLeft(after, " \t\r\n="))
	}
	for {
		_, after, used := bytes.Cut(text, []byte("hydrateRuntimeState("))
		if !used {
			return nil
		}
		if data := value(bytes.TrimLeft(bytes.TrimPrefix(after, []byte("JSON.parse(")), " \t\r\n")); data != nil {
			return data
		}
		text = after
	}
}

// value returns the text if it begins with a string or an object.
func value(text []byte) []byte {
	if bytes.HasPrefix(text, []byte("'")) || bytes.HasPrefix(text, []byte("{")) {
		return text
	}
	return nil
}

// unquote returns the value of a JavaScript string in single quotes, from the text after
// the first quote, which it overwrites. yarn escapes quotes, backslashes and ends of
// lines, and nothing else.
func unquote(text []byte) ([]byte, error) {
	value := text[:0] // in place, because it is no longer than the text
	for len(text) > 0 {
		i := bytes.IndexAny(text, `\'`)
		if i < 0 {
			break
		}
		value = append(value, text[:i]...)
		if text[i] == '\'' {
			return value, nil
		}
		escaped := text[i+1:]
		switch {
		case bytes.HasPrefix(escaped, []byte("\r\n")): // git may have changed the ends of lines
			text = escaped[2:]
		case bytes.HasPrefix(escaped, []byte("\n")):
			text = escaped[1:]
		case bytes.HasPrefix(escaped, []byte("'")), bytes.HasPrefix(escaped, []byte(`\`)):
			value = append(value, escaped[0])
			text = escaped[1:]
		case len(escaped) == 0:
			return nil, errUnended
		default:
			return nil, fmt.Errorf("has an escape that yarn does not write: %q", text[i:i+2])
		}
	}
	return nil, errUnended
}

func notJSON(err error) error { return fmt.Errorf("has data that is not valid JSON: %w", err) }
