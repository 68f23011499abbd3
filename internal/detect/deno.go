package detect

import (
	"encoding/json"
	"path/filepath"
)

// denoSettings are the fields of deno.json that matter here.
type denoSettings struct {
	Workspace denoMembers         `json:"workspace"`
	Tasks     map[string]denoTask `json:"tasks"`
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
	settings, file, err := readDeno(dir)
	tasks = map[string]string{}
	for name, task := range settings.Tasks {
		tasks[name] = string(task)
	}
	return tasks, file, err
}

// readDeno reads deno.json or, as Deno does, deno.jsonc if there is none. The settings
// are empty if Deno would refuse the file.
func readDeno(dir string) (settings denoSettings, file string, err error) {
	for _, file = range []string{"deno.json", "deno.jsonc"} {
		data, err := system.readFile(filepath.Join(dir, file), maxSettings)
		if isIrregular(err) {
			return denoSettings{}, file, nil
		}
		found, err := there(err)
		if err != nil {
			return denoSettings{}, file, err
		}
		if found {
			_ = decodeExactly(withoutComments(data), &settings) // what can be read is enough
			return settings, file, nil
		}
	}
	return denoSettings{}, "", nil
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
