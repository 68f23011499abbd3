package apply

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

const (
	accessList  = "system.posix_acl_access"
	defaultList = "system.posix_acl_default"
)

// acl returns a Linux access control list: the user with id 33 may read and write, and
// the file's group may only read.
func acl(t *testing.T) []byte {
	t.Helper()
	const none = 0xffffffff
	list := binary.LittleEndian.AppendUint32(nil, 2)
	for _, entry := range []struct {
		tag, perm uint16
		id        uint32
	}{{0x01, 6, none}, {0x02, 6, 33}, {0x04, 4, none}, {0x10, 6, none}, {0x20, 0, none}} {
		list = binary.LittleEndian.AppendUint16(list, entry.tag)
		list = binary.LittleEndian.AppendUint16(list, entry.perm)
		list = binary.LittleEndian.AppendUint32(list, entry.id)
	}
	return list
}

// A replaced file keeps its access rights and attributes. The mode alone would give the
// group the rights in the list's mask.
func TestAttributesAreKept(t *testing.T) {
	project := nodetest.ToPatch(t, "agent-7.0.6")
	next := filepath.Join(project, "node_modules", "next-auth")
	client, github, azure := filepath.Join(next, "core/lib/oauth/client.js"), filepath.Join(next, "providers/github.js"), filepath.Join(next, "providers/azure-ad.js")
	set := func(path, name string, value []byte) {
		t.Helper()
		err := unix.Setxattr(path, name, value, 0)
		if errors.Is(err, unix.ENOTSUP) && os.Getenv("CI") == "" {
			t.Skip("access control lists are not tried: the file system has none")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	legacy := filepath.Join(next, "core/lib/oauth/client-legacy.js") // the first changed file
	set(legacy, accessList, acl(t))
	set(legacy, "user.note", []byte("seen"))
	special := 0o751 | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky
	if os.Getuid() == 0 {
		if err := os.Chown(client, 0, 2345); err != nil {
			t.Fatal(err)
		}
	}
	set(client, accessList, acl(t))
	set(client, "user.note", []byte("seen"))
	set(filepath.Dir(azure), defaultList, acl(t)) // for new files, which ours is not
	if err := errors.Join(os.Chmod(github, special), os.Chmod(azure, 0o640)); err != nil {
		t.Fatal(err)
	}
	before := [][]string{attributesOf(t, client), attributesOf(t, github), attributesOf(t, azure)}
	for _, command := range []string{"apply", "revert"} {
		clitest.Must(t, command, "-C", project)
		if diff := cmp.Diff(before, [][]string{attributesOf(t, client), attributesOf(t, github), attributesOf(t, azure)}); diff != "" {
			t.Errorf("%s (-before +after):\n%s", command, diff)
		}
		if command == "apply" { // an added file gets the rights of its neighbour
			if diff := cmp.Diff(before[0][:2], attributesOf(t, filepath.Join(next, "core/lib/proxy.js"))); diff != "" {
				t.Errorf("the helper (-neighbour +helper):\n%s", diff)
			}
		}
	}
	manifest := filepath.Join(project, "package.json")
	set(manifest, accessList, acl(t))
	set(manifest, "user.note", []byte("mine"))
	was := attributesOf(t, manifest)
	clitest.Must(t, "init", "-C", project)
	if diff := cmp.Diff(was, attributesOf(t, manifest)); diff != "" {
		t.Errorf("init (-before +after):\n%s", diff)
	}
}

// attributesOf lists a file's mode and attributes.
func attributesOf(t *testing.T, path string) []string {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	list := []string{info.Mode().String()}
	for _, name := range []string{accessList, "user.note"} {
		value := make([]byte, 1000)
		n, err := unix.Getxattr(path, name, value)
		if err == nil {
			list = append(list, name+"="+string(value[:n]))
		} else if !errors.Is(err, unix.ENODATA) {
			t.Fatal(err)
		}
	}
	return list
}
