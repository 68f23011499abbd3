package built

import (
	"path/filepath"
	"testing"
)

func TestIsTop(t *testing.T) {
	for name, test := range map[string]struct {
		files []string
		dir   string
		want  bool
	}{
		"an image":                      {[]string{"server.js", server15, ".next/BUILD_ID", "x", ".next/required-server-files.json", `{"relativeAppDir":""}`}, ".", true},
		"without a record":              {[]string{"server.js", server15, ".next/BUILD_ID", "x"}, ".", true},
		"with a broken record":          {[]string{"server.js", server15, ".next/BUILD_ID", "x", ".next/required-server-files.json", `{`}, ".", true},
		"of Next.js 13":                 {[]string{"server.js", server13, ".next/BUILD_ID", "x"}, ".", true},
		"a monorepo's":                  {[]string{"apps/web/server.js", server15, "apps/web/.next/BUILD_ID", "x", "apps/web/.next/required-server-files.json", `{"relativeAppDir":"apps/web"}`}, ".", true},
		"a monorepo's, from Windows":    {[]string{"apps/web/server.js", in("build"), "apps/web/build/BUILD_ID", "x", "apps/web/build/required-server-files.json", `{"relativeAppDir":"apps\\web"}`}, ".", true},
		"above an image":                {[]string{"image/server.js", server15, "image/.next/BUILD_ID", "x", "image/.next/required-server-files.json", `{"relativeAppDir":""}`}, ".", false},
		"above an image without record": {[]string{"image/server.js", server15, "image/.next/BUILD_ID", "x"}, ".", false},
		"above a monorepo's":            {[]string{"out/apps/web/server.js", server15, "out/apps/web/.next/BUILD_ID", "x", "out/apps/web/.next/required-server-files.json", `{"relativeAppDir":"apps/web"}`}, ".", false},
		"a record that leads elsewhere": {[]string{"a/server.js", server15, "a/.next/BUILD_ID", "x", "a/.next/required-server-files.json", `{"relativeAppDir":"../.."}`}, ".", false},
		"a project":                     {[]string{".next/BUILD_ID", "x", ".next/standalone/server.js", server15, ".next/standalone/.next/BUILD_ID", "x"}, ".", false},
		"in a project's build":          {[]string{".next/BUILD_ID", "x", ".next/standalone/server.js", server15, ".next/standalone/.next/BUILD_ID", "x"}, ".next/standalone", true},
		"a server of one's own":         {[]string{"server.js", ownServer, ".next/BUILD_ID", "x"}, ".", false},
		"nothing built":                 {[]string{"server.js", server15}, ".", false},
		"no directory":                  {nil, "none", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(newTree(t, test.files...), filepath.FromSlash(test.dir))
			if got := IsTop(dir); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
