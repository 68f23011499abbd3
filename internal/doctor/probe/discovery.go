package probe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// document is a discovery document, or an identity provider's error.
type document struct {
	Issuer   string `json:"issuer"`
	Endpoint string `json:"authorization_endpoint"`
	Error    string `json:"error"`
}

// read notes what the body of an answer is, and what next-auth logs for it.
func (r *Result) read(body []byte) {
	var d document
	valid := json.Unmarshal(body, &d) == nil
	r.HTML = bytes.HasPrefix(trimJSON(body), []byte("<"))
	r.Found = valid && r.Status == http.StatusOK && d.Issuer != ""
	if r.Found {
		r.Issuer = d.Issuer
		return
	}
	r.Log = logged(r.Status, body, d)
}

// logged returns the message of the error that openid-client 5 throws. It returns only
// the part that does not depend on Node.js or on the server, or "".
func logged(status int, body []byte, d document) string {
	switch text := trimJSON(body); {
	case status != http.StatusOK && d.Error != "":
		return known(d.Error)
	case status != http.StatusOK:
		return fmt.Sprintf("expected 200 OK, got: %d %s", status, statusText(status))
	case len(body) == 0 || string(text) == "null":
		return "expected 200 OK with body but no body was returned"
	case len(text) > 0 && !bytes.ContainsAny(text[:1], `{["-0123456789tfn`): // no JSON begins so
		return "Unexpected token"
	case json.Valid(body) && d.Endpoint == "":
		return "authorization_endpoint must be configured on the issuer"
	}
	return ""
}

// trimJSON returns text without the white space that JSON allows before a value.
func trimJSON(text []byte) []byte { return bytes.Trim(text, " \t\r\n") }

// known returns an error that identity providers name, and "" for another text, because
// a server chooses it.
func known(name string) string {
	names := []string{
		"access_denied", "invalid_client", "invalid_request", "invalid_tenant", "server_error", "temporarily_unavailable",
		"unauthorized", "unauthorized_client", "Realm does not exist",
	}
	if slices.Contains(names, name) {
		return name
	}
	return ""
}

// statusText returns the name of a status in Node.js, whose list differs from Go's.
func statusText(status int) string {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return "Payload Too Large"
	case http.StatusRequestURITooLong:
		return "URI Too Long"
	case http.StatusRequestedRangeNotSatisfiable:
		return "Range Not Satisfiable"
	case http.StatusTeapot:
		return "I'm a Teapot"
	case 509:
		return "Bandwidth Limit Exceeded"
	}
	if text := http.StatusText(status); text != "" {
		return text
	}
	return "undefined"
}
