package doctor

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/printable"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

const (
	extraCerts = "NODE_EXTRA_CA_CERTS"
	tooLate    = "%s has no effect: Node.js reads it at startup, before Next.js loads .env files"
	exportIt   = "export it in the environment that starts the app"
	// maxCerts limits how many bytes of its file are read. A complete list of
	// authorities has about 250,000.
	maxCerts = 16 << 20
)

var exportCA = hint.Keep("export " + extraCerts + "=/path/to/ca.pem")

// Certificates checks the variables that decide which certificates Node.js trusts.
func (e *Environment) Certificates() Findings {
	var f Findings
	if value := e.Get("NODE_TLS_REJECT_UNAUTHORIZED"); value == "0" {
		f.Add(Certificates, Warning, "%s=0: anyone between the app and the identity provider can read and change its requests", e.label("NODE_TLS_REJECT_UNAUTHORIZED")).hint("unset it; if your proxy inspects TLS, set NODE_EXTRA_CA_CERTS to its CA certificate")
	}
	switch path := e.Get(extraCerts); {
	case path == "":
	case e.late(extraCerts):
		f.Add(Certificates, Warning, tooLate, e.label(extraCerts)).hint(exportIt)
	default:
		judgeCerts(&f, path)
	}
	return f
}

// judgeCerts checks the file as Node.js does. Node.js prints a warning and ignores
// a file that it can't use.
func judgeCerts(f *Findings, path string) {
	name := path
	if printable.MayHoldLogin(path) { // a URL by mistake
		name = "its file"
	}
	data, err := safefile.ReadFile(path, maxCerts)
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		err = at.Err
	}
	readable := hint.Join(hint.Text("set it to a file that the app's user can read: "), exportCA)
	irregular := (*safefile.Error)(nil)
	switch {
	case errors.As(err, &irregular):
		f.Add(Certificates, Error, "%s: %s %v", extraCerts, name, err).Hint = readable
		return
	case err != nil:
		f.Add(Certificates, Error, "%s: %s can't be read: %v", extraCerts, name, err).Hint = readable
		return
	}
	certificates, broken := parseCerts(data)
	switch {
	case len(certificates) == 0 && isDER(data):
		f.Add(Certificates, Error, "%s: %s is a certificate, but not in PEM format, so Node.js ignores it", extraCerts, name).Hint = hint.Join(hint.Text("convert it: "), hint.Keep("openssl x509 -inform der -in FILE -out FILE.pem"))
	case len(certificates) == 0:
		f.Add(Certificates, Error, "%s: %s contains no PEM certificate, so Node.js ignores it", extraCerts, name).hint("use the CA's certificate in PEM format, which starts with BEGIN CERTIFICATE")
	case broken:
		f.Add(Certificates, Warning, "%s: %s contains an invalid certificate; Node.js ignores it and what follows", extraCerts, name).hint("remove everything but valid certificates from the file")
	default:
		f.Add(Certificates, OK, "%s: %s in %s", extraCerts, plural(len(certificates), "certificate"), name)
	}
	switch expired := slices.DeleteFunc(slices.Clone(certificates), valid); {
	case len(expired) == 0:
	case len(expired) == len(certificates):
		f.Add(Certificates, Warning, "%s: every certificate in %s has expired", extraCerts, name).hint("ask the proxy's administrator for the current certificate of its CA")
	default:
		f.Add(Certificates, Note, "%s: %d of %s have expired", extraCerts, len(expired), plural(len(certificates), "certificate"))
	}
}

// parseCerts returns the certificates in PEM data before the first invalid one.
func parseCerts(data []byte) (certificates []*x509.Certificate, broken bool) {
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return certificates, false
		}
		if block.Type != "CERTIFICATE" && block.Type != "TRUSTED CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return certificates, true
		}
		certificates = append(certificates, c)
	}
}

func isDER(data []byte) bool {
	_, err := x509.ParseCertificate(data)
	return err == nil
}

func valid(c *x509.Certificate) bool { return time.Now().Before(c.NotAfter) }
