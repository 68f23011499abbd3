package clitest

import (
	"fmt"
	"testing"
)

func TestValidate(t *testing.T) {
	const document = `{
		"schema": 1, "command": "check", "dryRun": false, "exit": {"code": 3, "name": "pending"}, "summary": "",
		"problems": [{"severity": "error", "exit": "pending", "message": "m"%s}],
		"findings": [{"area": "proxy", "severity": "error", "message": "m"%s}],
		"copies": []
	}`
	for name, test := range map[string]struct {
		problem, finding string
		code             Code
		fits             bool
	}{
		"no hints":                             {"", "", Pending, true},
		"another code":                         {"", "", Drift, false},
		"hints without commands":               {`, "hint": "wait"`, `, "hint": "wait"`, Pending, true},
		"hints with commands":                  {`, "hint": "first: npm ci", "run": "npm ci"`, `, "hint": "npm ci", "run": "npm ci"`, Pending, true},
		"a problem whose command is elsewhere": {`, "hint": "npm ci", "run": "npm install"`, "", Pending, false},
		"a finding whose command is elsewhere": {"", `, "hint": "npm ci", "run": "npm install"`, Pending, false},
		"a problem's command without a hint":   {`, "run": "npm ci"`, "", Pending, false},
		"a finding's command without a hint":   {"", `, "run": "npm ci"`, Pending, false},
	} {
		if err := Validate(fmt.Sprintf(document, test.problem, test.finding), test.code); (err == nil) != test.fits {
			t.Errorf("%s: %v", name, err)
		}
	}
}
