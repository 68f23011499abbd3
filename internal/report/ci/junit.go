package ci

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"

	"github.com/proxypatch/proxypatch/internal/printable"
)

// JUnit has no standard; these are the elements and attributes that Jenkins and
// GitLab read.
type (
	testSuites struct {
		XMLName  xml.Name    `xml:"testsuites"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Suites   []testSuite `xml:"testsuite"`
	}
	testSuite struct {
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Cases    []testCase `xml:"testcase"`
	}
	testCase struct {
		Name      string   `xml:"name,attr"`
		ClassName string   `xml:"classname,attr"`
		Errors    []broken `xml:"error"`
		Failures  []broken `xml:"failure"`
	}
	broken struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes a test suite per copy with a test case per file, which fails
// unless the file is as wanted. What else is wrong is a test case of its own. A
// document without failures and errors is one of exit code 0.
func JUnit(w io.Writer, r Report) error {
	all := testSuites{Name: r.title()}
	copies := map[string]bool{}
	for _, c := range r.Copies {
		copies[c.Dir] = true
		suite := testSuite{Name: printable.Text(fmt.Sprintf("next-auth %s in %s", c.Release, c.Path))}
		files := map[string]bool{}
		for _, file := range c.Files {
			files[file] = true
			suite.add(r, file, c.Path, func(p Problem) bool { return p.Copy == c.Dir && p.File == file })
		}
		suite.addEach(r, c.Path, func(p Problem) bool { return p.Copy == c.Dir && !files[p.File] })
		all.add(suite)
	}
	run := testSuite{Name: all.Name}
	run.addEach(r, all.Name, func(p Problem) bool { return !copies[p.Copy] })
	if len(r.Copies) == 0 && run.Tests == 0 {
		run.add(r, r.Summary, all.Name, func(Problem) bool { return false })
	}
	if run.Tests > 0 {
		all.add(run)
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	text = bytes.ReplaceAll(text, []byte("##["), []byte("##&#91;")) // would be a workflow command in a log
	_, err = io.WriteString(w, xml.Header+string(text)+"\n")
	return err
}

func (s *testSuites) add(suite testSuite) {
	s.Suites = append(s.Suites, suite)
	s.Tests, s.Failures, s.Errors = s.Tests+suite.Tests, s.Failures+suite.Failures, s.Errors+suite.Errors
}

// add adds a test case with the findings that are its own.
func (s *testSuite) add(r Report, name, class string, own func(Problem) bool) {
	test := testCase{Name: printable.Text(name), ClassName: printable.Text(class)}
	for _, p := range r.Findings {
		if p.Rule == "" || !own(p) {
			continue
		}
		found := broken{Type: p.Rule, Message: printable.Text(p.Message), Text: p.text()}
		if r.ofRun(p.Rule) {
			test.Errors = append(test.Errors, found)
		} else {
			test.Failures = append(test.Failures, found)
		}
	}
	s.Cases = append(s.Cases, test)
	s.Tests++
	s.Failures, s.Errors = s.Failures+min(len(test.Failures), 1), s.Errors+min(len(test.Errors), 1)
}

// addEach adds a test case for each rule that findings of some kind break.
func (s *testSuite) addEach(r Report, class string, own func(Problem) bool) {
	for _, rule := range r.Rules {
		own := func(p Problem) bool { return p.Rule == rule.ID && own(p) }
		for _, p := range r.Findings {
			if own(p) {
				s.add(r, rule.ID, class, own)
				break
			}
		}
	}
}

// ofRun reports whether a rule speaks of the run.
func (r Report) ofRun(id string) bool {
	for _, rule := range r.Rules {
		if rule.ID == id {
			return rule.Run
		}
	}
	return false
}
