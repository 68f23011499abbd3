package probe

import (
	"context"
	"errors"
	"net/http"

	"github.com/proxypatch/proxypatch/internal/doctor/proxyenv"
)

// needsTLS returns the Failure of a try that spoke HTTP to a port for TLS, of the proxy
// or of the target. It returns nil for every other try.
func (w Way) needsTLS(ctx context.Context, r Result, err error) *Failure {
	at, confused := AtAnswer, r.Status == http.StatusBadRequest // as some servers for TLS answer
	if failure := (*Failure)(nil); errors.As(err, &failure) {
		at = failure.At
		confused = failure.Kind == Closed || failure.Kind == NoHTTP || failure.Status == http.StatusBadRequest
	}
	switch toTarget := at == AtAnswer && !w.Target.Secure; {
	case !toTarget && at != AtTunnel:
	case confused && w.Proxy != nil && !w.Proxy.Secure && w.toProxy().speaksTLS(ctx):
		return &Failure{At: AtProxy, Kind: NeedsTLS}
	case toTarget && (confused || w.Proxy != nil && r.Status >= 500) && w.secured().speaksTLS(ctx):
		return &Failure{At: AtAnswer, Kind: NeedsTLS}
	}
	return nil
}

// toProxy is the way to the proxy itself, with TLS.
func (w Way) toProxy() Way {
	w.Target, w.Proxy = &proxyenv.Target{Secure: true, Host: w.Proxy.Host, Port: w.Proxy.Port}, nil
	return w
}

// secured is the way to the same host and port, with TLS.
func (w Way) secured() Way {
	target := *w.Target
	target.Secure = true
	w.Target = &target
	return w
}

// speaksTLS reports whether the target sends a certificate, which may be invalid.
func (w Way) speaksTLS(ctx context.Context) bool {
	conn, err := w.open(ctx)
	if err == nil {
		conn.Close()
		return true
	}
	failure := (*Failure)(nil)
	if !errors.As(err, &failure) || failure.At != AtTLS {
		return false
	}
	return failure.Kind == Untrusted || failure.Kind == WrongName || failure.Kind == Expired
}
