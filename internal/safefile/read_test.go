package safefile

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReadInto(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"empty": "", "short": "ab", "long": "abcdefgh"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	var buffer []byte
	for _, test := range []struct{ name, want string }{{"empty", ""}, {"long", "abcdefgh"}, {"short", "ab"}, {"empty", ""}} {
		data, err := ReadInto(buffer, root, test.name, 8)
		if err != nil || data == nil || string(data) != test.want {
			t.Errorf("%s: got %q, %v", test.name, data, err)
		}
		buffer = data
	}
	if _, err := ReadInto(buffer, root, "long", 7); err == nil {
		t.Error("read more than the limit")
	}
}
