package faults

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/casecount"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// point is a call of a run: the occurrence-th of its kind on its path.
type point struct {
	name, path string
	occurrence int
	call       call
}

func (p point) String() string {
	return fmt.Sprintf("%s %s (%d)", p.name, p.path, p.occurrence)
}

// scenario is a run of the program in a project.
type scenario struct {
	name    string
	layout  layout
	args    []string
	undo    []string      // the command that reverts it
	noLock  syscall.Errno // the error of each flock
	prepare func(t testing.TB, l layout, dir string)

	template string // the project before the run
	before   tree
	wanted   tree // after it
	original tree // after it was reverted
}

// onSettings reports whether the run changes the project's own files instead of next-auth.
func (s *scenario) onSettings() bool { return s.undo[len(s.undo)-1] == "--undo" }

func scenarios() []*scenario {
	revert, undo := []string{"revert"}, []string{"init", "--undo"}
	warm := func(t testing.TB, l layout, dir string) { l.warm(t, dir, "revert") }
	all := []*scenario{
		{name: "apply with lock files, one copy", layout: one, undo: revert, noLock: syscall.ENOLCK, prepare: warm},
	}
	for name, l := range map[string]layout{"one package": alone, "workspace": hooked} {
		all = append(all,
			&scenario{name: "init, " + name, layout: l, args: []string{"init"}, undo: undo, prepare: func(testing.TB, layout, string) {}},
			&scenario{name: "init --undo, " + name, layout: l, args: undo, undo: undo, prepare: func(t testing.TB, _ layout, dir string) { succeed(t, dir, "init") }})
	}
	undoExport := []string{"export", "--undo"}
	all = append(all,
		&scenario{name: "export", layout: exported, args: []string{"export"}, undo: undoExport, prepare: func(testing.TB, layout, string) {}},
		&scenario{name: "export of another set", layout: exported, args: []string{"export"}, undo: undoExport, prepare: func(t testing.TB, _ layout, dir string) { succeed(t, dir, "export", "--set", "tutorial") }},
		&scenario{name: "export --undo", layout: exported, args: undoExport, undo: undoExport, prepare: func(t testing.TB, _ layout, dir string) { succeed(t, dir, "export") }})
	for name, l := range map[string]layout{"one copy": one, "two copies": two} {
		for _, s := range []scenario{
			{name: "apply", prepare: warm},
			{name: "revert", args: revert, prepare: func(t testing.TB, l layout, dir string) { l.warm(t, dir) }},
			{name: "upgrade from the tutorial", prepare: func(t testing.TB, l layout, dir string) { l.warm(t, dir, "--set", "tutorial") }},
			{name: "upgrade from an older proxypatch", prepare: func(t testing.TB, l layout, dir string) {
				l.warm(t, dir)
				l.supersede(t, dir)
			}},
		} {
			s.name, s.layout, s.undo = s.name+", "+name, l, revert
			all = append(all, &s)
		}
	}
	slices.SortFunc(all, func(a, b *scenario) int { return strings.Compare(a.name, b.name) })
	return all
}

// set makes the project and records its states before and after the run.
func (s *scenario) set(t *testing.T) {
	s.template = s.layout.install(t)
	s.prepare(t, s.layout, s.template)
	dir := copyOf(t, s.template)
	s.before = treeOf(t, dir)
	succeed(t, dir, s.args...)
	s.wanted = treeOf(t, dir)
	succeed(t, dir, s.undo...)
	s.original = treeOf(t, dir)
}

