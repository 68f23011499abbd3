package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
)

// Failure is why an attempt got no answer. It never quotes text from a proxy or a
// server, except the name of a certificate's issuer.
type Failure struct {
	At     Stage
	Kind   Kind
	Status int      // with Refused
	Logins []string // with Refused: the ways to log in that the proxy offers, in lower case
	Issuer string   // with Untrusted: who signed the certificate
	Reason string   // with Unreachable and NoTLS: what the system or the TLS library says
}

// Stage is how far an attempt got.
type Stage int

// The stages, in order. A direct connection has AtTarget instead of the first three.
const (
	AtProxy    Stage = iota // connecting to the proxy
	AtProxyTLS              // TLS with an https:// proxy
	AtTunnel                // CONNECT
	AtTarget                // connecting to the target without a proxy
	AtTLS                   // TLS with the target
	AtAnswer                // the request
)

// Kind is what went wrong.
type Kind int

// The kinds.
const (
	UnknownName Kind = iota // the host name can't be resolved
	Unreachable             // the system could not connect
	Silent                  // no answer within the limit
	Closed                  // the other side closed the connection
	NoHTTP                  // the answer is not HTTP
	Refused                 // the proxy answered with a status other than 200
	NoTLS                   // TLS failed before the server sent a certificate
	Untrusted               // no trusted authority signed the certificate
	WrongName               // the certificate is for other hosts
	Expired                 // the certificate is not valid now
	NeedsTLS                // the port speaks only TLS, and the URL starts with http://
)

func (f *Failure) Error() string { return fmt.Sprintf("stage %d, kind %d: %s", f.At, f.Kind, f.Reason) }

// failed returns the Failure of an error at a stage.
func failed(at Stage, err error) *Failure {
	f := &Failure{}
	if !errors.As(err, &f) {
		f = classify(at, err)
	}
	f.At = at
	return f
}

func classify(at Stage, err error) *Failure {
	var (
		name   *net.DNSError
		errno  syscall.Errno
		system net.Error
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &system) && system.Timeout():
		return &Failure{Kind: Silent}
	case errors.As(err, &name) && name.IsNotFound:
		return &Failure{Kind: UnknownName}
	case errors.As(err, &name):
		return &Failure{Kind: Unreachable, Reason: name.Err}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return &Failure{Kind: Closed}
	case at == AtProxy || at == AtTarget:
		reason := "no connection"
		if errors.As(err, &errno) {
			reason = errno.Error()
		}
		return &Failure{Kind: Unreachable, Reason: reason}
	case at == AtTLS || at == AtProxyTLS:
		return &Failure{Kind: NoTLS, Reason: tlsReason(err)}
	}
	return &Failure{Kind: NoHTTP}
}

func tlsReason(err error) string {
	var alert tls.AlertError
	if errors.As(err, &tls.RecordHeaderError{}) {
		return "the answer is not TLS"
	}
	if errors.As(err, &alert) {
		return alert.Error()
	}
	return strings.TrimPrefix(err.Error(), "tls: ")
}

// offered matches the ways to log in; one header may list several.
var (
	offered = lazyregexp.Compile(`(?i)(?:^|,)\s*(basic|bearer|digest|kerberos|negotiate|ntlm)\b`)
	quoted  = lazyregexp.Compile(`"[^"]*"`)
)

func refused(answer *http.Response) *Failure {
	f := &Failure{At: AtAnswer, Kind: Refused, Status: answer.StatusCode}
	for _, header := range answer.Header.Values("Proxy-Authenticate") {
		for _, m := range offered().FindAllStringSubmatch(quoted().ReplaceAllString(header, ""), -1) {
			if login := strings.ToLower(m[1]); !slices.Contains(f.Logins, login) {
				f.Logins = append(f.Logins, login)
			}
		}
	}
	return f
}

// mistrusted returns the Failure of a rejected certificate. It names the issuer of the
// last certificate in the chain.
func mistrusted(chain []*x509.Certificate, err error) *Failure {
	var (
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &name):
		return &Failure{Kind: WrongName}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return &Failure{Kind: Expired}
	}
	issuer := chain[len(chain)-1].Issuer
	organization := ""
	if len(issuer.Organization) > 0 {
		organization = issuer.Organization[0]
	}
	return &Failure{Kind: Untrusted, Issuer: cmp.Or(issuer.CommonName, organization, "an issuer without a name")}
}
