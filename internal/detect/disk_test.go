package detect

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
)

// questions counts the questions about a directory and its content.
type questions struct {
	sync.Mutex
	about string
	asked int
	reply func(n int, path string) error // called after the n-th answer; an error replaces the answer
}

// listen puts q between the search and the file system until the test ends.
func (q *questions) listen(t *testing.T) {
	real := system
	t.Cleanup(func() { system = real })
	system = disk{
		func(path string) (fs.FileInfo, error) { return answer(q, path, real.stat) },
		func(path string) (fs.FileInfo, error) { return answer(q, path, real.lstat) },
		func(path string) (string, error) { return answer(q, path, real.readlink) },
		func(path string) ([]fs.DirEntry, error) { return answer(q, path, real.readDir) },
		func(path string, max int64) ([]byte, error) {
			return answer(q, path, func(path string) ([]byte, error) { return real.readFile(path, max) })
		},
	}
}

func answer[T any](q *questions, path string, ask func(string) (T, error)) (T, error) {
	q.Lock()
	defer q.Unlock()
	result, err := ask(path)
	if !within(path, q.about) {
		return result, err
	}
	q.asked++
	if instead := q.reply(q.asked, path); instead != nil {
		var none T
		return none, instead
	}
	return result, err
}

// worlds are projects in which the search asks every kind of question.
var worlds = map[string]struct {
	files map[string]string
	links []string
}{
	"pnpm": {
		files: map[string]string{
			".git/HEAD":                "",
			"package.json":             `{"name": "root", "workspaces": ["libs/{a,b}"]}`,
			"pnpm-workspace.yaml":      "packages: ['apps/*', '!apps/old']",
			"apps/web/package.json":    `{"name": "web", "dependencies": {"auth4": "npm:next-auth@4", "kit": "1", "src": "link:../../src"}}`,
			"apps/old/package.json":    `{}`,
			"apps/web/next.config.js":  "",
			"libs/a/package.json":      `{"name": "a", ` + needs + `}`,
			"src/package.json":         `{"name": "src"}`,
			"tools/x/README":           "",
			"node_modules/@x/y/README": "",
			"node_modules/plain/node_modules/next-auth/package.json":                     release2,
			"node_modules/fork/core/lib/oauth/client.js":                                 "",
			"node_modules/fork/package.json":                                             release2,
			"node_modules/.modules.yaml":                                                 "packageManager: pnpm@9.1.0\n",
			"node_modules/.pnpm/next-au_01/node_modules/next-auth/package.json":          release24,
			"node_modules/.pnpm/next-auth@4.2.1/node_modules/next-auth/package.json":     release2,
			"node_modules/.pnpm/kit@1.0.0/node_modules/kit/package.json":                 `{"dependencies": {"next-auth": "4"}}`,
			"node_modules/.pnpm/https-proxy-agent@7/node_modules/https-proxy-agent/x.js": "",
			"node_modules/.pnpm/node_modules/https-proxy-agent/package.json":             agent7,
			"node_modules/.store/next-auth-virtual-01/package/package.json":              release2,
			"node_modules/.pnpm/next-auth@4.2.1/node_modules/https-proxy-agent/index.js": "",
		},
		links: []string{
			"apps/web/node_modules/auth4 -> ../../../node_modules/.pnpm/next-au_01/node_modules/next-auth",
			"apps/web/node_modules/kit -> ../../../node_modules/.pnpm/kit@1.0.0/node_modules/kit",
			"apps/web/node_modules/src -> ../../../src",
			"node_modules/.pnpm/kit@1.0.0/node_modules/next-auth -> ../../next-au_01/node_modules/next-auth",
			"node_modules/@z -> @x",
			"libs/b -> ../tools/x",
			"libs/a/node_modules -> ../../node_modules/plain/node_modules",
		},
	},
	"npm, nothing installed": {
		files: map[string]string{
			".git/HEAD":             "",
			"package.json":          `{"name": "root", "workspaces": ["apps/*"]}`,
			"package-lock.json":     "",
			"apps/web/package.json": `{"name": "web", ` + needs + `}`,
		},
	},
}

// search asks every question about a project.
func search(dir string) error {
	w, err := Open(filepath.Join(dir, "apps", "web"))
	if err != nil {
		return err
	}
	_, err = w.Uninstalled()
	errs := []error{err}
	for _, p := range w.Packages {
		_, err := w.Apart(p)
		errs = append(errs, err)
	}
	_, err = w.Glob("{*,*/*}/next.config.js")
	errs = append(errs, err)
	p, err := w.Find(false)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	for _, c := range slices.Concat(p.Copies, p.Others) {
		_, leftover := p.Leftover(&c)
		_, loads := p.Loads(p.Root(), &c)
		errs = append(errs, leftover, loads)
	}
	return errors.Join(errs...)
}

// forEachQuestion searches a project once for each question that a search asks, in the
// quick loop for one in four.
// reply gets the project and the path of the question; check gets the result of the
// search.
func forEachQuestion(t *testing.T, reply func(dir, path string) error, check func(t *testing.T, path string, err error)) {
	step := 4
	if gate.Wanted(t, "faults") {
		step = 1
	}
	for name, world := range worlds {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(newTree(t, nil), "project")
			writeTree(t, dir, world.files, world.links)
			q := &questions{about: dir}
			q.listen(t)
			for n := 1; ; n += step {
				about := ""
				q.asked = 0
				q.reply = func(asked int, path string) error {
					if asked != n {
						return nil
					}
					about = path
					return reply(dir, path)
				}
				err := search(dir)
				if about != "" {
					check(t, about, err)
					continue
				}
				if n < 30 {
					t.Errorf("only %d questions were asked", n-1)
				}
				return
			}
		})
	}
}

