package ci_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/printable"
	"github.com/proxypatch/proxypatch/internal/report/ci"
	"github.com/proxypatch/proxypatch/internal/testkit/citest"
)

// names are what a disk may hold, and would like to be more than a name.
var names = map[string]string{
	"plain":            "core/lib/oauth/client.js",
	"workflow command": "::error::x\n::set-output name=a::b\r::stop-commands::c",
	"properties":       "a,file=b:line=1%2Cc%0A::warning::d",
	"old command":      "##[error]x ##[add-mask]y",
	"XML":              `</testcase><failure/>]]>&amp;<!--"'>`,
	"control":          "\x00\x01\x1b[31mred\x1b[0m\x7f\u0085\u2028\ufffe\uffff",
	"no UTF-8":         "a\xff\xfe\xc3(",
	"C1 and direction": "a\u009b31mb\u202ec",
	"Markdown":         "`a` **b** [c](http://d) | <script>alert(1)</script> <!-- @team #1 :+1: \\| ~~e~~ www.example.com\n# f",
	"spaces":           " a  b ",
	"URI":              "a%20b?c#d e:f",
	"SARIF quotes":     `"\u0000"}],"x":[{`,
}

func reportOf(name string) ci.Report {
	root := filepath.FromSlash("/srv/project")
	dir := filepath.Join(root, "node_modules", "next-auth")
	told := ci.Problem{Rule: "drift", Message: name + ": does not fit", Hint: "look at " + name + "\nand again", Copy: dir, File: name, Line: 7}
	run := ci.Problem{Rule: "failed", Message: name}
	problems := []ci.Problem{told, {Rule: "agent", Message: name, Copy: dir}, run, {Message: name + " is odd"}, {Rule: "drift", Message: "elsewhere", Copy: "/elsewhere/" + name, File: "x.js"}}
	return ci.Report{
		Version: "1.2.3", Command: "check", Root: root, Exit: ci.Exit{Code: 4, Name: "drift"}, Summary: name,
		Problems: problems, Findings: problems,
		Copies: []ci.Copy{{Path: "node_modules/" + name, Dir: dir, Release: name, Files: []string{"core/lib/proxy.js", name}}},
		Tables: []ci.Table{{Header: []string{"a", "b"}, Rows: [][]string{{name, name}}}},
		Rules:  []ci.Rule{{"failed", "it failed", true}, {"drift", "it drifted", false}, {"agent", "no agent", false}},
	}
}

// commands returns what the runner of GitHub Actions would obey in a log, by its
// rules: https://github.com/actions/runner, ActionCommand.
func commands(log string) []string {
	var found []string
	for line := range strings.SplitSeq(strings.ReplaceAll(log, "\r\n", "\n"), "\n") {
		for part := range strings.SplitSeq(line, "\r") { // be stricter: some end lines here too
			if strings.HasPrefix(strings.TrimSpace(part), "::") || strings.Contains(part, "##[") {
				found = append(found, part)
			}
		}
	}
	return found
}

var annotation = regexp.MustCompile(`^::(error|warning) ((?:[a-z]+=[^,:\r\n]*,?)+)::([^\r\n]*)$`)

func TestAnnotationsAreTheOnlyCommands(t *testing.T) {
	for title, name := range names {
		t.Run(title, func(t *testing.T) {
			var out bytes.Buffer
			r := reportOf(name)
			if err := ci.Annotations(&out, r, r.Root); err != nil {
				t.Fatal(err)
			}
			got := commands(out.String())
			if len(got) != len(r.Problems) {
				t.Fatalf("%d commands for %d problems:\n%s", len(got), len(r.Problems), out.String())
			}
			unescape := strings.NewReplacer("%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%")
			for i, line := range got {
				m := annotation.FindStringSubmatch(line)
				if m == nil {
					t.Fatalf("no annotation: %q", line)
				}
				if p := r.Problems[i]; !strings.HasPrefix(unescape.Replace(m[3]), strings.ReplaceAll(printable.Text(p.Message), "##[", `##\[`)) || (m[1] == "warning") != (p.Rule == "") {
					t.Errorf("%q says something else than %+v", line, p)
				}
			}
			want := "file=" + strings.NewReplacer("%", "%25", ":", "%3A", ",", "%2C", "##[", `##\[`).Replace(printable.Text(filepath.ToSlash(filepath.Join("node_modules/next-auth", name)))) + ",line=7,title=proxypatch check%3A drift::"
			if !strings.Contains(got[0], want) {
				t.Errorf("%q lacks %q", got[0], want)
			}
		})
	}
}

