package page

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Machine describes this machine and how busy it is, in one line.
func Machine() string {
	text := fmt.Sprintf("%s/%s with %d processors", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, found := strings.Cut(string(info), "model name\t: "); found {
			model, _, _ := strings.Cut(rest, "\n")
			text += " (" + model + ")"
		}
	}
	return text + ", " + runtime.Version() + load()
}

// load returns how many processes were ready to run in the last minute, on average.
func load() string {
	average, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	minute, _, _ := strings.Cut(string(average), " ")
	return ", load average " + minute
}
