// This file is the one way from an error to what a person gets. The table decides
// the exit code and the hint for every command; locate finds the path and line.

package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/buildcache"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/hooks"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/report"
	"github.com/proxypatch/proxypatch/internal/safefile"
	"github.com/proxypatch/proxypatch/internal/verify"
)

// situation is what hints depend on: where the person is and what they typed. A
// command fills it in as it learns more.
type situation struct {
	again     string            // flags that a suggested command needs to mean the same
	ownDiffs  bool              // --patches is given
	workspace *detect.Workspace // nil until it is found
	project   *detect.Project   // nil until next-auth is found
}

// explain turns an error into the problem that a person gets.
func (s *situation) explain(err error) report.Problem {
	code, advice := s.judge(err)
	p := report.Error(code, err.Error(), advice)
	locate(&p, err)
	return p
}

// judge returns the exit code of an error, and a hint.
func (s *situation) judge(err error) (report.ExitCode, hint.Hint) {
	for _, row := range failures {
		if code, advice, matches := row(s, err); matches {
			return code, advice
		}
	}
	return report.Failed, hint.Hint{}
}

// failures is the table: the first row that knows an error decides.
var failures = []func(*situation, error) (code report.ExitCode, advice hint.Hint, matches bool){
	// The command line.
	on(report.Usage, func(_ *situation, e *usage) hint.Hint { return e.hint }),
	when(report.Usage, hooks.ErrNoManifest, hint.Text("run it in the project, or name the project with -C DIR")),

	// What is installed.
	on(report.NotFound, func(_ *situation, e *absentError) hint.Hint { return e.hint() }),
	on(report.Unsupported, func(*situation, *detect.ManifestError) hint.Hint { return hint.Text("reinstall next-auth") }),
	when(report.Unsupported, detect.ErrPlugAndPlay, plugAndPlayHint),
	on(report.Unsupported, func(_ *situation, e *patchset.UnsupportedError) hint.Hint { return e.Hint }),
	on(report.Unsupported, func(_ *situation, e *detect.SharedError) hint.Hint { return e.Hint }),
	native,
	on(report.Drift, (*situation).blockedHint),
	on(report.Agent, func(s *situation, e *report.AgentError) hint.Hint { return s.project.ProvideAgent(e.Copy.Install) }),

	// What a check or a proof found.
	on(report.Pending, func(s *situation, _ *pendingError) hint.Hint { return hint.Run("proxypatch apply" + s.again) }),
	on(report.Pending, func(*situation, *unpatchedError) hint.Hint { return hint.Hint{} }),
	on(report.Pending, func(s *situation, _ *staleError) hint.Hint {
		return hint.Join(hint.Run("proxypatch apply"+s.again), hint.Text(" deletes it; --keep-cache leaves it out of account"))
	}),
	on(report.Unproven, (*situation).unprovenHint),
	on(report.Unproven, func(*situation, *slowNodeError) hint.Hint { return hint.Text("--timeout gives it longer") }),

	// What the system refused.
	on(report.Failed, func(*situation, *outputError) hint.Hint {
		return hint.Text("only the output is lost; what the command does is done")
	}),
	when(report.Failed, errInterrupted, hint.Hint{}),
	when(report.Failed, verify.ErrNoNode, hint.Text("name yours with --node PATH; it has to be 18 or newer")),
	on(report.Failed, func(*situation, *verify.LoopbackError) hint.Hint {
		return hint.To("the loopback interface has to be up", "ip link set lo up")
	}),
	on(report.Failed, func(*situation, *detect.DirectoryError) hint.Hint {
		return hint.Text("change to an existing directory, or move the project to a shorter path")
	}),
	on(report.Failed, func(*situation, *detect.GlobError) hint.Hint {
		return hint.Text("write workspaces in package.json, or packages in pnpm-workspace.yaml, with fewer and simpler globs, such as packages/*")
	}),
	on(report.Failed, commitHint),
	on(report.Failed, func(*situation, *hooks.SyntaxError) hint.Hint {
		return hint.Text("mend it, without comments and trailing commas, and run it again; nothing was written")
	}),
	on(report.Failed, func(*situation, *hooks.FileError) hint.Hint {
		return hint.Text("let a regular, readable file stand there and run it again; nothing was written")
	}),
	on(report.Failed, func(_ *situation, e *appError) hint.Hint {
		return hint.Text(remedy(e) + "; or delete the app's build cache yourself and add --keep-cache")
	}),
	on(report.Failed, func(_ *situation, e *systemError) hint.Hint { return hint.Text(remedy(e)) }),
}

var plugAndPlayHint = hint.Join(hint.Text("set nodeLinker: node-modules in .yarnrc.yml, run "), hint.Run("yarn install"), hint.Text(", then proxypatch"))

