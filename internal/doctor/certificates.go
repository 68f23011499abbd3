package doctor

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/proxypatch/proxypatch/internal/printable"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

const (
	extraCerts = "NODE_EXTRA_CA_CERTS"
	// maxCerts bounds how much of its file is read, in bytes. Whole lists of
	// authorities are a quarter of a million.
	maxCerts = 16 << 20
)

// Certificates looks at the variables that decide which certificates Node.js
// trusts.
func (e *Environment) Certificates() Findings {
	var f Findings
	if value := e.Get("NODE_TLS_REJECT_UNAUTHORIZED"); value == "0" {
		f.Add(Certificates, Warning, "%s=0: anybody on the way can read and change what the app sends", e.label("NODE_TLS_REJECT_UNAUTHORIZED")).hint("unset it, and name the CA of a proxy that inspects TLS in NODE_EXTRA_CA_CERTS")
	}
	switch path := e.Get(extraCerts); {
	case path == "":
	case e.late(extraCerts):
		f.Add(Certificates, Warning, "%s comes too late: Node.js reads it when it starts", e.label(extraCerts)).hint("export it where the app starts")
	default:
		judgeCerts(&f, path)
	}
	return f
}

// judgeCerts looks at a file as Node.js does, which prints a warning and goes on
// if it can't use it.
func judgeCerts(f *Findings, path string) {
	name := path
	if printable.MayHoldLogin(path) { // somebody has put a URL there
		name = "its file"
	}
	data, err := safefile.ReadFile(path, maxCerts)
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		err = at.Err
	}
	irregular := (*safefile.Error)(nil)
	switch {
	case errors.As(err, &irregular):
		f.Add(Certificates, Error, "%s: %s %v", extraCerts, name, err).hint("export %s=/path/to/ca.pem, a file that the app's user may read", extraCerts)
		return
	case err != nil:
		f.Add(Certificates, Error, "%s: %s can't be read: %v", extraCerts, name, err).hint("export %s=/path/to/ca.pem, a file that the app's user may read", extraCerts)
		return
	}
	certificates, broken := parseCerts(data)
	switch {
	case len(certificates) == 0 && isDER(data):
		f.Add(Certificates, Error, "%s: %s is a certificate, but not in PEM format, so Node.js ignores it", extraCerts, name).hint("openssl x509 -inform der -in FILE -out FILE.pem")
	case len(certificates) == 0:
		f.Add(Certificates, Error, "%s: %s holds no PEM certificate, so Node.js ignores it", extraCerts, name).hint("it has to hold the CA's certificate, between BEGIN CERTIFICATE and END CERTIFICATE")
	case broken:
		f.Add(Certificates, Warning, "%s: %s holds something that is no certificate; Node.js reads up to there", extraCerts, name).hint("leave nothing but certificates in it")
	default:
		f.Add(Certificates, OK, "%s: %s in %s", extraCerts, plural(len(certificates), "certificate"), name)
	}
	switch expired := slices.DeleteFunc(slices.Clone(certificates), valid); {
	case len(expired) == 0:
	case len(expired) == len(certificates):
		f.Add(Certificates, Warning, "%s: what is in %s has expired", extraCerts, name).hint("ask who runs the proxy for the present certificate of its CA")
	default:
		f.Add(Certificates, Note, "%s: %d of %s have expired", extraCerts, len(expired), plural(len(certificates), "certificate"))
	}
}

// parseCerts returns the certificates in PEM data up to the first that can't be
// read.
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
