// Command proxypatch makes an installed NextAuth.js work behind a corporate
// proxy.
package main

import (
	"os"

	"github.com/proxypatch/proxypatch/internal/cli"
)

func main() { os.Exit(cli.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