// points traces the run. passed are the states of the project during the run, each with
// a point in it.
func (s *scenario) points(t *testing.T) (points []point, passed map[hash]point) {
	t.Helper()
	passed = map[hash]point{}
	dir := copyOf(t, s.template)
	untouched := treeOf(t, dir).hash()
	r, err := trace(binary(t), dir, s.args, environment(), s.numbered(dir, func(p point) fault {
		points = append(points, p)
		if now := treeOf(t, dir).hash(); now != untouched {
			passed[now] = p
		}
		return fault{}
	}))
	must(t, err)
	if r.status.ExitStatus() != 0 {
		t.Fatalf("exited with %d: %s", r.status.ExitStatus(), r.stderr)
	}
	if diff := differences(s.wanted, treeOf(t, dir)); len(diff) > 0 {
		t.Fatalf("traced, the run leaves others: %q", diff)
	}
	return points, passed
}

// numbered returns the calls on files in the project.
func (s *scenario) numbered(dir string, at func(point) fault) func(call) fault {
	seen := map[point]int{}
	return func(c call) fault {
		name, err := filepath.Rel(dir, c.path)
		if err != nil || !filepath.IsLocal(name) {
			return fault{}
		}
		if s.noLock != 0 && c.name == "flock" {
			return fault{errno: s.noLock, lasts: true}
		}
		p := point{name: c.name, path: normal(name)}
		seen[p]++
		p.occurrence = seen[p]
		p.call = c
		return at(p)
	}
}

// same reports whether two points of different runs are the same.
func (p point) same(q point) bool {
	return p.name == q.name && p.path == q.path && p.occurrence == q.occurrence
}

// errnos are the known errors of each kind of call.
func (p point) errnos() []syscall.Errno {
	const (
		eio, eacces, enospc, erofs, edquot = syscall.EIO, syscall.EACCES, syscall.ENOSPC, syscall.EROFS, syscall.EDQUOT
	)
	switch p.name {
	case "openat":
		if p.call.make {
			return []syscall.Errno{enospc, erofs, edquot, eacces, eio}
		}
		return []syscall.Errno{eio, eacces}
	case "write", "fsync", "close":
		return []syscall.Errno{enospc, eio, edquot}
	case "renameat", "mkdirat":
		return []syscall.Errno{eio, enospc, eacces, erofs, edquot}
	case "unlinkat", "fchmod", "fchmodat":
		return []syscall.Errno{erofs, eio, eacces}
	case "fchown", "fchownat", "fsetxattr", "fremovexattr":
		return []syscall.Errno{eio, erofs, edquot}
	case "newfstatat", "readlinkat":
		return []syscall.Errno{eio, eacces}
	case "fstat", "read", "pread64", "getdents64", "flistxattr", "fgetxattr":
		return []syscall.Errno{eio}
	case "flock":
		return []syscall.Errno{syscall.ENOLCK, eio, syscall.ENOTSUP, syscall.ENOSYS}
	}
	panic(p.name + ": no error is known for it") // a new kind of call
}

// changes reports whether the call changes something, so that a kill before it and one
// after it leave different states.
func (p point) changes() bool {
	switch p.name {
	case "write", "fsync", "renameat", "mkdirat", "unlinkat", "fchmod", "fchown", "fchownat", "fchmodat", "flock":
		return true
	}
	return p.call.make
}

// worker reuses a project until a run changes it.
type worker struct {
	t      *testing.T
	s      *scenario
	states *states
	dir    string
}

// run runs the program with one fault and judges the result.
func (w *worker) run(p point, f fault) {
	if w.dir == "" {
		w.dir = copyOf(w.t, w.s.template)
	}
	reached := false
	r, err := trace(binary(w.t), w.dir, w.s.args, environment(), w.s.numbered(w.dir, func(q point) fault {
		if reached {
			return f.later(q)
		}
		if reached = p.same(q); reached {
			return f
		}
		return fault{}
	}))
	what := fmt.Sprintf("%v: %v", p, f)
	if err != nil {
		w.t.Errorf("%s: %v", what, err)
	}
	if !reached {
		w.t.Errorf("%s: was not reached", what)
	}
	left := treeOf(w.t, w.dir)
	w.judge(what, p, f, r, left)
	if len(differences(left, w.s.before)) == 0 {
		return // unchanged
	}
	if w.states.add(left) {
		w.after(what, left)
	}
	must(w.t, os.RemoveAll(filepath.Dir(w.dir)))
	w.dir = ""
}

