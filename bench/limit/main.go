// Command limit only links the three libraries that proxypatch is built on, and does
// nothing. No proxypatch can start faster, so the measurements compare with it.
package main

import (
	_ "github.com/Masterminds/semver/v3"
	_ "github.com/bluekeyes/go-gitdiff/gitdiff"
	_ "github.com/spf13/cobra"
)

func main() {}