// on makes a row for errors of type E.
func on[E error](code report.ExitCode, advise func(*situation, E) hint.Hint) func(*situation, error) (report.ExitCode, hint.Hint, bool) {
	return func(s *situation, err error) (report.ExitCode, hint.Hint, bool) {
		found, ok := is[E](err)
		if !ok {
			return 0, hint.Hint{}, false
		}
		return code, advise(s, found), true
	}
}

// when makes a row for one error value.
func when(code report.ExitCode, target error, advice hint.Hint) func(*situation, error) (report.ExitCode, hint.Hint, bool) {
	return func(_ *situation, err error) (report.ExitCode, hint.Hint, bool) {
		return code, advice, errors.Is(err, target)
	}
}

// is returns the error of type E in err's chain, if there is one.
func is[E error](err error) (found E, ok bool) {
	ok = errors.As(err, &found)
	return found, ok
}

// native is the row for a file whose lines pnpm itself has patched.
func native(_ *situation, err error) (report.ExitCode, hint.Hint, bool) {
	blocked, ok := is[*report.BlockedError](err)
	return report.Unsupported,
		hint.Join(hint.Text("pnpm patches this copy itself and changes the same lines: take next-auth out of patchedDependencies, run "), hint.Run("pnpm install"), hint.Text(", then proxypatch")),
		ok && blocked.Copy.Native && blocked.File.State == patchset.Drifted
}

func (s *situation) blockedHint(e *report.BlockedError) hint.Hint {
	switch {
	case e.File.State == patchset.Newer:
		return hint.Text("upgrade proxypatch")
	case e.File.State == patchset.Missing:
		return hint.To("run proxypatch before next build, in the full install; to get the file back", s.project.Reinstall())
	case !s.ownDiffs:
		return hint.To("if it was patched with --patches DIR, give the same --patches DIR; if patch-package, patchedDependencies or resolutions change it, take next-auth out of these; to get the released file back", s.project.Reinstall())
	}
	return hint.To("to get the released file back", s.project.Reinstall())
}

// unprovenHint says what may help: the patch where it is not in place.
func (s *situation) unprovenHint(e *unprovenError) hint.Hint {
	patched := true
	for i := range e.copy.Files {
		patched = patched && !e.copy.Files[i].Changes() && e.copy.Files[i].Err == nil
	}
	switch {
	case e.late && e.reason != notProxied:
		return hint.Text("--timeout gives it longer")
	case !patched:
		return hint.Run("proxypatch apply" + s.again)
	case !e.copy.Agent.Usable():
		return s.project.ProvideAgent(e.copy.Install)
	}
	return hint.Hint{}
}

// commitHint says what is where after a failed commit, and what to do.
func commitHint(_ *situation, e *safefile.CommitError) hint.Hint {
	_, ofHooks := is[*hooks.FileError](e)
	switch {
	case ofHooks && len(e.Temporary) > 0:
		return hint.Text("mend the cause, delete the temporary files, and run it again")
	case ofHooks && len(e.Left) > 0:
		return hint.Text("mend the cause and run it again")
	case ofHooks:
		return hint.Text("everything is as it was before; mend the cause and run it again")
	case len(e.Left) > 0:
		return hint.Join(hint.Text("mend the cause and run it again; "), hint.Run("proxypatch check"), hint.Text(" says what is where"))
	case len(e.Temporary) > 0:
		return hint.Text("next-auth is as it was before; mend the cause and run it again, which also removes what is left, or delete that")
	}
	return hint.Text("everything is as it was before; " + remedy(e))
}

// remedy says what to do about what the system refused.
func remedy(err error) string {
	busy, _ := is[*safefile.BusyError](err)
	switch {
	case busy != nil && busy.File != "":
		return "wait until that process has ended and run it again; if there is none any more, rm " + shellQuote(busy.File) + "*"
	case errors.Is(err, safefile.ErrBusy):
		return "wait until it has ended and run it again"
	case errors.Is(err, fs.ErrPermission) && os.Geteuid() == 0:
		return "run it as the user who installed it, or lift what keeps root out, such as chattr +i"
	case errors.Is(err, fs.ErrPermission):
		return "run it as the user who installed it, or as root"
	case errors.Is(err, syscall.EROFS):
		return "run it before the file system is made read-only"
	}
	return "mend the cause and run it again"
}

// locate names the file, or the copy, that has the problem, if the error knows it.
func locate(p *report.Problem, err error) {
	for _, row := range places {
		if row(p, err) {
			return
		}
	}
}

