package prooftest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"
	"time"
)

// visitor is a browser with cookies, but without scripts.
type visitor struct {
	*http.Client
	auth string // the URL of next-auth's routes
}

// SignIn signs in to the app at an origin with its provider "idp", whose services are in
// [NewNetwork]. It returns the user of the session, and the error that next-auth shows.
func SignIn(t *testing.T, origin string) (user, failure string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{&http.Client{Jar: jar, Timeout: time.Minute}, origin + "/api/auth"}

	var csrf struct{ CSRFToken string }
	v.read(t, http.MethodGet, "/csrf", nil, &csrf)
	var next struct{ URL string }
	v.read(t, http.MethodPost, "/signin/idp", url.Values{"csrfToken": {csrf.CSRFToken}, "callbackUrl": {origin}, "json": {"true"}}, &next)
	provider, err := url.Parse(next.URL)
	if err != nil {
		t.Fatal(err)
	}
	if failure = provider.Query().Get("error"); failure == "" {
		failure = v.comeBack(t, provider.Query())
	}

	var session struct{ User struct{ Name string } }
	v.read(t, http.MethodGet, "/session", nil, &session)
	return session.User.Name, failure
}

// comeBack opens the address to which the identity provider redirects a visitor.
func (v *visitor) comeBack(t *testing.T, request url.Values) (failure string) {
	t.Helper()
	answer := url.Values{"code": {"code"}}
	if state := request.Get("state"); state != "" {
		answer.Set("state", state)
	}
	response, err := v.Get(v.auth + "/callback/idp?" + answer.Encode())
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.Request.URL.Query().Get("error")
}

// read sends a request to next-auth and reads its answer, which is JSON.
func (v *visitor) read(t *testing.T, method, path string, form url.Values, answer any) {
	t.Helper()
	var response *http.Response
	var err error
	if method == http.MethodPost {
		response, err = v.PostForm(v.auth+path, form)
	} else {
		response, err = v.Get(v.auth + path)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, answer); err != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, data)
	}
}
