package ci

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/proxypatch/proxypatch/internal/printable"
)

// The parts of SARIF 2.1.0 that are used:
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool           `json:"tool"`
		Invocations []invocation        `json:"invocations"`
		Bases       map[string]artifact `json:"originalUriBaseIds,omitempty"`
		Results     []result            `json:"results"`
		ColumnKind  string              `json:"columnKind"`
	}
	sarifTool struct {
		Driver driver `json:"driver"`
	}
	driver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string  `json:"id"`
		ShortDescription message `json:"shortDescription"`
	}
	invocation struct {
		Successful      bool           `json:"executionSuccessful"`
		ExitCode        int            `json:"exitCode"`
		ExitDescription string         `json:"exitCodeDescription"`
		Notifications   []notification `json:"toolExecutionNotifications,omitempty"`
	}
	notification struct {
		Level   string  `json:"level"`
		Message message `json:"message"`
	}
	result struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      message           `json:"message"`
		Locations    []location        `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
	}
	location struct {
		Physical physicalLocation `json:"physicalLocation"`
	}
	physicalLocation struct {
		Artifact artifact `json:"artifactLocation"`
		Region   *region  `json:"region,omitempty"`
	}
	artifact struct {
		URI  string `json:"uri"`
		Base string `json:"uriBaseId,omitempty"`
	}
	region struct {
		StartLine int `json:"startLine"`
	}
	message struct {
		Text string `json:"text"`
	}
)

const (
	home        = "https://github.com/proxypatch/proxypatch"
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	projectRoot = "PROJECTROOT"
	manifest    = "package.json" // where to show what is of a copy, or a project, as a whole
)

// SARIF writes a log with a result per finding about what is installed; those
// about the run itself, and warnings, are notifications.
func SARIF(w io.Writer, r Report) error {
	run := sarifRun{
		Tool:       sarifTool{driver{"proxypatch", r.Version, home, []sarifRule{}}},
		Results:    []result{},
		ColumnKind: "unicodeCodePoints",
	}
	index := map[string]int{}
	for _, rule := range r.Rules {
		if !rule.Run {
			index[rule.ID] = len(run.Tool.Driver.Rules)
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{rule.ID, message{rule.Text}})
		}
	}
	if r.Root != "" {
		run.Bases = map[string]artifact{projectRoot: {URI: fileURI(r.Root) + "/"}}
	}
	invoked := invocation{Successful: true, ExitCode: r.Exit.Code, ExitDescription: r.Exit.Name}
	for _, p := range r.Findings {
		switch {
		case p.Rule == "":
			invoked.Notifications = append(invoked.Notifications, notification{"warning", message{p.text()}})
		case r.ofRun(p.Rule):
			invoked.Successful = false
			invoked.Notifications = append(invoked.Notifications, notification{"error", message{p.text()}})
		default:
			run.Results = append(run.Results, r.result(p, index[p.Rule]))
		}
	}
	run.Invocations = []invocation{invoked}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(sarifLog{sarifSchema, "2.1.0", []sarifRun{run}}); err != nil {
		return err
	}
	_, err := w.Write(DisarmJSON([]byte(printable.JSON(out.String()))))
	return err
}

func (r Report) result(p Problem, index int) result {
	at := r.artifact(p)
	where := physicalLocation{Artifact: at}
	if p.Line > 0 {
		where.Region = &region{p.Line}
	}
	what := r.release(p.Copy)
	if p.Copy == "" {
		what = p.Message
	}
	print := sha256.Sum256([]byte(p.Rule + "\x00" + at.URI + "\x00" + what))
	return result{
		RuleID: p.Rule, RuleIndex: index, Level: "error", Message: message{p.text()},
		Locations:    []location{{where}},
		Fingerprints: map[string]string{"stateOfFile/v1": hex.EncodeToString(print[:])},
	}
}

// artifact says where a problem is to be shown.
func (r Report) artifact(p Problem) artifact {
	place := p.place()
	switch {
	case place == "":
		return artifact{manifest, r.base()}
	case p.File == "":
		place = filepath.Join(place, manifest)
	}
	if rel, ok := below(r.Root, place); ok {
		return artifact{(&url.URL{Path: rel}).String(), projectRoot}
	}
	return artifact{fileURI(place), ""}
}

func (r Report) base() string {
	if r.Root == "" {
		return ""
	}
	return projectRoot
}

func (r Report) release(dir string) string {
	for _, c := range r.Copies {
		if c.Dir == dir {
			return c.Release
		}
	}
	return ""
}

// fileURI returns the URI of an absolute path.
func fileURI(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // C:/…
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: strings.TrimSuffix(path, "/")}).String()
}