// places says which errors know their place: the first row that knows one decides.
var places = []func(*report.Problem, error) (matches bool){
	at(func(p *report.Problem, e *report.BlockedError) {
		p.At(&e.Copy.Install, e.File.Path)
		p.Line, p.Conflict = e.Line(), (*report.Conflict)(e.File.Clash)
	}),
	at(func(p *report.Problem, e *report.UnpatchableError) { p.At(&e.Copy.Install, "") }),
	at(func(p *report.Problem, e *report.AgentError) { p.At(&e.Copy.Install, "") }),
	at(func(p *report.Problem, e *unpatchedError) { p.At(&e.copy.Install, e.file) }),
	at(func(p *report.Problem, e *unprovenError) { p.At(&e.copy.Install, "") }),
	at(func(p *report.Problem, e *apply.CopyError) { p.At(&e.Copy, e.File) }),
	at(func(p *report.Problem, e *detect.ManifestError) { p.Path = e.Path }),
	at(func(p *report.Problem, e *hooks.FileError) { p.Path = e.Path }),
	at(func(p *report.Problem, e *hooks.SyntaxError) { p.Path, p.Line = e.Path, e.Line }),
	at(func(p *report.Problem, e *cacheError) { p.Path = e.path }),
	at(func(p *report.Problem, e *patchset.ParseError) { p.Path, p.Line = e.Name, e.Line }),
	at(func(p *report.Problem, e *fs.PathError) { p.Path = e.Path }),
}

// at makes a row for errors of type E.
func at[E error](place func(*report.Problem, E)) func(*report.Problem, error) bool {
	return func(p *report.Problem, err error) bool {
		found, ok := is[E](err)
		if ok {
			place(p, found)
		}
		return ok
	}
}

// usage is an error in the command line, with what to type instead.
type usage struct {
	err  error
	hint hint.Hint
}

func (e *usage) Error() string { return e.err.Error() }

func (e *usage) Unwrap() error { return e.err }

func usageError(advice hint.Hint, format string, args ...any) error {
	return &usage{fmt.Errorf(format, args...), advice}
}

// absentError says that no next-auth is installed.
type absentError struct {
	err     error
	root    string // where to install what the project depends on
	install string // with this command; empty if that would not help
}

func (e *absentError) Error() string { return e.err.Error() }

func (e *absentError) Unwrap() error { return e.err }

func (e *absentError) hint() hint.Hint {
	elsewhere := hint.Text("run it where node_modules is, or name the project with -C DIR; --if-present makes this no error")
	if e.install == "" {
		return elsewhere
	}
	return hint.Join(hint.To("first, in "+e.root, e.install), hint.Text("; or "), elsewhere)
}

// pendingError says how many files are not patched, but can be.
type pendingError struct{ files int }

func (e *pendingError) Error() string {
	return report.CountFiles(e.files) + " can be patched, but " + report.IsAre(e.files) + " not"
}

// unpatchedError says that about one file.
type unpatchedError struct {
	copy *apply.Copy
	file string
}

func (e *unpatchedError) Error() string {
	return filepath.Join(e.copy.Path, filepath.FromSlash(e.file)) + ": can be patched, but is not"
}

// staleError says which build caches hold old code.
type staleError struct{ caches []string }

func (e *staleError) Error() string {
	return strings.Join(e.caches, ", ") + " may hold next-auth as it was before"
}

// unprovenError says which calls of a copy did not get through the proxy, and why.
type unprovenError struct {
	copy   *apply.Copy
	kinds  []string
	reason string
	late   bool // the time was up
}

func (e *unprovenError) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.copy.Path, strings.Join(e.kinds, ", "), e.reason)
}

// slowNodeError says that Node.js did not start in time.
type slowNodeError struct{ err error }

func (e *slowNodeError) Error() string { return e.err.Error() }

// outputError says that a result could not be written.
type outputError struct{ err error }

func (e *outputError) Error() string { return e.err.Error() }

// errInterrupted says that a person ended a command.
var errInterrupted = errors.New("interrupted")

// systemError is an error of the system while a command looked at a project.
type systemError struct{ err error }

func (e *systemError) Error() string { return e.err.Error() }

func (e *systemError) Unwrap() error { return e.err }

// appError is an error of the system about a Next.js app.
type appError struct{ err error }

func (e *appError) Error() string { return e.err.Error() }

func (e *appError) Unwrap() error { return e.err }

// cacheError is an error about a build cache, with a path as a person would write it.
type cacheError struct {
	path string
	err  error
}

func (e *cacheError) Error() string { return e.path + ": " + e.err.Error() }

func (e *cacheError) Unwrap() error { return e.err }

// appFailure makes an *appError of an error about the app in dir.
func appFailure(dir string, err error) error {
	if at, ok := is[*buildcache.Error](err); ok {
		err = &cacheError{filepath.Join(dir, filepath.FromSlash(at.Path)), at.Err}
	}
	return &appError{err}
}
