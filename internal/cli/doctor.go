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
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/verify"
)

// findings are what doctor reports.
type findings = doctor.Findings

const (
	nodeTimeout  = 10 * time.Second // for Node.js to say which release it is
	probeTimeout = 10 * time.Second
)

// doctorFlags are those of doctor alone.
type doctorFlags struct {
	node    string
	probe   bool
	timeout time.Duration
}

func (a *app) doctorCommand() *cobra.Command {
	flags := doctorFlags{}
	cmd := &cobra.Command{
		Use:   "doctor [URL…]",
		Short: "say what keeps sign-ins from working behind the proxy, and what to type",
		Long: `doctor looks at the proxy variables, Node.js, the certificates, every copy of
next-auth, the build caches and package.json. It writes nothing and, without
--probe, touches no network.

URL is an identity provider's issuer, such as https://login.example.com. Without
one, doctor takes those that variables such as KEYCLOAK_ISSUER name.`,
		Example: "  proxypatch doctor\n  proxypatch doctor --probe https://login.example.com",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, urls []string) error {
			return a.doctor(cmd.Context(), flags, urls)
		},
	}
	a.planFlags(cmd)
	f := cmd.Flags()
	f.BoolVar(&flags.probe, "probe", false, "connect to each URL, through the proxy where one applies")
	f.StringVar(&flags.node, "node", defaultNode, "the Node.js that runs the app: its `PATH` or name")
	f.DurationVar(&flags.timeout, "timeout", probeTimeout, "wait at most this `TIME` for each URL")
	return cmd
}

// doctor looks at everything and fails only where it can't look.
func (a *app) doctor(ctx context.Context, flags doctorFlags, urls []string) error {
	a.report.Command = "doctor"
	workspace, err := a.openWorkspace()
	if err != nil {
		return err
	}
	environment, apps, err := environmentOf(workspace)
	if err != nil {
		return err
	}
	targets, err := targetsOf(environment, urls)
	if err != nil {
		return err
	}
	if flags.probe && len(targets) == 0 {
		return usageError("proxypatch doctor --probe https://login.example.com", "--probe needs the URL of an identity provider")
	}
	if flags.timeout <= 0 {
		return usageError("--timeout 10s", "--timeout must be more than 0")
	}
	node, nodes, err := findNode(ctx, flags.node, workspace.Home.Dir, environment)
	if err != nil {
		return err
	}
	found := append(environment.Proxies(targets), nodes...)
	found = append(found, environment.Certificates()...)
	copies, supported, err := a.doctorCopies(environment, environment.Native(node))
	if err != nil {
		return err
	}
	found = append(found, copies...)
	for _, next := range apps {
		found = append(found, environment.Dotenv(next)...)
	}
	if supported { // else init writes nothing either
		found = append(found, doctor.Hooks(workspace, a.initCommandLine())...)
	}
	if flags.probe {
		found = append(found, environment.Probe(ctx, node, flags.timeout, targets)...)
	}
	a.diagnose(found)
	return nil
}

// initCommandLine is what a person has to type for init.
func (a *app) initCommandLine() string {
	if a.dir == "." {
		return "proxypatch init"
	}
	return "proxypatch init -C " + shellQuote(a.dir)
}

// findNode looks at the Node.js that runs the app. Its absence is a finding,
// unless a person has named it.
func findNode(ctx context.Context, command, dir string, environment *doctor.Environment) (*doctor.Node, findings, error) {
	interrupted, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM) // for what FindNode has started
	defer stop()
	ctx, cancel := context.WithTimeout(interrupted, nodeTimeout)
	defer cancel()
	found, err := verify.FindNode(ctx, command, dir)
	switch {
	case interrupted.Err() != nil:
		return nil, nil, &failure{exitFailed, errors.New("interrupted"), ""}
	case errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("%w: %s does not answer within %v", verify.ErrNoNode, command, nodeTimeout)
	}
	if err != nil && command != defaultNode {
		return nil, nil, usageError("name one of Node.js 18 or newer", "--node: %w", err)
	}
	if err != nil {
		return nil, doctor.NoNode(err), nil
	}
	version, err := semver.NewVersion(found.Version)
	if err != nil {
		return nil, nil, err
	}
	node := &doctor.Node{Path: found.Path, Version: version}
	return node, environment.Node(node), nil
}

// diagnose reports findings.
func (a *app) diagnose(found doctor.Findings) {
	for i := range found { // one line each, also in --json
		found[i].Message = clean(found[i].Message)
	}
	a.report.Findings = found
	a.report.Summary = found.Summary()
	if found.Count(doctor.Error) > 0 {
		a.report.exit(exitUnproven)
	}
	if a.forPeople() {
		a.ui.findings(a.report, a.quiet)
	}
}

