package detect_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/proxypatch/proxypatch/internal/detect"
)

// TestParallelError: which error is returned must not vary with the processor that is faster.
func TestParallelError(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for range 200 {
		failed := make(chan struct{})
		err := detect.Parallel(8, func(i int) error {
			switch i {
			case 2:
				<-failed // the later number fails first
			case 3:
				defer close(failed)
			default:
				return nil
			}
			return fmt.Errorf("%d", i)
		})
		if err == nil || err.Error() != "2" {
			t.Fatalf("got error %v, want that of 2", err)
		}
	}
}
