// Command gz compresses its input for a package. A gzip of the machine would give other
// bytes on another machine.
package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
)

func main() {
	writer, err := gzip.NewWriterLevel(os.Stdout, gzip.BestCompression)
	if err == nil {
		_, err = io.Copy(writer, os.Stdin)
	}
	if err == nil {
		err = writer.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gz:", err)
		os.Exit(1)
	}
}
