package nettest

import (
	"net"
	"testing"
)

// FreePort returns a port of this machine at which nothing listens yet.
func FreePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// Listens reports whether a server listens at an address.
func Listens(address string) bool {
	connection, err := net.Dial("tcp", address)
	if err == nil {
		connection.Close()
	}
	return err == nil
}