// environmentOf returns what the app of the directory will find in process.env,
// and the workspace's Next.js apps. The .env files that count are those of the
// app that the directory is in, or of the only one.
func environmentOf(w *detect.Workspace) (*doctor.Environment, []doctor.App, error) {
	environment := doctor.NewEnvironment(os.Environ())
	npmrc := filepath.Join(w.Root().Dir, ".npmrc")
	environment.LoadNpmrc(npmrc, w.Display(npmrc))
	var apps []doctor.App
	found, err := nextApps(w)
	if err != nil {
		return nil, nil, err
	}
	for _, app := range found {
		next := doctor.App{Dir: app.dir, Path: w.Display(app.dir)}
		if app.pkg.Is(w.Home) && app.dir == w.Home.Dir {
			environment.LoadApp(next)
			return environment, []doctor.App{next}, nil
		}
		apps = append(apps, next)
	}
	if len(apps) == 1 {
		environment.LoadApp(apps[0])
	}
	return environment, apps, nil
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
			return nil, usageError("proxypatch doctor https://login.example.com", "argument %d %w", i+1, err)
		}
		targets = append(targets, target)
	}
	return targets, nil
}

// doctorCopies makes findings of what check would say. Where Node.js itself
// uses the proxy, nothing has to be patched. supported says whether hooks could do
// their work on them.
func (a *app) doctorCopies(environment *doctor.Environment, native bool) (found doctor.Findings, supported bool, err error) {
	allowed := a.ifPresent
	a.ifPresent = false // find would print
	plan, err := a.plan(apply.Options{Goal: apply.Patch})
	if plan == nil {
		f := (*failure)(nil)
		supported = !errors.As(err, &f) || f.code != exitUnsupported
		found, err = absent(err, allowed)
		return found, supported, err
	}
	defer plan.Close()
	supported = !slices.ContainsFunc(plan.Copies, unsupported)
	a.take(&found, doctor.NextAuth)
	for _, c := range plan.Copies {
		a.stateOfCopy(&found, c, native)
	}
	if !native || plan.Changes() < plan.Files() {
		a.report.judgeAgents(plan, a.set)
		a.take(&found, doctor.Agent)
		a.agents(&found, plan, environment.SecureProxy())
	}
	if !plan.Blocked() && plan.Changes() == 0 {
		if err := a.checkCaches(plan); err != nil {
			return nil, false, err
		}
		a.take(&found, doctor.NextJS)
	}
	a.report.Copies = a.copies(plan, checking)
	return found, supported, nil
}

// unsupported reports whether a copy is of a release that can't be patched. Other
// layouts can be had for the same hooks.
func unsupported(c *apply.Copy) bool { return errors.As(c.Err, new(*patchset.UnsupportedError)) }

// absent makes a finding of why there is no plan, unless doctor can't go on.
func absent(err error, allowed bool) (doctor.Findings, error) {
	f := (*failure)(nil)
	if !errors.As(err, &f) || f.code == exitUsage || f.code == exitFailed {
		return nil, err
	}
	severity := doctor.Error
	if allowed && f.code == exitNotFound {
		severity = doctor.Note
	}
	return doctor.Findings{{Area: doctor.NextAuth, Severity: severity, Message: err.Error(), Hint: f.hint}}, nil
}

// take makes findings of the report's problems.
func (a *app) take(found *doctor.Findings, area string) {
	for _, p := range a.report.Problems {
		*found = append(*found, doctor.Finding{Area: area, Severity: doctor.Severity(p.Severity), Message: p.Message, Hint: p.Hint})
	}
	a.report.Problems = []problem{}
	a.report.exit(exitOK)
}

// stateOfCopy says whether a copy is patched, if that can be.
func (a *app) stateOfCopy(found *doctor.Findings, c *apply.Copy, native bool) {
	pending := 0
	for i := range c.Files {
		switch {
		case c.Files[i].State.Blocks(apply.Patch):
			return // said already
		case c.Files[i].Changes():
			pending++
		}
	}
	label := fmt.Sprintf("next-auth %s in %s", c.Release, c.Path)
	switch {
	case c.Err != nil:
	case pending == 0:
		found.Add(doctor.NextAuth, doctor.OK, "%s is patched", label)
	case native:
		found.Add(doctor.NextAuth, doctor.Note, "%s is not patched, and need not be", label)
	default:
		found.Add(doctor.NextAuth, doctor.Error, "%s is not patched: %s of %d", label, count(pending), len(c.Files)).Hint = "proxypatch apply" + a.sameFlags()
	}
}

// agents says which https-proxy-agent each copy loads, and that releases before
// 6 do not work with the proxy that a variable names, if it is https://.
func (a *app) agents(found *doctor.Findings, plan *apply.Plan, secureProxy string) {
	for _, c := range plan.Copies {
		switch {
		case c.Err != nil || !c.Agent.Usable():
		case secureProxy != "" && c.Agent.Major() < 6:
			found.Add(doctor.Agent, doctor.Error, "%s: https-proxy-agent %s does not work with https:// proxies, as %s names one", c.Path, c.Agent.Version, secureProxy).Hint = a.report.project.ProvideAgent(c.Install)
		default:
			found.Add(doctor.Agent, doctor.OK, "%s loads https-proxy-agent %s", c.Path, c.Agent.Version)
		}
	}
}