func (f fault) String() string {
	switch {
	case f.before:
		return "killed before"
	case f.after:
		return "killed after"
	case f.short:
		return "done in part"
	case f.lasts:
		return f.errno.Error() + " from here on"
	}
	return f.errno.Error()
}

// judge compares the result of a run with the allowed ones.
func (w *worker) judge(what string, p point, f fault, r result, left tree) {
	killed := f.before || f.after
	fail := func(format string, args ...any) {
		w.t.Errorf("%s: %s\n%s%s", what, fmt.Sprintf(format, args...), r.stdout, r.stderr)
	}
	w.allowed(left, fail)
	if killed {
		if !r.status.Signaled() {
			fail("was not killed")
		}
		return
	}
	switch code := r.status.ExitStatus(); {
	case code == 0 && f.short:
		if diff := differences(left, w.s.wanted); len(diff) > 0 {
			fail("exited with 0 and left %q", diff)
		}
	case code == 0:
		w.harmless(p, f, r, left, fail)
	case code != 1:
		fail("exited with %d", code)
	case f.lasts:
		w.named(r, left, fail)
	default:
		if diff := differences(left, w.s.before); len(diff) > 0 {
			fail("exited with %d and left %q", code, diff)
		}
		if !strings.HasPrefix(r.stderr, "proxypatch: ") {
			fail("says no reason")
		}
	}
}

// later is the fault of later calls. On a full disk, nothing can be created or written.
// On a disk that became read-only, nothing can be changed.
func (f fault) later(p point) fault {
	full := p.call.make || p.name == "write" || p.name == "mkdirat"
	if !f.lasts || f.errno == syscall.ENOSPC && !full || f.errno == syscall.EROFS && (!p.changes() || p.name == "flock") {
		return fault{}
	}
	return f
}

// lasting returns the lasting faults that can start at a point.
func (p point) lasting() (faults []fault) {
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EROFS} {
		f := fault{errno: errno, lasts: true}
		if p.changes() && f.later(p) == f {
			faults = append(faults, f)
		}
	}
	return faults
}

// named requires that the error names every file that was not restored.
func (w *worker) named(r result, left tree, fail func(string, ...any)) {
	for _, name := range differences(left, w.s.before) {
		if strings.Contains(name, ".next/") || passing.MatchString(name) {
			continue
		}
		if !strings.Contains(r.stderr, name) {
			fail("does not name %s, which is not as before", name)
		}
	}
}

// allowed requires that every file has its old or its new bytes, and that no cache of
// the old state has the new stamp.
func (w *worker) allowed(left tree, fail func(string, ...any)) {
	for _, name := range differences(left, w.s.before) {
		content, there := left[name]
		wanted, added := w.s.wanted[name]
		switch {
		case passing.MatchString(name):
		case there == added && content == wanted:
		case strings.Contains(name, "cache/") && !there: // a cache may be missing
		default:
			fail("%s is neither as before nor as wanted", name)
		}
	}
	for _, app := range w.s.layout.apps {
		stamp := path.Join(app, stamp)
		if _, warm := left[path.Join(app, packed)]; warm && left[stamp] != "" && left[stamp] != w.s.before[stamp] {
			fail("%s: a cache of the old state is marked with the new one", app)
		}
	}
}

// states are the different results of runs.
type states struct {
	sync.Mutex
	seen    map[hash]bool
	all     []tree
	excuses map[string]int
}

// add reports whether a tree is new.
func (s *states) add(left tree) bool {
	s.Lock()
	defer s.Unlock()
	id := left.hash()
	if s.seen[id] {
		return false
	}
	s.seen[id] = true
	s.all = append(s.all, left)
	return true
}

// excuse counts the failed calls without an effect.
func (s *states) excuse(reason string) {
	s.Lock()
	defer s.Unlock()
	s.excuses[reason]++
}

