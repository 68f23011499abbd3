package line

import (
	"errors"
	"testing"
)

func TestUnsupportedReleases(t *testing.T) {
	for _, release := range []string{"", "four", "4.2", "v4.2.1", "3.29.10", "4.0.0", "4.0.0-beta.7", "4.2.1-beta.1", "5.0.0", "5.0.0-beta.25"} {
		var unsupported *UnsupportedError
		if l, err := Of(release); !errors.As(err, &unsupported) || unsupported.Hint.Text == "" {
			t.Errorf("%q: got %+v, %v; want an UnsupportedError with a hint", release, l, err)
		}
	}
}
