// This file is the one way from an error to what a person gets. The table decides
// the exit code and the hint for every command; locate finds the path and line.

package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/buildcache"
	"github.com/proxypatch/proxypatch/internal/built"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/edit"
	"github.com/proxypatch/proxypatch/internal/export"
	"github.com/proxypatch/proxypatch/internal/foreign"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/hooks"
	"github.com/proxypatch/proxypatch/internal/lazyregexp"
	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/pnp"
	"github.com/proxypatch/proxypatch/internal/printable"
	"github.com/proxypatch/proxypatch/internal/report"
	"github.com/proxypatch/proxypatch/internal/safefile"
	"github.com/proxypatch/proxypatch/internal/verify"
)

// situation is what hints depend on: where the person is and what they typed. A
// command fills it in as it learns more.
type situation struct {
	dir       string                         // as given with -C
	command   string                         // the one that runs
	again     string                         // other flags that a suggested command needs to mean the same
	anyCopy   string                         // these without --copy
	toExport  string                         // these without --strict, which export does not have
	ownDiffs  bool                           // --patches is given
	workspace *detect.Workspace              // nil until it is found
	project   *detect.Project                // nil until next-auth is found
	patchable []string                       // for --copy: what selects the copies that can be patched
	pending   string                         // why files are not patched that somebody patched before; may be empty
	inTheWay  map[*apply.File]*foreign.Patch // patches by other tools, by the file that drifted because of one
	natives   map[*apply.Copy]foreign.Native // patches from proxypatch that other tools apply
	native    string                         // what patches all copies at installs; may be empty
	idle      []*foreign.Patch               // patches from proxypatch that no install will apply
}