// Nothing that a terminal might obey stands in any form, but as an escape.
func TestNothingIsRaw(t *testing.T) {
	for title, name := range names {
		for form, write := range map[string]func(io.Writer, ci.Report) error{
			"annotations": func(w io.Writer, r ci.Report) error { return ci.Annotations(w, r, r.Root) },
			"summary": func(w io.Writer, r ci.Report) error {
				_, err := io.WriteString(w, ci.Summary(r))
				return err
			},
			"sarif": ci.SARIF,
			"junit": ci.JUnit,
		} {
			out := string(mustWrite(t, write, reportOf(name)))
			at := strings.IndexFunc(out, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) })
			if at >= 0 || !utf8.ValidString(out) {
				t.Errorf("%s: %s, of a name with %s", form, strconv.Quote(out), title)
			}
		}
	}
}

func TestDisarm(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"plain":    {"a :: b # [c]\n", "a :: b # [c]\n"},
		"new":      {"::error::x\n", "\\::error::x\n"},
		"indented": {"ok\n \t ::error::x\nok\n", "ok\n \t \\::error::x\nok\n"},
		"old":      {"a ##[error]x ##[y]", `a ##\[error]x ##\[y]`},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			n, err := io.WriteString(ci.Disarm(&out), test.text)
			if err != nil || n != len(test.text) {
				t.Fatalf("wrote %d, %v", n, err)
			}
			if diff := cmp.Diff(test.want, out.String()); diff != "" {
				t.Error(diff)
			}
			if found := commands(out.String()); found != nil {
				t.Errorf("obeyed: %q", found)
			}
		})
	}
	for _, name := range names {
		var out bytes.Buffer
		_, _ = io.WriteString(ci.Disarm(&out), strings.ReplaceAll(name, "\r", " ")+"\n")
		if found := commands(out.String()); found != nil {
			t.Errorf("obeyed: %q", found)
		}
	}
	document := []byte(`{"a": "##[error]"}`)
	var was, is any
	if json.Unmarshal(document, &was) != nil || json.Unmarshal(ci.DisarmJSON(document), &is) != nil || !cmp.Equal(was, is) {
		t.Errorf("%s is another document", ci.DisarmJSON(document))
	}
}

func TestSummary(t *testing.T) {
	for title, name := range names {
		t.Run(title, func(t *testing.T) {
			text := ci.Summary(reportOf(name))
			// Of a name, nothing is left that could be markup.
			if diff := cmp.Diff(skeleton(ci.Summary(reportOf("x"))), skeleton(text)); diff != "" {
				t.Errorf("(-harmless +got):\n%s", diff)
			}
			rows := regexp.MustCompile(`(?m)^\|.*$`).FindAllString(text, -1)
			if len(rows) != 3 {
				t.Errorf("%d rows:\n%s", len(rows), text)
			}
			for _, row := range rows {
				if n := strings.Count(row, "|"); n != 3 {
					t.Errorf("%d cells: %s", n-1, row)
				}
			}
			if title == "XML" && !strings.Contains(text, "&#60;&#47;testcase&#62;") {
				t.Errorf("the name is lost:\n%s", text)
			}
		})
	}
}