// If the system refuses to answer any question, that is an error.
func TestRefused(t *testing.T) {
	for name, refused := range map[string]error{"EIO": syscall.EIO, "EACCES": syscall.EACCES} {
		t.Run(name, func(t *testing.T) {
			forEachQuestion(t, func(_, path string) error {
				return &fs.PathError{Op: "ask", Path: path, Err: refused}
			}, func(t *testing.T, path string, err error) {
				if !errors.Is(err, refused) {
					t.Errorf("%s: refused, and yet got %v", path, err)
				}
			})
		})
	}
}

// What is only walked through is skipped if the system refuses to show it: directories of
// others beside the packages. Anything else the system refuses stays an error.
func TestReadable(t *testing.T) {
	dir := newTree(t, map[string]string{"package.json": "{}", "web/next.config.js": "", "pgdata/base/x": "", "logs/web/next.config.js": ""})
	w, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for refused, skips := range map[error]bool{syscall.EACCES: true, syscall.EPERM: true, syscall.EIO: false} {
		for _, closed := range []string{".", "pgdata", "logs", "logs/web"} {
			q := &questions{about: filepath.Join(dir, filepath.FromSlash(closed)), reply: func(_ int, path string) error { return &fs.PathError{Op: "ask", Path: path, Err: refused} }}
			real := system
			q.listen(t)
			found, err := w.Readable("{*,*/*}/next.config.{js,mjs}")
			_, strict := w.Glob("{*,*/*}/next.config.{js,mjs}")
			system = real
			if !errors.Is(strict, refused) {
				t.Errorf("%s: %v: Glob got %v", closed, refused, strict)
			}
			skips := skips && closed != "."
			if skips && (err != nil || !slices.Contains(found, filepath.Join(dir, "web", "next.config.js"))) || !skips && !errors.Is(err, refused) {
				t.Errorf("%s: %v: got %v, %v", closed, refused, found, err)
			}
		}
	}
}

// If the system refuses to look at a path, the error does not say that the path is not a
// directory.
func TestSelectRefused(t *testing.T) {
	dir := newTree(t, map[string]string{"node_modules/next-auth/package.json": nextAuth})
	p, err := find(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	q := &questions{about: dir, reply: func(_ int, path string) error { return &fs.PathError{Op: "ask", Path: path, Err: syscall.EIO} }}
	q.listen(t)
	if selected, err := p.Select([]string{filepath.Join(dir, "node_modules", "next-auth")}); len(selected) > 0 || !errors.Is(err, syscall.EIO) {
		t.Errorf("got %v, %v", selected, err)
	}
}

// What another process removes during the search is absent, which is not an error.
func TestVanished(t *testing.T) {
	for name, victimOf := range map[string]func(path string) string{
		"itself":        func(path string) string { return path },
		"its directory": filepath.Dir,
	} {
		t.Run(name, func(t *testing.T) {
			restore := func() {}
			forEachQuestion(t, func(dir, path string) error {
				victim, aside := victimOf(path), filepath.Join(filepath.Dir(dir), "aside")
				if _, err := os.Lstat(victim); err != nil || !within(victim, dir) {
					return nil
				}
				rename(t, victim, aside)
				restore = func() { rename(t, aside, victim) }
				return nil
			}, func(t *testing.T, path string, err error) {
				if restore(); err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrNoDirectory) {
					t.Errorf("%s: removed, and got %v", path, err)
				}
				restore = func() {}
			})
		})
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// If an https-proxy-agent disappears, Node.js looks further up.
func TestAgentVanished(t *testing.T) {
	dir := newTree(t, map[string]string{
		"node_modules/https-proxy-agent/package.json":                        agent7,
		"node_modules/next-auth/node_modules/https-proxy-agent/package.json": agent7,
	})
	nearest := filepath.Join(dir, "node_modules", "next-auth", "node_modules", "https-proxy-agent")
	q := &questions{about: nearest}
	q.reply = func(asked int, _ string) error {
		if asked == 1 {
			rename(t, nearest, nearest+"-aside")
		}
		return nil
	}
	q.listen(t)
	agent, err := resolveAgent(filepath.Join(dir, "node_modules", "next-auth"), "next-auth")
	if want := filepath.Join(dir, "node_modules", "https-proxy-agent"); err != nil || agent.Dir != want || !agent.Usable() {
		t.Errorf("got %+v, %v; want that in %s", agent, err, want)
	}
}

// An error of the system is an answer, or it is not.
func TestThere(t *testing.T) {
	for err, refused := range map[error]bool{
		syscall.ENOENT: false, syscall.ENOTDIR: false, syscall.ENAMETOOLONG: false, syscall.EINVAL: false, syscall.ELOOP: false,
		syscall.EACCES: true, syscall.EPERM: true, syscall.EIO: true, syscall.ENOMEM: true, syscall.EMFILE: true,
	} {
		found, got := there(&fs.PathError{Op: "stat", Path: "x", Err: err})
		if found || errors.Is(got, err) != refused || (got != nil) != refused {
			t.Errorf("%v: got %v, %v", err, found, got)
		}
	}
	if found, err := there(nil); !found || err != nil {
		t.Errorf("no error: got %v, %v", found, err)
	}
}