// explain turns an error into the problem that a person gets.
func (s *situation) explain(err error) report.Problem {
	code, advice := s.judge(err)
	if e, ok := errors.AsType[*imageError](err); ok { // what helps a project does not help there
		advice = e.hint()
	}
	p := report.Error(code, err.Error(), s.typeable(advice))
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

// typeable makes the commands of a hint such that a person can type them where they
// are: with the program as it was started, and with the -C that was given.
func (s *situation) typeable(h hint.Hint) hint.Hint {
	return h.Rewrite(func(command string) string {
		rest, ours := strings.CutPrefix(command, "proxypatch")
		if !ours || rest != "" && rest[0] != ' ' {
			return command
		}
		if s.dir != "." && s.dir != "" && !strings.Contains(rest, " -C ") && !strings.HasSuffix(rest, "--help") {
			rest += " -C " + hint.Quote(s.dir)
		}
		return s.program() + rest
	})
}

// program is how a person starts this program: by its package manager, in the form
// that downloads nothing, if it lies in the project's node_modules, or where yarn's
// Plug'n'Play unplugs it.
func (s *situation) program() string {
	const name = "proxypatch"
	path, err := os.Executable()
	if err != nil || s.workspace == nil {
		return name
	}
	here, err := os.Getwd()
	root := s.workspace.Root().Dir
	isOwn := func(dir string) bool { return below(filepath.Join(root, filepath.FromSlash(dir)), path) }
	if err != nil || !below(root, here) || !slices.ContainsFunc([]string{"node_modules", ".yarn/unplugged"}, isOwn) {
		return name
	}
	if command := s.workspace.Manager.Exec(name); command != "" {
		return command
	}
	if path, err = filepath.Rel(here, path); err != nil {
		return name
	}
	return hint.Quote(path)
}

// below reports whether a path, without its links, is a directory or in it.
func below(dir, path string) bool {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// failures is the table: the first row that knows an error decides.
var failures = []func(*situation, error) (code report.ExitCode, advice hint.Hint, matches bool){
	// The command line.
	on(report.Usage, func(_ *situation, e *usage) hint.Hint { return e.hint }),
	noManifest,

	// What is installed.
	on(report.NotFound, func(*situation, *bareError) hint.Hint {
		return hint.To("check what was built", "proxypatch check --built")
	}),
	on(report.NotFound, func(_ *situation, e *absentError) hint.Hint { return e.hint() }),
	on(report.Unsupported, func(s *situation, _ *detect.ManifestError) hint.Hint {
		return hint.Join(hint.Text("reinstall next-auth: "), s.workspace.Reinstall())
	}),
	when(report.Unsupported, detect.ErrPlugAndPlay, detect.ToNodeModules.Or(hint.To("or make yarn write it again", "yarn install"))),
	on(report.Unsupported, func(s *situation, e *pnp.Error) hint.Hint {
		return hint.Join(hint.Text("delete it and run "), s.workspace.InstallAgain())
	}),
	on(report.Unsupported, (*situation).unsupportedHint),
	on(report.Unsupported, (*situation).sharedHint),
	when(report.Unsupported, apply.ErrTraced, beforeBuild),
	native,
	exported,
	on(report.Drift, (*situation).driftHint),
	on(report.Agent, func(s *situation, e *report.AgentError) hint.Hint {
		switch {
		case e.Copy.Traced:
			return beforeBuild
		case e.Copy.Shared != nil:
			return s.sharedHint(e.Copy.Shared)
		}
		return s.project.ProvideAgent(e.Copy.Install)
	}),

	// What export can't do.
	on(report.Drift, (*situation).strangerHint),
	on(report.Unsupported, func(_ *situation, _ *export.UnlistedError) hint.Hint { return hint.Text("upgrade proxypatch") }),
	on(report.Unsupported, func(_ *situation, e *export.FormError) hint.Hint { return e.Hint }),
	on(report.Failed, func(s *situation, _ *export.LockError) hint.Hint {
		return hint.Join(hint.Text("update the lock file: "), hint.Run(s.workspace.InRoot(s.workspace.Manager.Install())))
	}),
	on(report.Failed, func(_ *situation, e *export.ByHandError) hint.Hint {
		if e.Entry == "" {
			return hint.Join(hint.Text("take this out by hand: "), hint.Keep(e.Key))
		}
		return hint.Join(hint.Text("add this by hand, then run it again: "), hint.Keep(e.Entry))
	}),
	on(report.Usage, func(*situation, *patchset.TwiceError) hint.Hint {
		return hint.Text("make one diff of both, and add --set none if the set has the other")
	}),

	// What a check or a proof found.
	on(report.Pending, func(s *situation, e *pendingError) hint.Hint {
		if slices.ContainsFunc(e.copies, isTraced) {
			return beforeBuild
		}
		return s.applyHint()
	}),
	on(report.Pending, func(*situation, *unpatchedError) hint.Hint { return hint.Hint{} }),
	on(report.Pending, func(s *situation, _ *staleError) hint.Hint {
		return hint.To("delete the old caches", "proxypatch apply"+s.again).Or(hint.Text("or ignore them: add --keep-cache"))
	}),
	on(report.Pending, func(_ *situation, e *unpatchedBuildError) hint.Hint { return e.all.rebuild(e.build) }),
	on(report.NotFound, func(_ *situation, e *noBuildError) hint.Hint { return e.hint() }),
	on(report.NotFound, func(_ *situation, e *emptyBuildError) hint.Hint { return e.hint() }),
	on(report.NotFound, func(*situation, *unknownBuildError) hint.Hint {
		return hint.Text("bundle next-auth, as Nuxt does if build.transpile lists it")
	}),
	on(report.NotFound, func(_ *situation, e *danglingError) hint.Hint { return e.hint() }),
	on(report.NotFound, func(*situation, *astrayError) hint.Hint {
		return hint.Text("set distDir to a plain string, or name the directory that the server starts in with -C DIR")
	}),
	on(report.Failed, func(*situation, *tooSlowError) hint.Hint { return moreTime }),
	on(report.Failed, func(*situation, *slowNodeError) hint.Hint { return moreTime }),
	on(report.Unproven, (*situation).unprovenHint),

	// What the system refused.
	on(report.Failed, func(*situation, *outputError) hint.Hint {
		return hint.Text("the command itself is done; only its output is lost")
	}),
	when(report.Failed, errInterrupted, hint.Hint{}),
	on(report.Failed, func(_ *situation, e *verify.NoNodeError) hint.Hint {
		return hint.Text(fmt.Sprintf("install Node.js %d or newer, or add --node PATH", e.Oldest))
	}),
	on(report.Failed, func(*situation, *verify.LoopbackError) hint.Hint {
		return hint.To("start the loopback interface", "ip link set lo up")
	}),
	on(report.Failed, func(*situation, *detect.DirectoryError) hint.Hint {
		return hint.Text("change to an existing directory, or move the project to a shorter path")
	}),
	on(report.Failed, func(*situation, *detect.GlobError) hint.Hint {
		return hint.Text("use fewer and simpler globs, such as packages/*, in package.json or pnpm-workspace.yaml")
	}),
	on(report.Failed, func(*situation, *detect.PatchesError) hint.Hint {
		return hint.Text("remove those that no install needs, and run it again")
	}),
	on(report.Failed, commitHint),
	on(report.Failed, func(s *situation, e *edit.SyntaxError) hint.Hint {
		if filepath.Base(e.Path) != "package.json" {
			return s.unwritten("fix it, and run it again")
		}
		return s.unwritten("fix it, without comments and trailing commas, and run it again")
	}),
	on(report.Failed, func(s *situation, e *edit.FileError) hint.Hint {
		if irregular, ok := errors.AsType[*safefile.Error](e); ok && irregular.Dir {
			return s.unwritten("replace it with a real directory and run it again")
		}
		return s.unwritten("replace it with a regular, readable file and run it again")
	}),
	on(report.Failed, func(_ *situation, e *buildError) hint.Hint {
		if errors.Is(e, fs.ErrPermission) && os.Geteuid() != 0 {
			return hint.Text("run proxypatch as the user who starts the server, or as root")
		}
		return hint.Text(remedy(e))
	}),
	on(report.Unsupported, func(*situation, *standaloneError) hint.Hint {
		return hint.Text("run init in the project that it was built from")
	}),
	on(report.Failed, func(_ *situation, e *appError) hint.Hint {
		return hint.Text(remedy(e)).Or(hint.Text("or delete the app's build cache yourself and add --keep-cache"))
	}),
	on(report.Failed, func(_ *situation, e *systemError) hint.Hint { return hint.Text(remedy(e)) }),
}

// beforeBuild is what helps where Next.js traced only a part of next-auth.
var beforeBuild = hint.Text("patch before next build, and make the image again")

var moreTime = hint.Text("give it more time with --timeout")

// on makes a row for errors of type E.
func on[E error](code report.ExitCode, advise func(*situation, E) hint.Hint) func(*situation, error) (report.ExitCode, hint.Hint, bool) {
	return func(s *situation, err error) (report.ExitCode, hint.Hint, bool) {
		found, ok := errors.AsType[E](err)
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

// noManifest is the row for a project without package.json, which Deno does not need.
func noManifest(s *situation, err error) (report.ExitCode, hint.Hint, bool) {
	advice := hint.Text("run it in the project, or add -C DIR")
	if s.workspace != nil && s.workspace.Manager == detect.Deno {
		advice = hint.Join(hint.Text("begin the task in deno.json that builds the app with: "), hint.Keep("proxypatch apply &&"))
	}
	return report.Usage, advice, errors.Is(err, hooks.ErrNoManifest)
}

// native is the row for a file whose lines pnpm itself has patched.
func native(s *situation, err error) (report.ExitCode, hint.Hint, bool) {
	blocked, ok := errors.AsType[*report.BlockedError](err)
	if !ok || !blocked.Copy.Native || blocked.File.State != patchset.Drifted {
		return 0, hint.Hint{}, false
	}
	if patch := s.inTheWay[blocked.File]; patch != nil {
		return report.Unsupported, s.removal(patch, blocked.Copy), true
	}
	return report.Unsupported,
		hint.Join(hint.Text("pnpm itself patches the same lines: remove "+blocked.Copy.Package()+" from patchedDependencies, run "), hint.Run("pnpm install"), hint.Text(", then "), hint.Run("proxypatch")),
		true
}

// removal says how to remove a patch of a copy by another tool, and get the released files.
func (s *situation) removal(p *foreign.Patch, c *apply.Copy) hint.Hint {
	then := hint.Join(hint.Text(", then "), hint.Run("proxypatch apply"+s.again))
	if p.Field == "" {
		restore := s.project.Restore(&c.Install)
		if restore.Run != restore.Text { // it is not only a command
			return hint.Join(hint.Text("patch-package changes the same file; delete its patch: "), hint.Run(s.deletion(p)), hint.Text(", "), restore, then)
		}
		return hint.Join(hint.Text("patch-package changes the same file; delete its patch and get the released files: "), hint.Run(s.deletion(p)+" && "+restore.Run), then)
	}
	remove := fmt.Sprintf("%s itself changes the same file; remove %q from %s in %s, ", p.Tool, p.Name(), p.Field, p.In)
	return hint.Join(hint.Text(remove), s.project.InstallSame(&c.Install), then)
}

// deletion returns the command that deletes a patch file.
func (s *situation) deletion(p *foreign.Patch) string { return "rm " + hint.Quote(s.fileOf(p)) }

// fileOf returns the path of a patch file as a person would write it.
func (s *situation) fileOf(p *foreign.Patch) string {
	if printable.IsURL(p.File) {
		return "a URL"
	}
	return s.workspace.Display(filepath.Join(s.workspace.Root().Dir, filepath.FromSlash(p.File)))
}

var keepPart = hint.Text("or, if it also changes something else, see docs/do-i-need-it.md")

func (s *situation) driftHint(e *report.BlockedError) hint.Hint {
	restore := hint.Join(hint.Text("restore the released files: "), s.project.Restore(&e.Copy.Install))
	patch := s.inTheWay[e.File]
	switch {
	case patch != nil:
		return s.removal(patch, e.Copy).Or(keepPart)
	case e.File.State == patchset.Newer:
		return hint.Text("upgrade proxypatch")
	case e.Copy.Traced:
		return beforeBuild
	case isPasted(e.Copy) && !s.ownDiffs:
		return s.pastedHint(e.Copy)
	case e.File.State == patchset.Missing:
		return restore.Or(hint.Text("in an image, run proxypatch in the full install, before next build"))
	case s.ownDiffs:
		return restore.Or(hint.Text("or, if the file is as released, make your diff again from it"))
	}
	return restore.Or(hint.Text("or, if your own diffs or another tool changed it, add --patches DIR or remove that tool's patch"))
}

// requiresAgent matches the line of the official tutorial's edit that no release has.
var requiresAgent = lazyregexp.Compile(`require\(\s*["']https-proxy-agent["']\s*\)`)

// isPasted reports whether a file of a copy drifted because somebody pasted the tutorial's
// edit with differences. With them, the edit can't be taken off exactly.
func isPasted(c *apply.Copy) bool {
	return slices.ContainsFunc(c.Files, func(f apply.File) bool {
		return !f.Helper && f.State == patchset.Drifted && requiresAgent().Match(f.Before)
	})
}

func (s *situation) pastedHint(c *apply.Copy) hint.Hint {
	restore := hint.Join(hint.Text("this looks like the official tutorial's edit with changes; restore the released files: "), s.project.Restore(&c.Install))
	if s.command == "revert" {
		return restore
	}
	return hint.Join(restore, hint.Text(", then run "), hint.Run("proxypatch"+s.again), hint.Text(", which replaces the edit"))
}

// sharedHint is what helps a copy that other projects use too. Export makes the package
// manager patch it and give it https-proxy-agent.
func (s *situation) sharedHint(e *detect.SharedError) hint.Hint {
	if !e.Patches || s.command == "revert" {
		return e.Hint
	}
	return s.exportHint().Or(hint.Join(hint.Text("or "), e.Hint))
}

// strangerHint says how to join somebody else's patch with ours, or remove what is in its
// place.
func (s *situation) strangerHint(e *export.StrangerError) hint.Hint {
	const joining = "see docs/export.md#somebody-elses-patch"
	switch {
	case e.Newer:
		return hint.Text("upgrade proxypatch")
	case e.Missing != "":
		instead := fmt.Sprintf("take %q out", printable.WithoutTokens(e.Entry))
		if e.Depends {
			instead = "depend on " + e.Title + " itself"
		}
		return hint.Text("get that file back, or " + instead + ", then run it again")
	case e.Patch == "":
		instead := fmt.Sprintf("take %q out, depend on %s directly, ", printable.WithoutTokens(e.Entry), e.Title)
		return hint.Join(hint.Text(instead), s.workspace.InstallNative().Step(), hint.Text(", then "), hint.Run("proxypatch export"+s.again))
	case e.Apart && !e.Mixed:
		return hint.Join(hint.Text("add ours to it: "), hint.Run("proxypatch diff"+s.again+" >> "+hint.Quote(e.Path))).Or(hint.Text("or " + joining))
	}
	if e.Mixed {
		return hint.Text("change it by hand, or join both again: " + joining)
	}
	return hint.Text("to join both, " + joining)
}

// applyHint is what patches the copies. It says why that is needed if they were patched
// before.
func (s *situation) applyHint() hint.Hint {
	apply := hint.Run("proxypatch apply" + s.again)
	if slices.ContainsFunc(s.idle, func(p *foreign.Patch) bool { return p.Hidden == "" }) {
		return s.exportHint()
	}
	if s.pending != "" {
		return hint.Join(hint.Text(s.pending+": "), apply)
	}
	return apply
}

// unsupportedHint names the way to patch the other copies, if there are any.
func (s *situation) unsupportedHint(e *line.UnsupportedError) hint.Hint {
	if len(s.patchable) == 0 {
		return e.Hint
	}
	others := s.anyCopy + " --copy " + strings.Join(s.patchable, " --copy ")
	switch s.command {
	case "init":
		return hint.To("make hooks for the other copies only", "proxypatch init --copy "+strings.Join(s.patchable, " --copy ")).Or(e.Hint.First())
	case "doctor":
		return hint.To("patch the other copies only", "proxypatch apply"+others).Or(e.Hint.First())
	}
	return hint.To("select the other copies only", "proxypatch "+s.command+others).Or(e.Hint.First())
}

// unprovenHint says what may help: the patch where it is not in place, or an install.
func (s *situation) unprovenHint(e *unprovenError) hint.Hint {
	patched := true
	for i := range e.copy.Files {
		patched = patched && !e.copy.Files[i].Changes() && e.copy.Files[i].Err == nil
	}
	refused := s.refuseNative(e.copy, apply.Patch)
	switch {
	case e.reason == tooSlow:
		return moreTime
	case e.copy.Traced && !(patched && e.copy.Agent.Usable()):
		return beforeBuild
	case refused != nil:
		return s.nativeHint(refused)
	case e.copy.Shared != nil && !(patched && e.copy.Agent.Usable()):
		return s.sharedHint(e.copy.Shared)
	case !e.copy.Agent.Usable():
		return s.project.ProvideAgent(e.copy.Install)
	case !patched:
		return hint.Run("proxypatch apply" + s.again)
	case missesPackage().MatchString(e.reason) && !e.copy.Traced:
		return s.incompleteHint(e.copy)
	}
	return hint.Hint{}
}

// missesPackage matches what Node.js says of a package or a file that is not there.
var missesPackage = lazyregexp.Compile(`Cannot find (module|package) '`)

// incompleteHint is what helps a patched copy whose dependencies are not all installed.
func (s *situation) incompleteHint(c *apply.Copy) hint.Hint {
	install := hint.Join(hint.Text("a package or file is missing; install again: "), s.project.Restore(&c.Install))
	if c.Shared != nil || s.by(c) != "" {
		return install
	}
	return hint.Join(install, hint.Text(", then run "), hint.Run("proxypatch apply"+s.again))
}

// unwritten adds to a hint that nothing was written. The last line of export says so itself.
func (s *situation) unwritten(advice string) hint.Hint {
	if s.command != "export" {
		advice += "; nothing was written"
	}
	return hint.Text(advice)
}

// commitHint says which files changed in a failed commit, and what to do.
func commitHint(s *situation, e *safefile.CommitError) hint.Hint {
	_, ofSettings := errors.AsType[*edit.FileError](e)
	switch {
	case ofSettings && len(e.Temporary) > 0:
		return hint.Text("fix the cause, delete the temporary files, and run it again")
	case ofSettings && len(e.Left) > 0:
		return hint.Text("fix the cause and run it again")
	case s.command == "export": // its last line says that nothing was changed
		return hint.Text(remedy(e))
	case len(e.Left) > 0:
		return hint.Join(hint.Text("fix the cause and run it again; "), hint.Run("proxypatch check"), hint.Text(" names the files that changed"))
	case len(e.Temporary) > 0:
		return hint.Text("next-auth was not changed; fix the cause and run it again, which also removes the temporary files")
	}
	return hint.Text("nothing was changed; " + remedy(e))
}

// remedy says what to do about what the system refused.
func remedy(err error) string {
	busy, _ := errors.AsType[*safefile.BusyError](err)
	switch {
	case busy != nil && busy.File != "":
		return "wait until that process has ended and run it again; if there is none any more, rm " + hint.Quote(busy.File) + "*"
	case errors.Is(err, safefile.ErrBusy):
		return "wait until it has ended and run it again"
	case errors.Is(err, fs.ErrPermission) && os.Geteuid() == 0:
		return "run proxypatch as the user who installed the packages, or remove what stops root, such as chattr +i"
	case errors.Is(err, fs.ErrPermission):
		return "run proxypatch as the user who installed the packages, or as root"
	case errors.Is(err, syscall.EROFS):
		return "run proxypatch before the file system becomes read-only"
	}
	return "fix the cause and run proxypatch again"
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
		p.Line, p.Conflict = e.Line(), report.ConflictOf(e.File.Clash)
	}),
	at(func(p *report.Problem, e *report.UnpatchableError) { p.At(&e.Copy.Install, "") }),
	at(func(p *report.Problem, e *report.AgentError) { p.At(&e.Copy.Install, "") }),
	at(func(p *report.Problem, e *nativeError) { p.At(&e.copy.Install, "") }),
	at(func(p *report.Problem, e *unpatchedError) { p.At(&e.copy.Install, e.file) }),
	at(func(p *report.Problem, e *unprovenError) {
		p.At(&e.copy.Install, "")
		p.Brief = e.brief()
	}),
	at(func(p *report.Problem, e *unpatchedBuildError) {
		p.In(e.all.describe(e.build), filepath.Join(e.build.Dir, filepath.FromSlash(e.build.Dist)))
	}),
	at(func(p *report.Problem, e *emptyBuildError) { p.Path = e.build.path }),
	at(func(p *report.Problem, e *unknownBuildError) { p.Path = e.build.path }),
	at(func(p *report.Problem, e *standaloneError) { p.Path = e.path }),
	at(func(p *report.Problem, e *danglingError) { p.Path = e.build.path }),
	at(func(p *report.Problem, e *astrayError) { p.Path = e.path }),
	at(func(p *report.Problem, e *buildError) { p.Path = e.path }),
	at(func(p *report.Problem, e *apply.CopyError) { p.At(&e.Copy, e.File) }),
	at(func(p *report.Problem, e *detect.ManifestError) { p.Path = e.Path }),
	at(func(p *report.Problem, e *detect.PatchesError) { p.Path = e.Path }),
	at(func(p *report.Problem, e *export.StrangerError) { p.Path = e.Path }),
	at(func(p *report.Problem, e *edit.FileError) { p.Path = e.Path }),
	at(func(p *report.Problem, e *edit.SyntaxError) { p.Path, p.Line = e.Path, e.Line }),
	at(func(p *report.Problem, e *pnp.Error) { p.Path = e.Path }),
	at(func(p *report.Problem, e *cacheError) { p.Path = e.path }),
	at(func(p *report.Problem, e *patchset.ParseError) { p.Path, p.Line = e.Name, e.Line }),
	at(func(p *report.Problem, e *fs.PathError) { p.Path = e.Path }),
}

// at makes a row for errors of type E.
func at[E error](place func(*report.Problem, E)) func(*report.Problem, error) bool {
	return func(p *report.Problem, err error) bool {
		found, ok := errors.AsType[E](err)
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
	install hint.Hint // how to install what the project depends on; empty if that would not help
	image   bool      // it may be bundled in what Next.js built
}

func (e *absentError) Error() string { return e.err.Error() }

func (e *absentError) Unwrap() error { return e.err }

func (e *absentError) hint() hint.Hint {
	if e.image {
		return hint.To("check what was built", "proxypatch check --built")
	}
	if e.install.Text == "" {
		return hint.Text("name the project with -C DIR").Or(hint.Text("or, if it may lack next-auth, add --if-present"))
	}
	install := e.install
	if install.Run != "" {
		install = hint.To("install the packages", install.Run)
	}
	return install.Or(hint.Text("or, if the project may lack next-auth, add --if-present"))
}

// bareError says that a project has only copies without the files that need the patch.
type bareError struct{ project string }

func (e *bareError) Error() string {
	return "no next-auth that needs the patch was traced for " + e.project
}

func (e *bareError) Unwrap() error { return detect.ErrNotFound }

// pendingError says how many files are not patched, but can be.
type pendingError struct{ copies []*apply.Copy }

func (e *pendingError) Error() string {
	return report.AreFiles(e.files()) + " not patched"
}

func (e *pendingError) files() int { return (&apply.Plan{Copies: e.copies}).Changes() }

// join adds the copies of another such error. A copy that is in both counts once.
func (e *pendingError) join(other *pendingError) {
	for _, c := range other.copies {
		if !slices.Contains(e.copies, c) {
			e.copies = append(e.copies, c)
		}
	}
}

// unpatchedError says that about one file.
type unpatchedError struct {
	copy *apply.Copy
	file string
}

func (e *unpatchedError) Error() string {
	return filepath.Join(e.copy.Path, filepath.FromSlash(e.file)) + ": is not patched"
}

// staleError says which build caches hold old code.
type staleError struct{ caches []string }

func (e *staleError) Error() string {
	return strings.Join(e.caches, ", ") + " may hold old code of next-auth"
}

// unprovenError says which calls of a copy did not get through the proxy, and why.
type unprovenError struct {
	copy   *apply.Copy
	kinds  []string
	reason string
}

func (e *unprovenError) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.copy.Path, strings.Join(e.kinds, ", "), e.reason)
}

// brief is the message without the names of the calls.
func (e *unprovenError) brief() string {
	return fmt.Sprintf("%s: %s: %s", e.copy.Path, report.Count(len(e.kinds), "call"), e.reason)
}

// tooSlowError says which calls of a copy ran out of time in a run that proves nothing
// else: no call leaked or failed.
type tooSlowError struct{ *unprovenError }

func (e *tooSlowError) Unwrap() error { return e.unprovenError }

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
	if at, ok := errors.AsType[*buildcache.Error](err); ok {
		err = &cacheError{filepath.Join(dir, filepath.FromSlash(at.Path)), at.Err}
	}
	return &appError{err}
}

