package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/doctor"
	"github.com/proxypatch/proxypatch/internal/doctor/proxyenv"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/printable"
	"github.com/proxypatch/proxypatch/internal/report"
	"github.com/proxypatch/proxypatch/internal/verify"
)

const (
	nodeTimeout  = 10 * time.Second // for Node.js to say which release it is
	probeTimeout = 10 * time.Second
)

// doctorOptions are those of doctor.
type doctorOptions struct {
	planOptions
	node    string
	probe   bool
	timeout time.Duration
}

func (p *program) doctorCommand() *cobra.Command {
	o := &doctorOptions{}
	cmd := &cobra.Command{
		Use:   "doctor [URL…]",
		Short: "diagnose why sign-ins fail behind the proxy",
		Long: `doctor checks the proxy variables, Node.js, the certificates, every copy of
next-auth, the build caches and package.json. It writes nothing and, without
--probe, does not use the network.

URL is an identity provider's issuer, such as https://login.example.com. Without
one, doctor uses the URLs in variables such as KEYCLOAK_ISSUER, and the tenant in
AZURE_AD_TENANT_ID.`,
		Example: "  proxypatch doctor\n  proxypatch doctor --probe https://login.example.com",
		Args:    cobra.ArbitraryArgs,
		RunE: p.run("doctor", func(cmd *cobra.Command, urls []string) error {
			return p.doctor(cmd.Context(), o, urls)
		}),
	}
	o.register(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.probe, "probe", false, "connect to each URL, through the proxy where one applies")
	f.StringVar(&o.node, "node", defaultNode, "the Node.js that runs the app: its `PATH` or name")
	f.DurationVar(&o.timeout, "timeout", probeTimeout, "wait at most this `TIME` for each URL")
	return cmd
}

// doctor looks at everything and fails only where it can't look.
func (p *program) doctor(ctx context.Context, o *doctorOptions, urls []string) error {
	workspace, err := p.openWorkspace()
	if err != nil {
		return err
	}
	all, err := nextApps(workspace)
	if err != nil {
		return err
	}
	environment, apps := environmentOf(workspace, all)
	oldest := line.All[0].Node
	if l := p.commonLine(o); l != nil {
		environment.For(l)
		oldest = l.Node
	}
	targets, err := targetsOf(environment, urls)
	if err != nil {
		return err
	}
	if o.probe && len(targets) == 0 {
		return usageError(hint.Keep("proxypatch doctor --probe https://login.example.com"), "--probe needs the URL of an identity provider")
	}
	if o.timeout <= 0 {
		return usageError(hint.Keep("--timeout 10s"), "--timeout must be more than 0")
	}
	node, noNode, err := findNode(ctx, o.node, workspace.Home.Dir, oldest)
	if err != nil {
		return err
	}
	outputs, unread := p.doctorBuilds(o)
	found := append(environment.Proxies(targets), noNode...)
	if node != nil {
		environment.Image = outputs.inImage()
		found = append(found, environment.Node(node)...)
	}
	found = append(found, environment.Certificates()...)
	installed, supported, err := p.doctorNextAuth(o, environment, node, outputs)
	if err != nil {
		return err
	}
	found = append(found, installed...)
	found = append(found, unread...)
	for _, next := range apps {
		found = append(found, environment.Dotenv(next)...)
	}
	if o.probe {
		found = append(found, environment.Probe(ctx, node, o.timeout, targets)...)
	}
	if supported { // else init writes nothing either
		found = append(found, doctor.Hooks(workspace, hookApps(all), p.situation.native, "proxypatch init")...)
	}
	p.diagnose(found)
	return nil
}

// doctorNextAuth says what runs: in an image what was built and what it loads, and else
// what is installed, too. supported says whether hooks could do their work.
func (p *program) doctorNextAuth(o *doctorOptions, environment *doctor.Environment, node *doctor.Node, all *builds) (found doctor.Findings, supported bool, err error) {
	native := environment.Native(node)
	if all.inImage() {
		found, patched := p.doctorImage(o, all, native)
		if !patched && !native {
			found = append(found, environment.Rebuild(node)...)
		}
		return found, false, nil
	}
	if found, supported, err = p.doctorCopies(o, environment, native); err != nil {
		return nil, false, err
	}
	return append(found, p.doctorProject(all, native)...), supported, nil
}

// commonLine returns the release line of all selected copies; nil if there is none, or if
// they are of several. What prevents an answer is reported later.
func (p *program) commonLine(o *doctorOptions) (common *line.Line) {
	project, err := p.find(o.all)
	if err != nil {
		return nil
	}
	selected, err := project.Select(o.chosen)
	if err != nil {
		return nil
	}
	for i := range selected {
		l, err := selected[i].ReleaseLine()
		if err != nil || common != nil && l != common {
			return nil
		}
		common = l
	}
	return common
}