// after requires that check and a dry run report the remaining state correctly, that
// another run completes it, and that everything can be reverted.
func (w *worker) after(what string, left tree) {
	if w.s.onSettings() {
		w.dryRun(what, left)
	} else {
		w.check(what, left)
	}
	for name, content := range left {
		if path.Base(name) == lockFile && strings.Count(content, "\n") == 1 {
			w.unknownLock(what, name)
		}
	}
	if code, out := proxypatch(w.t, w.dir, w.s.args...); code != 0 {
		w.t.Errorf("%s: the rerun exits with %d:\n%s", what, code, out)
	}
	if diff := differences(treeOf(w.t, w.dir), w.s.wanted); len(diff) > 0 {
		w.t.Errorf("%s: the rerun leaves others: %q", what, diff)
	}
	if code, out := proxypatch(w.t, w.dir, w.s.undo...); code != 0 {
		w.t.Errorf("%s: %q exits with %d:\n%s", what, w.s.undo, code, out)
	}
	if diff := differences(treeOf(w.t, w.dir), w.s.original); len(diff) > 0 {
		w.t.Errorf("%s: %q leaves others: %q", what, w.s.undo, diff)
	}
}

// check requires that check reports correctly whether files and caches are patched.
func (w *worker) check(what string, left tree) {
	patched := w.s.wanted
	if slices.Contains(w.s.args, "revert") {
		patched = w.s.before
	}
	want := 0
	for _, name := range differences(left, patched) {
		if !passing.MatchString(name) && !strings.Contains(name, ".next/") {
			want = 3
		}
	}
	for _, app := range w.s.layout.apps {
		stamp := path.Join(app, stamp)
		if _, warm := left[path.Join(app, packed)]; warm && left[stamp] != patched[stamp] {
			want = 3 // without a known new state, it may be the old one
		}
	}
	code, out := proxypatch(w.t, w.dir, "check")
	if code != want {
		w.t.Errorf("%s: then check exits with %d:\n%s", what, code, out)
	}
}

// dryRun requires that a dry run reports correctly whether anything is left to do.
func (w *worker) dryRun(what string, left tree) {
	done := !slices.ContainsFunc(differences(left, w.s.wanted), func(name string) bool {
		return !passing.MatchString(name) && name != "patches" // an empty directory is not worth a line
	})
	code, out := proxypatch(w.t, w.dir, append(slices.Clone(w.s.args), "--dry-run")...)
	if code != 0 || strings.Contains(out, "nothing to ") != done {
		w.t.Errorf("%s: then a dry run exits with %d:\n%s", what, code, out)
	}
	if diff := differences(treeOf(w.t, w.dir), left); len(diff) > 0 {
		w.t.Errorf("%s: the dry run changes %q", what, diff)
	}
}

// unknownLock requires that a run waits for a lock file of an unknown process and names
// it. Then it deletes the file, as the hint says.
func (w *worker) unknownLock(what, name string) {
	before := treeOf(w.t, w.dir)
	code, out := proxypatch(w.t, w.dir, w.s.args...)
	lock := filepath.Join(w.dir, name)
	if code != 1 || !strings.Contains(out, "for 30s; an unknown process holds "+lock) || !strings.Contains(out, "rm "+lock+"*") {
		w.t.Errorf("%s: with a lock file of nobody, a run exits with %d:\n%s", what, code, out)
	}
	if diff := differences(treeOf(w.t, w.dir), before); len(diff) > 0 {
		w.t.Errorf("%s: without the lock, a run changes %q", what, diff)
	}
	must(w.t, os.Remove(lock))
}