// unpatchedBuildError says which build holds next-auth without the patch.
type unpatchedBuildError struct {
	all   *builds
	build *foundBuild
}

func (e *unpatchedBuildError) Error() string { return e.build.path + ": was built without the patch" }

// noBuildError says that no app is built.
type noBuildError struct{ all *builds }

func (e *noBuildError) Error() string {
	if len(e.all.unbuilt) == 0 {
		return "no build of an app is in " + e.all.workspace.Name()
	}
	var apps []string
	for _, app := range e.all.unbuilt {
		apps = append(apps, e.all.workspace.Display(app.dir))
	}
	return "not built: " + strings.Join(apps, ", ")
}

func (e *noBuildError) hint() hint.Hint {
	if len(e.all.unbuilt) == 0 {
		return hint.Text("name the directory of the app or of the image with -C DIR")
	}
	app := e.all.unbuilt[0]
	return hint.Join(hint.Text("build it first: "), e.all.workspace.Build(app.pkg)).Or(hint.Text("or, if the app may be unbuilt, add --if-present"))
}

// emptyBuildError says that a build neither holds next-auth nor has it beside it.
type emptyBuildError struct{ build *foundBuild }

func (e *emptyBuildError) Error() string {
	if e.build.part {
		return e.build.path + ": uses only parts of next-auth that make no requests"
	}
	return e.build.path + ": holds no next-auth, and none is installed beside it"
}