// findNode looks at the Node.js that runs the app. Its absence is a finding,
// unless a person has named it.
func findNode(ctx context.Context, command, dir string, oldest int) (*doctor.Node, doctor.Findings, error) {
	interrupted, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM) // for what FindNode has started
	defer stop()
	ctx, cancel := context.WithTimeout(interrupted, nodeTimeout)
	defer cancel()
	found, err := verify.FindNode(ctx, command, dir, oldest)
	switch {
	case interrupted.Err() != nil:
		return nil, nil, errInterrupted
	case errors.Is(err, context.DeadlineExceeded):
		err = &verify.NoNodeError{Oldest: oldest, Err: fmt.Errorf("%s does not answer within %v", command, nodeTimeout)}
	}
	if err != nil && command != defaultNode {
		return nil, nil, usageError(otherNode(oldest), "--node: %w", err)
	}
	if err != nil {
		return nil, doctor.NoNode(err, oldest), nil
	}
	version, err := semver.NewVersion(found.Version)
	if err != nil {
		return nil, nil, err
	}
	return &doctor.Node{Path: found.Path, Version: version}, nil, nil
}

// diagnose reports findings.
func (p *program) diagnose(found doctor.Findings) {
	for i := range found { // one line each, also in --json
		found[i].Message, found[i].Hint = printable.Text(found[i].Message), p.situation.typeable(found[i].Hint)
	}
	p.report.Findings, p.report.Summary = found, found.Summary()
	if found.Count(doctor.Error) > 0 {
		p.report.Decide(report.Unproven)
	}
}

// environmentOf returns what the app of the directory will find in process.env,
// and the Next.js apps that were found. The .env files that count are those of the
// app that the directory is in, or of the only one.
func environmentOf(w *detect.Workspace, found []nextDir) (*doctor.Environment, []doctor.App) {
	environment := doctor.NewEnvironment(os.Environ())
	npmrc := filepath.Join(w.Root().Dir, ".npmrc")
	environment.LoadNpmrc(npmrc, w.Display(npmrc))
	var apps []doctor.App
	for _, app := range found {
		next := doctor.App{Dir: app.dir, Path: w.Display(app.dir)}
		if app.pkg.Is(w.Home) && app.dir == w.Home.Dir {
			environment.LoadApp(next)
			return environment, []doctor.App{next}
		}
		apps = append(apps, next)
	}
	if len(apps) == 1 {
		environment.LoadApp(apps[0])
	}
	return environment, apps
}

// targetsOf returns the identity providers that a person names or, if none, the
// environment. What is no URL is named by its place: it may hold anything.
func targetsOf(environment *doctor.Environment, urls []string) ([]*proxyenv.Target, error) {
	if len(urls) == 0 {
		return environment.Issuers(), nil
	}
	var targets []*proxyenv.Target
	for i, text := range urls {
		target, err := proxyenv.ParseTarget(text)
		if err != nil {
			return nil, usageError(hint.Keep("proxypatch doctor https://login.example.com"), "argument %d %w", i+1, err)
		}
		targets = append(targets, target)
	}
	return targets, nil
}

// doctorCopies makes findings of what check would say. Where Node.js itself
// uses the proxy, nothing has to be patched. supported says whether init would write
// hooks for them.
func (p *program) doctorCopies(o *doctorOptions, environment *doctor.Environment, native bool) (found doctor.Findings, supported bool, err error) {
	p.report.Set = o.set
	t, err := p.open(&o.planOptions, apply.Options{Goal: apply.Patch, Part: true})
	if err != nil {
		return p.withoutPlan(p.absent(err, false), o.ifPresent)
	}
	defer t.plan.Close()
	add := func(area string, problems []report.Problem) {
		for _, problem := range problems {
			found = append(found, doctor.Finding{Area: area, Severity: doctor.Severity(problem.Severity), Message: problem.Message, Hint: problem.Hint})
		}
	}
	add(doctor.NextAuth, append(t.warnings, p.situation.warnOfPatches(t.plan)...))
	add(doctor.NextAuth, p.explainAll(slices.DeleteFunc(p.situation.refusals(t.plan, apply.Patch), isPending)))
	if !t.plan.Blocked() {
		patches, err := p.laterFailures(t)
		if err != nil {
			return nil, false, err
		}
		add(doctor.NextAuth, patches)
	}
	for _, c := range t.plan.Copies {
		p.stateOfCopy(&found, c, native)
	}
	if err := brought(&found, t); err != nil {
		return nil, false, err
	}
	if !native && !t.plan.Blocked() && t.plan.Changes() == 0 {
		found = append(found, environment.OwnRequests()...)
	}
	if !native || t.plan.Changes() < t.plan.Files() {
		reasons, warnings := report.JudgeAgents(t.plan, o.set)
		add(doctor.Agent, append(p.explainAll(reasons), warnings...))
		agents(&found, t, environment.SecureProxy())
		if err := otherAgents(&found, t, o.set); err != nil {
			return nil, false, err
		}
	}
	if !t.plan.Blocked() && t.plan.Changes() == 0 {
		caches, stale, err := p.checkCaches(t, o.all)
		if err != nil {
			return nil, false, err
		}
		p.report.Caches = caches
		add(doctor.NextJS, stale)
	}
	p.situation.native = p.patchedBy(t.plan)
	p.report.Copies = p.situation.copiesOf(t.plan, t.project, report.Checking)
	return found, !t.plan.Blocked(), nil
}

