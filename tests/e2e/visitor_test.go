package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/proxypatch/proxypatch/internal/testkit/nettest"
)

// visitor is a browser with cookies and forms, but without scripts. It reaches the
// services of a network without the proxy, because browsers have their own connection.
type visitor struct {
	client *http.Client
}

func newVisitor(t *testing.T, network *nettest.Network) *visitor {
	t.Helper()
	authority, err := os.ReadFile(network.CA())
	must(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	jar, err := cookiejar.New(nil)
	must(t, err)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, kind, address string) (net.Conn, error) {
			if _, port, _ := net.SplitHostPort(address); port == "443" {
				address = network.Address()
			}
			return new(net.Dialer).DialContext(ctx, kind, address)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &visitor{&http.Client{Jar: jar, Transport: transport, Timeout: time.Minute}}
}

// session is next-auth's session. No one is signed in if User is empty.
// Error is the error on the page where a sign-in ended.
type session struct {
	User  struct{ Name, Email, Image string }
	Error string
}

// signIn does a complete sign-in to the app at a URL with one of its providers: the
// app's page, the provider's pages, and back.
func (v *visitor) signIn(app, provider string) (session, error) {
	page, err := v.open(app + "/api/auth/signin")
	if err != nil {
		return session{}, err
	}
	page, err = v.submit(page, fmt.Sprintf(`form[action$="/signin/%s"]`, provider))
	for range 5 {
		if err != nil {
			return session{}, err
		}
		if page.Url.Scheme == "http" { // back at the app
			return v.session(app, page.Url)
		}
		page, err = v.submit(page, "form")
	}
	return session{}, fmt.Errorf("the provider asks again and again, at last at %s", page.Url)
}

// session requests the session from the app after a sign-in that ended on a page.
func (v *visitor) session(app string, page *url.URL) (session, error) {
	s := session{Error: page.Query().Get("error")}
	response, err := v.client.Get(app + "/api/auth/session")
	if err != nil {
		return s, err
	}
	defer response.Body.Close()
	return s, json.NewDecoder(response.Body).Decode(&s)
}

func (v *visitor) open(address string) (*goquery.Document, error) {
	response, err := v.client.Get(address)
	return read(response, err)
}

// submit sends a form of a page, and fills in a name and a password if it has such
// fields.
func (v *visitor) submit(page *goquery.Document, selector string) (*goquery.Document, error) {
	form := page.Find(selector).First()
	if form.Length() == 0 {
		return nil, fmt.Errorf("%s has no %s", page.Url, selector)
	}
	values := url.Values{"login": {"ada"}, "password": {"any"}}
	form.Find("input[type=hidden]").Each(func(_ int, input *goquery.Selection) {
		values.Set(input.AttrOr("name", ""), input.AttrOr("value", ""))
	})
	action, err := page.Url.Parse(form.AttrOr("action", ""))
	if err != nil {
		return nil, err
	}
	response, err := v.client.PostForm(action.String(), values)
	return read(response, err)
}

// read returns the page of a response. An error page is a page.
func read(response *http.Response, err error) (*goquery.Document, error) {
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	page, err := goquery.NewDocumentFromReader(response.Body)
	if err != nil {
		return nil, err
	}
	page.Url = response.Request.URL
	return page, nil
}