// load requires that Node.js can load every patched file, in every remaining state.
func (s *scenario) load(t *testing.T, states *states) {
	top := newDir(t)
	for i, left := range states.all {
		for name, content := range left {
			for j, at := range s.layout.copies {
				file, inCopy := strings.CutPrefix(name, at+"/")
				_, data, _ := strings.Cut(content, "\n")
				patched := slices.Contains(kept[5:], file) || file == "core/lib/proxy.js"
				if inCopy && patched {
					write(t, filepath.Join(top, fmt.Sprint(i), fmt.Sprint(j), filepath.FromSlash(file)), []byte(data))
				}
			}
		}
	}
	out, err := exec.Command(nodetest.Node(t), "testdata/loads.js", top).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// harmless requires a reason if a run exits with 0 although a call failed. These are
// the only reasons:
//
//   - The call closed a file that was only read.
//   - Go's library looked at a file that it opened or that a rename replaces, or the
//     program read the file next, and that worked.
//   - Go's library removed a file with a second call, and that worked.
//   - A stamp beside an empty cache can't be moved, because the disk is read-only. No
//     build can write there. If the disk is not read-only, the new stamp replaces it.
//   - The age of a cache without a stamp is unknown, so it is deleted like an old one.
//   - A lock file replaces a lock that the system refuses.
//   - A lock file stays, and the next run removes it.
//   - init and export look at some of the installed packages only to warn about them.
//   - All files are in their new state, and the failure concerns caches. They could not
//     be deleted or stamped, or the configuration with their directory not be read.
//     That is a warning.
//   - export --undo has taken out everything but an empty directory. That is a warning, too.
func (w *worker) harmless(p point, f fault, r result, left tree, fail func(string, ...any)) {
	diff := differences(left, w.s.wanted)
	ofLock := path.Base(p.path) == lockFile
	if f.lasts || ofLock {
		diff = slices.DeleteFunc(diff, func(name string) bool { return path.Base(name) == lockFile })
	}
	inCache := func(name string) bool { return strings.Contains(name, ".next/") }
	reason := ""
	switch {
	case len(diff) == 0 && p.onlyRead():
		reason = "close of what was read"
	case len(diff) == 0 && (p.name == "fstat" || p.name == "newfstatat"):
		reason = "a look that is not needed"
	case len(diff) == 0 && p.name == "flock" && f.errno != syscall.EIO:
		reason = "a lock file in place of a lock"
	case len(diff) == 0 && ofLock:
		reason = "a lock file that the next run removes"
	case len(diff) == 0 && w.s.onSettings() && !p.changes():
		reason = "a look at what is installed"
	case len(diff) == 0 && p.name == "unlinkat" && (inCache(p.path) || path.Base(p.path) == "patches"):
		reason = "a removal that is done in another way"
	case len(diff) == 0 && (p.name == "openat" || p.name == "getdents64") && !p.call.make && w.unmarked(p.path):
		reason = "a look at the age of a cache"
	case len(diff) == 0 && p.name == "renameat" && f.errno == syscall.EROFS && path.Base(p.path) == path.Base(stamp):
		reason = "a stamp that its successor replaces"
	case !slices.ContainsFunc(diff, func(name string) bool { return !inCache(name) }) && strings.Contains(r.stderr, "proxypatch: warning: "):
		reason = "the cleaning of a cache, with a warning"
	case !slices.ContainsFunc(diff, func(name string) bool { return name != "patches" }) && strings.Contains(r.stderr, "proxypatch: warning: an empty directory is left"):
		reason = "a directory without patches, with a warning"
	default:
		fail("exited with 0 and left %q", diff)
	}
	w.states.excuse(reason)
}

// unmarked reports whether a path is in the build of an app whose cache had no stamp
// before.
func (w *worker) unmarked(name string) bool {
	app, _, inBuild := strings.Cut("/"+name+"/", "/.next/")
	_, stamped := w.s.before[path.Join(strings.TrimPrefix(app, "/"), stamp)]
	return inBuild && !stamped
}

// trial is a run with a fault at a point.
type trial struct {
	point point
	fault fault
}

// allTrials returns all faults at the points.
func allTrials(points []point) (trials []trial) {
	for _, p := range points {
		for _, errno := range p.errnos() {
			trials = append(trials, trial{p, fault{errno: errno}})
		}
		for _, f := range append(p.lasting(), fault{before: true}, fault{after: true}) {
			trials = append(trials, trial{p, f})
		}
		if p.name == "write" {
			trials = append(trials, trial{p, fault{short: true}})
		}
	}
	return trials
}

// someTrials returns the faults of make test. It kills only after calls that change
// something, because the trace has already checked the other states. Each point gets
// one of its errors in turn. In a workspace, only changes to the last copy fail,
// because then the first copy must be restored. A single copy covers the others.
func (s *scenario) someTrials(points []point) (trials []trial) {
	last := s.layout.copies[len(s.layout.copies)-1]
	for i, p := range points {
		var faults []fault
		if p.changes() {
			faults = append(faults, fault{after: true})
		}
		if len(s.layout.copies) == 1 && !p.onlyRead() || p.changes() && strings.HasPrefix(p.path, last) {
			errnos := p.errnos()
			faults = append(faults, fault{errno: errnos[i%len(errnos)]})
			if lasting := p.lasting(); len(lasting) > 0 {
				faults = append(faults, lasting[i%len(lasting)])
			}
			if p.name == "write" {
				faults = append(faults, fault{short: true})
			}
		}
		for _, f := range faults {
			trials = append(trials, trial{p, f})
		}
	}
	return trials
}

// onlyRead reports whether the call closes a file that was only read. Such a call
// changes nothing, and its error has no meaning.
func (p point) onlyRead() bool {
	base := path.Base(p.path)
	if base == lockFile {
		return p.name == "close" && p.occurrence > 1 // the first write
	}
	return p.name == "close" && (!passing.MatchString(base) || strings.HasPrefix(base, ".proxypatch-old-"))
}

// try runs all trials, on all processors.
func (s *scenario) try(t *testing.T, trials []trial, states *states) {
	jobs := make(chan trial)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			w := &worker{t: t, s: s, states: states}
			for job := range jobs {
				w.run(job.point, job.fault)
			}
		})
	}
	for _, trial := range trials {
		jobs <- trial
	}
	close(jobs)
	workers.Wait()
}