func (e *emptyBuildError) hint() hint.Hint {
	advice := hint.Text("name the directory that the server starts in with -C DIR")
	if e.build.source {
		advice = hint.Text("name the app that uses next-auth with -C DIR")
	}
	switch {
	case e.build.part:
		return hint.Text("if it needs no more of next-auth, add --if-present")
	case e.build.uses:
		return advice
	}
	return advice.Or(hint.Text("or, if the app may lack next-auth, add --if-present"))
}

// standaloneError says that a directory is standalone output, which no hook can patch.
type standaloneError struct{ path string }

func (e *standaloneError) Error() string {
	return e.path + ": is standalone output of Next.js, which takes no hooks"
}

// unknownBuildError says that a build does not show what it loads.
type unknownBuildError struct{ build *foundBuild }

func (e *unknownBuildError) Error() string {
	return e.build.path + ": holds no next-auth, and it is not known which one it loads"
}

// astrayError says that the build that an app itself runs was not found.
type astrayError struct{ path string }

func (e *astrayError) Error() string {
	return e.path + ": the build that next start runs was not found"
}

// danglingError says that a build loads next-auth by a name that leads nowhere.
type danglingError struct {
	all   *builds
	build *foundBuild
	name  string
}

func (e *danglingError) Error() string {
	return fmt.Sprintf("%s: loads %s, but %s is missing or its link leads nowhere", e.build.path, e.name, filepath.Join(e.build.path, "node_modules", e.name))
}

