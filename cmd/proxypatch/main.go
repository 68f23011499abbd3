// Command proxypatch makes an installed NextAuth.js work behind a corporate
// proxy.
package main

import "os"

func main() { os.Exit(int(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))) }
