//go:build unix

package built

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkRead compares judging a build of 5,000 files with only reading them. The ratio
// must be under 2. It is one of processor time, so that a busy machine does not change it.
func BenchmarkRead(b *testing.B) {
	dir := b.TempDir()
	for i := range 5000 {
		name := filepath.Join(dir, ".next", "server", "chunks", fmt.Sprint(i%50), fmt.Sprintf("%d.js", i))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(strings.Repeat(`let a=new e.Client({r:t.o,n:"next"});function c(p){return h["redirect"](p)}`, 300)+openidCode+ownClient+helper), 0o644)); err != nil {
			b.Fatal(err)
		}
	}
	build := Build{Dir: dir, Dist: ".next"}
	reading, judging := time.Hour, time.Hour // the best of all
	for b.Loop() {
		start := used(b)
		if err := readAll(filepath.Join(dir, ".next", "server")); err != nil {
			b.Fatal(err)
		}
		middle := used(b)
		if _, err := build.Read(); err != nil {
			b.Fatal(err)
		}
		reading, judging = min(reading, middle-start), min(judging, used(b)-middle)
	}
	ratio := float64(judging) / float64(reading)
	b.ReportMetric(ratio, "times-reading")
	if ratio >= 2 {
		b.Errorf("judging takes %.1f times as long as reading", ratio)
	}
}

// readAll reads every file below a directory.
func readAll(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		_, err = os.ReadFile(path)
		return err
	})
}

// used returns the time that the process has used the processor.
func used(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
