package pnp

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/safefile"
)

// entry is an entry of an archive.
type entry struct {
	name, text string
	mode       fs.FileMode
	method     uint16
}

func pack(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: e.method}
		header.SetMode(e.mode | 0o644)
		at, err := w.CreateHeader(header)
		if err == nil {
			_, err = at.Write([]byte(e.text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const inside = "node_modules/next-auth"

var healthy = []entry{
	{name: "node_modules/", mode: fs.ModeDir},
	{name: inside + "/", mode: fs.ModeDir},
	{name: inside + "/package.json", text: `{"name": "next-auth"}`},
	{name: inside + "/index.js", text: strings.Repeat("// long\n", 1000), method: zip.Deflate},
	{name: inside + "/core/lib/client.js", text: "1"}, // its directories have no entries
}

func saved(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "next-auth-npm-4.24.15-dd.zip")
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpen(t *testing.T) {
	path := saved(t, pack(t, healthy...))
	files, err := Open(filepath.Join(path, filepath.FromSlash(inside)))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range healthy[2:] {
		data, err := fs.ReadFile(files, strings.TrimPrefix(e.name, inside+"/"))
		if err != nil || string(data) != e.text {
			t.Errorf("%s: %d bytes, %v", e.name, len(data), err)
		}
	}
	if info, err := fs.Stat(files, "core/lib"); err != nil || !info.IsDir() {
		t.Errorf("core/lib: %v, %v", info, err)
	}
	if _, err := fs.ReadFile(files, "../../secret"); err == nil {
		t.Error("a path leads out of the package")
	}
}

// TestOpenDirectory: an unplugged package is not in an archive, even if its directories have
// names of archives.
func TestOpenDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop.zip", "unplugged", "a.zip")
	if err := os.MkdirAll(filepath.Join(dir, "package"), 0o777); err != nil {
		t.Fatal(err)
	}
	if files, err := Open(filepath.Join(dir, "package")); files != nil || err != nil {
		t.Errorf("got %v, %v", files, err)
	}
	path := filepath.Join(dir, "b.zip")
	if err := os.WriteFile(path, pack(t, healthy...), 0o666); err != nil {
		t.Fatal(err)
	}
	if files, err := Open(filepath.Join(path, filepath.FromSlash(inside))); files == nil || err != nil {
		t.Errorf("got %v, %v", files, err)
	}
}

func TestOpenAbsent(t *testing.T) {
	path := saved(t, pack(t, healthy...))
	for _, dir := range []string{filepath.Join(path+".zip", "node_modules", "next-auth"), filepath.Join(path, "node_modules", "other"), filepath.Join(path, "node_modules", "next-auth", "package.json")} {
		_, err := Open(dir)
		if !errors.Is(err, ErrNoFiles) || !errors.As(err, new(*Error)) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

// TestHostileArchives: what yarn does not write is refused with an error that names the
// archive.
func TestHostileArchives(t *testing.T) {
	good := pack(t, healthy...)
	many := make([]entry, maxEntries+1)
	for i := range many {
		many[i].name = "node_modules/next-auth/" + strconv.Itoa(i)
	}
	bomb := bytes.Clone(pack(t, append(healthy, entry{name: inside + "/bomb", text: "x"})...))
	// The size in the last header of the central directory, 24 bytes after its start.
	at := bytes.LastIndex(bomb, []byte("PK\x01\x02"))
	copy(bomb[at+24:], []byte{0xff, 0xff, 0xff, 0x7f})
	tests := map[string]struct {
		data []byte
		says string
	}{
		"empty":              {nil, "is not a valid archive"},
		"no archive":         {[]byte("version https://git-lfs.github.com/spec/v1\n"), "is not a valid archive"},
		"truncated":          {good[:len(good)-30], "is not a valid archive"},
		"too large":          {make([]byte, maxArchive+1), "the limit is"},
		"too many entries":   {pack(t, many...), "entries; the limit is"},
		"bomb":               {bomb, "has an entry of 2147483647 bytes"},
		"duplicate":          {pack(t, append(healthy, healthy[2])...), `has two entries with the name "node_modules/next-auth/package.json"`},
		"file and directory": {pack(t, append(healthy, entry{name: inside + "/index.js/"})...), "has two entries with the name"},
		"below a file":       {pack(t, append(healthy, entry{name: inside + "/index.js/x"})...), "has entries below"},
		"below a link":       {pack(t, append(healthy, entry{name: inside + "/src", text: "../..", mode: fs.ModeSymlink}, entry{name: inside + "/src/x"})...), "has entries below"},
		"long name":          {pack(t, append(healthy, entry{name: inside + strings.Repeat("/x", 1000)})...), "has an entry with an unsafe name"},
		"up":                 {pack(t, append(healthy, entry{name: inside + "/../../../x"})...), "has an entry with an unsafe name"},
		"absolute":           {pack(t, append(healthy, entry{name: "/etc/passwd"})...), "has an entry with an unsafe name"},
		"backslash":          {pack(t, append(healthy, entry{name: inside + `/..\x`})...), "has an entry with an unsafe name"},
		"no name":            {pack(t, append(healthy, entry{name: ""})...), "has an entry with an unsafe name"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := saved(t, test.data)
			_, err := Open(filepath.Join(path, filepath.FromSlash(inside)))
			broken, ok := errors.AsType[*Error](err)
			if !ok || broken.Path != path || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got the error %v, which does not say that the archive %s", err, test.says)
			}
		})
	}
}

// TestReadFrom: a file of an archive is read only if it is regular and small, even if the
// archive says less than the truth about its size.
func TestReadFrom(t *testing.T) {
	liar := pack(t, append(healthy, entry{name: inside + "/bomb", text: strings.Repeat("x", 5000), method: zip.Deflate})...)
	at := bytes.LastIndex(liar, []byte("PK\x01\x02"))
	copy(liar[at+24:], []byte{10, 0, 0, 0})
	files, err := openArchive(liar, inside)
	if err != nil {
		t.Fatal(err)
	}
	if data, _, err := safefile.ReadFrom(files, "bomb", 1000); err == nil {
		t.Errorf("the bomb has %d bytes", len(data))
	}
	files, err = openArchive(pack(t, append(healthy, entry{name: inside + "/link", text: "/etc/passwd", mode: fs.ModeSymlink})...), inside)
	if err != nil {
		t.Fatal(err)
	}
	for name, says := range map[string]string{"link": "is a symbolic link", "core": "is a directory", "index.js": "the limit is 1000", "none": "not exist"} {
		if _, _, err := safefile.ReadFrom(files, name, 1000); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if data, info, err := safefile.ReadFrom(files, "package.json", 1000); err != nil || string(data) != healthy[2].text || info.Mode().Perm() != 0o644 {
		t.Errorf("%q, %v, %v", data, info, err)
	}
}

func FuzzArchive(f *testing.F) {
	f.Add(pack(f, healthy...))
	f.Add(pack(f, append(healthy, entry{name: inside + "/link", text: "/etc/passwd", mode: fs.ModeSymlink})...))
	f.Fuzz(func(t *testing.T, data []byte) {
		files, err := openArchive(data, inside)
		if err != nil {
			return
		}
		_ = fs.WalkDir(files, ".", func(name string, _ fs.DirEntry, _ error) error {
			content, _, err := safefile.ReadFrom(files, name, 1<<20)
			if err == nil && (len(content) > 1<<20 || content == nil) {
				t.Fatalf("%s has %d bytes", name, len(content))
			}
			return nil
		})
	})
}