// withoutPlan makes a finding of why there is no plan, unless doctor can't go on.
func (p *program) withoutPlan(err error, allowed bool) (found doctor.Findings, supported bool, failed error) {
	problem := p.situation.explain(err)
	severity := doctor.Error
	switch problem.Code {
	case report.Usage, report.Failed:
		return nil, false, err
	case report.NotFound:
		if allowed {
			severity = doctor.Note
		}
	}
	finding := doctor.Finding{Area: doctor.NextAuth, Severity: severity, Message: problem.Message, Hint: problem.Hint}
	return doctor.Findings{finding}, problem.Code != report.Unsupported, nil
}

// stateOfCopy says whether a copy is patched, if that can be.
func (p *program) stateOfCopy(found *doctor.Findings, c *apply.Copy, native bool) {
	pending := 0
	for i := range c.Files {
		switch {
		case c.Files[i].Blocks(apply.Patch):
			return // said already
		case c.Files[i].Changes():
			pending++
		}
	}
	label := fmt.Sprintf("%s in %s", c.Title(), c.Path)
	switch {
	case c.Err != nil:
	case pending == 0:
		found.Add(doctor.NextAuth, doctor.OK, "%s is patched%s", label, report.By(p.situation.by(c)))
	case native:
		found.Add(doctor.NextAuth, doctor.Note, "%s is not patched, and need not be", label)
	default:
		found.Add(doctor.NextAuth, doctor.Error, "%s is not patched: %s of %d", label, report.CountFiles(pending), len(c.Files)).Hint = p.applyHint(c)
	}
}

// isPending reports whether an error says of a copy only that it is not patched.
func isPending(err error) bool {
	e, ok := errors.AsType[*nativeError](err)
	return ok && e.copy.Err == nil
}

// agents says which https-proxy-agent each copy loads, and that releases before
// 6 do not work with the proxy that a variable names, if it is https://.
func agents(found *doctor.Findings, t *target, secureProxy string) {
	for _, c := range t.plan.Copies {
		switch {
		case c.Err != nil || !c.Agent.Usable():
		case c.Agent.Major() >= 6 && hasTutorial(c):
			found.Add(doctor.Agent, doctor.Error, "%s: the tutorial's code can't run with https-proxy-agent %s (\"HttpsProxyAgent is not a constructor\")", c.Path, c.Agent.Version).Hint = hint.To("replace that code", "proxypatch apply")
		case secureProxy != "" && c.Agent.Major() < 6:
			found.Add(doctor.Agent, doctor.Error, "%s: https-proxy-agent %s does not work with https:// proxies, as %s names one", c.Path, c.Agent.Version, secureProxy).Hint = t.project.ProvideAgent(c.Install)
		default:
			found.Add(doctor.Agent, doctor.OK, "%s loads https-proxy-agent %s", c.Path, c.Agent.Version)
		}
	}
}

// hasTutorial reports whether a copy has the official tutorial's edit.
func hasTutorial(c *apply.Copy) bool {
	return slices.ContainsFunc(c.Files, func(f apply.File) bool { return f.By != nil && f.By.FromTutorial() })
}

// otherAgents says which https-proxy-agent is there by chance.
func otherAgents(found *doctor.Findings, t *target, set string) error {
	agents, err := t.foreignAgents(set)
	for _, a := range agents {
		severity := doctor.Note
		if a.Dev {
			severity = doctor.Warning
		}
		found.Add(doctor.Agent, severity, "%s", a.message()).Hint = a.hint
	}
	return err
}

// applyHint is what patches a copy, empty if https-proxy-agent has to come first.
func (p *program) applyHint(c *apply.Copy) hint.Hint {
	refused := p.situation.refuseNative(c, apply.Patch)
	switch {
	case refused != nil:
		return p.situation.nativeHint(refused)
	case c.Traced:
		return beforeBuild
	case !c.Agent.Usable():
		return hint.Hint{}
	}
	return p.situation.applyHint()
}