// skeleton returns the punctuation of Markdown, without character references and
// line breaks, of which names may bring some.
func skeleton(text string) string {
	text = strings.ReplaceAll(regexp.MustCompile("&#[0-9]+;").ReplaceAllString(text, ""), "<br>", "")
	return regexp.MustCompile(`[^[:punct:]\x00-\x09\x0b-\x1f]`).ReplaceAllString(text, "")
}

func TestAppendSummary(t *testing.T) {
	r := reportOf("x")
	path := filepath.Join(t.TempDir(), "summary")
	if err := errors.Join(ci.AppendSummary(path, r), ci.AppendSummary(path, r)); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != ci.Summary(r)+ci.Summary(r) {
		t.Errorf("got:\n%s", got)
	}
	for _, bad := range []string{t.TempDir(), filepath.Join(path, "x"), filepath.Join(t.TempDir(), "none", "x")} {
		if err := ci.AppendSummary(bad, r); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func TestSARIF(t *testing.T) {
	var documents [][]byte
	for title, name := range names {
		t.Run(title, func(t *testing.T) {
			r := reportOf(name)
			out := mustWrite(t, ci.SARIF, r)
			if !bytes.Equal(out, mustWrite(t, ci.SARIF, r)) {
				t.Error("not the same twice")
			}
			if found := commands(string(out)); found != nil {
				t.Errorf("obeyed: %q", found)
			}
			documents = append(documents, out)
			log := citest.DecodeSARIF(t, out)
			run := log.Runs[0]
			if len(run.Results) != 3 || len(run.Invocations[0].Notifications) != 2 || run.Invocations[0].Successful {
				t.Errorf("results %+v, invocation %+v", run.Results, run.Invocations[0])
			}
			uri := run.Results[0].Locations[0].PhysicalLocation.ArtifactLocation.URI
			if got, want := citest.Unescape(t, uri), filepath.ToSlash(filepath.Join("node_modules/next-auth", name)); got != want {
				t.Errorf("%q is %q, not %q", uri, got, want)
			}
		})
	}
	citest.ValidSARIF(t, documents...)
}

func TestJUnit(t *testing.T) {
	var documents [][]byte
	for title, name := range names {
		t.Run(title, func(t *testing.T) {
			r := reportOf(name)
			out := mustWrite(t, ci.JUnit, r)
			if !bytes.Equal(out, mustWrite(t, ci.JUnit, r)) {
				t.Error("not the same twice")
			}
			if found := commands(string(out)); found != nil {
				t.Errorf("obeyed: %q", found)
			}
			documents = append(documents, out)
			all := citest.DecodeJUnit(t, out)
			if len(all.Suites) != 2 || len(all.Suites[0].Cases) != 3 || len(all.Suites[1].Cases) != 2 {
				t.Fatalf("got %+v", all)
			}
			if all.Tests != 5 || all.Failures != 3 || all.Errors != 1 {
				t.Errorf("counts %+v", all)
			}
			file := all.Suites[0].Cases[1]
			if want := printable.Text(name); file.Name != want || len(file.Failures) != 1 || !strings.HasPrefix(file.Failures[0].Message, want) {
				t.Errorf("got %+v; want the name %q", file, want)
			}
		})
	}
	citest.ValidJUnit(t, documents...)
}

func mustWrite(t *testing.T, write func(io.Writer, ci.Report) error, r ci.Report) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestEmptyReports(t *testing.T) {
	r := ci.Report{Version: "1", Command: "check", Summary: "nothing to do: no next-auth"}
	citest.ValidSARIF(t, mustWrite(t, ci.SARIF, r))
	junit := mustWrite(t, ci.JUnit, r)
	citest.ValidJUnit(t, junit)
	if all := citest.DecodeJUnit(t, junit); all.Tests != 1 || all.Failures+all.Errors != 0 {
		t.Errorf("got %+v", all)
	}
	var out bytes.Buffer
	if err := ci.Annotations(&out, r, ""); err != nil || out.Len() > 0 {
		t.Errorf("got %q, %v", out.String(), err)
	}
}