func (e *danglingError) hint() hint.Hint {
	if e.build.source && !e.build.Standalone {
		return hint.Join(hint.Text("build it again: "), e.all.workspace.Build(e.build.app))
	}
	return hint.Text("copy the whole build with its links, and the node_modules that they lead to")
}

// imageError is an error about a copy beside a build that can't be patched there, or not
// with a command for the directory at hand.
type imageError struct {
	all   *builds
	build *foundBuild
	err   error
}

func (e *imageError) Error() string { return e.err.Error() }

func (e *imageError) Unwrap() error { return e.err }

func (e *imageError) hint() hint.Hint {
	agent, ok := errors.AsType[*report.AgentError](e.err)
	switch {
	case !ok || agent.Copy.Agent.Dir != "":
		return e.all.rebuild(e.build)
	case e.build.Standalone:
		return hint.Text("https-proxy-agent was not traced: put it into dependencies, then build again")
	}
	return hint.Text("put https-proxy-agent into dependencies, then make the image again")
}

// buildError is an error of the system about a build, with a path as a person would
// write it.
type buildError struct {
	path string
	err  error
}

func (e *buildError) Error() string { return e.path + ": " + e.err.Error() }

func (e *buildError) Unwrap() error { return e.err }

// buildFailure makes an error of what built returns.
func buildFailure(w *detect.Workspace, err error) error {
	if at, ok := errors.AsType[*built.Error](err); ok {
		return &buildError{w.Display(at.Path), at.Err}
	}
	return &systemError{err}
}
