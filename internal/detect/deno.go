package detect

import (
	"encoding/json"
	"path/filepath"
	"slices"

	"github.com/proxypatch/proxypatch/internal/exactjson"
)

// denoSettings are the fields of deno.json that matter here.
type denoSettings struct {
	Workspace denoMembers         `json:"workspace"`
	Tasks     map[string]denoTask `json:"tasks"`
}

// denoFile is a deno.json with what can be read of it.
type denoFile struct {
	denoSettings
	file   string // its name; empty if there is none
	broken bool   // it is no JSON with comments, or no regular file
}

// denoMembers holds the globs of the field "workspace": a list, or an object with one.
type denoMembers []string

func (d *denoMembers) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, (*[]string)(d)) == nil {
		return nil
	}
	var object struct {
		Members []string `json:"members"`
	}
	_ = json.Unmarshal(data, &object) // Deno refuses anything else
	*d = object.Members
	return nil
}

// denoTask is the command of a task: a string, or an object with one.
type denoTask string

func (d *denoTask) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, (*string)(d)) == nil {
		return nil
	}
	var object struct {
		Command string `json:"command"`
	}
	_ = json.Unmarshal(data, &object)
	*d = denoTask(object.Command)
	return nil
}

// DenoTasks returns the commands of the tasks in a directory's deno.json, and the file's
// name. There are none if Deno would refuse the file.
func DenoTasks(dir string) (tasks map[string]string, file string, err error) {
	settings, err := readDeno(dir)
	tasks = map[string]string{}
	for name, task := range settings.Tasks {
		tasks[name] = string(task)
	}
	return tasks, settings.file, err
}

// BrokenDeno returns the first deno.json of the workspace, or above its directory, that Deno
// would refuse as a whole, as the user would type it. It is empty if there is none.
func (w *Workspace) BrokenDeno() (string, error) {
	if w.Manager != Deno {
		return "", nil
	}
	dirs := slices.Clone(w.chain)
	for _, p := range w.Packages {
		dirs = append(dirs, p.Dir)
	}
	for _, dir := range dirs {
		settings, err := readDeno(dir)
		if err != nil {
			return "", err
		}
		if settings.broken {
			return w.Display(filepath.Join(dir, settings.file)), nil
		}
	}
	return "", nil
}

// readDeno reads deno.json or, as Deno does, deno.jsonc if there is none. The settings
// are empty if Deno would refuse the file.
func readDeno(dir string) (denoFile, error) {
	for _, file := range []string{"deno.json", "deno.jsonc"} {
		data, err := system.readFile(filepath.Join(dir, file), maxSettings)
		if isIrregular(err) {
			return denoFile{file: file, broken: true}, nil
		}
		found, err := there(err)
		if err != nil {
			return denoFile{file: file}, err
		}
		if found {
			read := denoFile{file: file}
			data = withoutComments(data)
			read.broken = !json.Valid(data)
			_ = exactjson.Unmarshal(data, &read.denoSettings) // what can be read is enough
			return read, nil
		}
	}
	return denoFile{}, nil
}

// withoutComments makes JSON of JSON with comments and trailing commas. Each byte of
// them becomes a space.
func withoutComments(data []byte) []byte {
	out := make([]byte, 0, len(data))
	comma := -1 // the place of a comma that only spaces follow
	for i := 0; i < len(data); {
		n := tokenSize(data[i:])
		switch c := data[i]; {
		case c == '/' && n > 1, c == ' ', c == '\t', c == '\r', c == '\n':
			for range n {
				out = append(out, ' ')
			}
			i += n
			continue
		case comma >= 0 && (c == '}' || c == ']'):
			out[comma] = ' '
		}
		comma = -1
		if data[i] == ',' {
			comma = len(out)
		}
		out = append(out, data[i:i+n]...)
		i += n
	}
	return out
}

// tokenSize returns how many bytes at the start of the data are one string or comment; 1
// if they are neither.
func tokenSize(data []byte) int {
	ends := func(closing string, from int) int {
		for i := from; i < len(data); i++ {
			switch {
			case closing == `"` && data[i] == '\\':
				i++
			case string(data[i:min(i+len(closing), len(data))]) == closing:
				return i + len(closing)
			}
		}
		return len(data)
	}
	switch string(data[:min(2, len(data))]) {
	case "//":
		return ends("\n", 2)
	case "/*":
		return ends("*/", 2)
	}
	if data[0] == '"' {
		return ends(`"`, 1)
	}
	return 1
}