// tried counts the trials of all scenarios.
type tried struct{ scenarios, points, settingsPoints, runs, left, excused int }

func TestFaults(t *testing.T) {
	all := needFaults(t)
	var sum tried
	scenarios := scenarios()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) { s.test(t, all, &sum) })
	}
	if sum.scenarios < len(scenarios) {
		return // only those that -run selects
	}
	casecount.AtLeast(t, "fault points", sum.points, 10534)
	casecount.AtLeast(t, "fault points of init and export", sum.settingsPoints, 1832)
	casecount.AtLeast(t, "runs with a fault", sum.runs, 5000)
	casecount.AtLeast(t, "states that faults left", sum.left, 590)
	casecount.Report(t, "failed calls that did no harm", sum.excused)
}

// test runs the trials of a scenario and adds their number to sum.
func (s *scenario) test(t *testing.T, all bool, sum *tried) {
	sum.scenarios++
	s.set(t)
	states := &states{seen: map[hash]bool{}, excuses: map[string]int{}}
	points, passed := s.points(t)
	trials := s.someTrials(points)
	if all {
		trials = allTrials(points)
	}
	s.try(t, trials, states)
	for id, at := range passed {
		if !states.seen[id] {
			t.Errorf("at %v there is what no killed run leaves", at)
		}
	}
	s.load(t, states)
	t.Logf("%d points, %d runs, %d states", len(points), len(trials), len(states.all))
	t.Log("did no harm:", states.excuses)
	for _, n := range states.excuses {
		sum.excused += n
	}
	if s.onSettings() {
		sum.settingsPoints += len(points)
	} else {
		sum.points += len(points)
	}
	sum.runs, sum.left = sum.runs+len(trials), sum.left+len(states.all)
}
