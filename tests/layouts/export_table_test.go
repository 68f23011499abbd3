package layouts

import (
	"strings"
	"sync"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// exportFile has the tables of what export writes, and of upgrades after it.
const exportFile = "docs/export.md"

// patchCell names the patch for the table. V replaces the release.
func patchCell(exported clitest.Export) string {
	var names []string
	for _, f := range exported.Files {
		if strings.HasSuffix(f.Path, ".patch") {
			names = append(names, "`"+strings.ReplaceAll(f.Path, newRelease, "V")+"`")
		}
	}
	return strings.Join(names, ", ")
}

// entryCell names the settings of each file for the table. Layouts differ in packageExtensions alone.
func entryCell(exported clitest.Export) string {
	var cells []string
	for _, f := range exported.Files {
		var settings []string
		for _, e := range exported.Entries {
			if e.File == f.Path && !strings.Contains(e.Setting, "packageExtensions") {
				settings = append(settings, "`"+e.Setting+"`")
			}
		}
		if len(settings) > 0 {
			cells = append(cells, f.Path+": "+strings.Join(settings, ", "))
		}
	}
	return strings.Join(cells, "; ")
}

// exportTable is a table in the document, with a row for each package manager.
type exportTable struct {
	head  string
	mutex sync.Mutex
	rows  map[string]string
}

func newExportTable(head string) *exportTable {
	return &exportTable{head: head, rows: map[string]string{}}
}

// set sets the cells of a package manager, which must be the same in each layout.
func (table *exportTable) set(t *testing.T, name string, cells ...string) {
	t.Helper()
	table.mutex.Lock()
	defer table.mutex.Unlock()
	row := "| " + name + " | " + strings.Join(cells, " | ") + " |"
	if other := table.rows[name]; other != "" && other != row {
		t.Errorf("another layout has another row:\n%s\n%s", other, row)
	}
	table.rows[name] = row
}

// compare requires that the document has the rows. With UPDATE set it writes them.
func (table *exportTable) compare(t *testing.T) {
	t.Helper()
	update(t, exportFile, replaceRows(t, exportFile, repotest.Read(t, exportFile), table.head, table.rows))
}
