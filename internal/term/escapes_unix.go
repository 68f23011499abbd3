//go:build !windows

package term

import "os"

func obeysEscapes(*os.File) bool { return true }
