package packaging

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// dockerBuild runs a Dockerfile without Docker. Each stage has a directory as its
// root, and commands of RUN start in WORKDIR below it. Base images are empty, and
// programs are this machine's. It supports only the instructions and forms in the
// example, and refuses others.
type dockerBuild struct {
	context string   // where COPY copies from; its .dockerignore may contain only names
	scratch string   // where the stages are
	env     []string // of RUN; PATH comes after the stage's /usr/local/bin
	path    string

	stages map[string]*dockerStage
	last   *dockerStage
	log    strings.Builder // what RUN printed
}

type dockerStage struct {
	root, workdir string
	env           []string
}

// at returns where a path of the stage is on this machine.
func (s *dockerStage) at(name string) string {
	if !path.IsAbs(name) {
		name = path.Join(s.workdir, name)
	}
	return filepath.Join(s.root, filepath.FromSlash(path.Clean(name)))
}

// run returns the last stage, or the error of the first line that fails.
func (b *dockerBuild) run(dockerfile string) (*dockerStage, error) {
	b.stages = map[string]*dockerStage{}
	for i, line := range strings.Split(dockerfile, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		if err := b.instruction(name, rest); err != nil {
			return b.last, fmt.Errorf("Dockerfile:%d: %s: %w", i+1, line, err)
		}
	}
	return b.last, nil
}

func (b *dockerBuild) instruction(name, rest string) error {
	words := strings.Fields(rest)
	if name != "FROM" && b.last == nil {
		return fmt.Errorf("%s before FROM", name)
	}
	switch name {
	case "FROM":
		return b.from(words)
	case "WORKDIR":
		b.last.workdir = path.Join(b.last.workdir, rest)
		return os.MkdirAll(b.last.at("."), 0o755)
	case "COPY":
		return b.copy(words)
	case "ENV":
		b.last.env = append(b.last.env, words...)
		return nil
	case "RUN":
		return b.sh(rest)
	case "USER", "CMD": // they concern only the container
		return nil
	}
	return fmt.Errorf("%s is not known here", name)
}

func (b *dockerBuild) from(words []string) error {
	if len(words) != 3 || words[1] != "AS" {
		return fmt.Errorf("not of the form IMAGE AS NAME")
	}
	stage := &dockerStage{root: filepath.Join(b.scratch, words[2]), workdir: "/"}
	if base := b.stages[words[0]]; base != nil {
		stage.workdir, stage.env = base.workdir, slices.Clone(base.env)
		if err := nodetest.CopyTree(base.root, stage.root); err != nil {
			return err
		}
	}
	b.stages[words[2]], b.last = stage, stage
	return os.MkdirAll(stage.root, 0o755)
}

func (b *dockerBuild) copy(words []string) error {
	from, ignored := b.context, b.ignored()
	if name, found := strings.CutPrefix(words[0], "--from="); found {
		if b.stages[name] == nil {
			return fmt.Errorf("there is no stage %s", name)
		}
		from, ignored, words = b.stages[name].root, nil, words[1:]
	}
	to := words[len(words)-1]
	for _, name := range words[:len(words)-1] {
		source := filepath.Join(from, filepath.FromSlash(name))
		info, err := os.Stat(source)
		if err != nil {
			return err
		}
		if info.IsDir() {
			err = b.copyEntries(source, b.last.at(to), ignored)
		} else {
			err = b.copyEntry(source, filepath.Join(b.last.at(to), info.Name()))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copyEntries copies the contents of a directory, as COPY does.
func (b *dockerBuild) copyEntries(from, to string, ignored []string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if slices.Contains(ignored, entry.Name()) {
			continue
		}
		if err := b.copyEntry(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// copyEntry copies a directory or a file, and replaces an existing one.
func (b *dockerBuild) copyEntry(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return nodetest.CopyTree(from, to)
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, info.Mode().Perm())
}

func (b *dockerBuild) ignored() []string {
	data, err := os.ReadFile(filepath.Join(b.context, ".dockerignore"))
	if err != nil {
		return nil
	}
	return strings.Fields(string(data))
}

func (b *dockerBuild) sh(script string) error {
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = b.last.at(".")
	cmd.Env = slices.Concat(os.Environ(), b.env, b.last.env,
		[]string{"PATH=" + b.last.at("/usr/local/bin") + string(os.PathListSeparator) + b.path})
	cmd.Stdout, cmd.Stderr = &b.log, &b.log
	return cmd.Run()
}
