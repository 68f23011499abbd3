package main

import (
	"bytes"
	"fmt"
	"io/fs"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/patchset"
)

func (a *app) diffCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "print the diff that apply would make, for git apply",
		Long: `diff prints the changes that apply would make as one git diff, with paths
relative to the package. To apply it with git instead:

  outside a repository, in the package's directory:
    git apply -p1 FILE
  inside a repository, from its top:
    git apply --directory=node_modules/next-auth FILE

From a subdirectory of a repository git skips the files and exits 0.`,
		RunE: func(*cobra.Command, []string) error { return a.diff() },
	}
	a.planFlags(cmd)
	return cmd
}

// diff prints what apply would do to the files' bytes. It writes nothing.
func (a *app) diff() error {
	a.report.Command = "diff"
	plan, err := a.plan(apply.Options{Goal: apply.Patch})
	if plan == nil {
		return err
	}
	defer plan.Close()
	if plan.Blocked() {
		return nil
	}
	a.report.Copies = a.copies(plan, planning)
	for _, c := range plan.Copies {
		for i := range c.Files {
			if c.Files[i].Changes() {
				a.report.Diff += gitDiff(&c.Files[i])
			}
		}
	}
	if !a.json && !a.quiet {
		a.ui.raw(a.report.Diff)
	}
	return nil
}

// gitDiff formats the change of one file as git does, with full ids.
func gitDiff(file *apply.File) string {
	var out bytes.Buffer
	oldName, newName := "a/"+file.Path, "b/"+file.Path
	fmt.Fprintf(&out, "diff --git %s %s\n", oldName, newName)
	mode := gitMode(file.Mode())
	oldID, newID := patchset.BlobID(file.Before), patchset.BlobID(file.After)
	const noFile = "0000000000000000000000000000000000000000"
	switch {
	case file.Before == nil:
		fmt.Fprintf(&out, "new file mode %s\nindex %s..%s\n", mode, noFile, newID)
		oldName = "/dev/null"
	case file.After == nil:
		fmt.Fprintf(&out, "deleted file mode %s\nindex %s..%s\n", mode, oldID, noFile)
		newName = "/dev/null"
	default:
		fmt.Fprintf(&out, "index %s..%s %s\n", oldID, newID, mode)
	}
	hunks := diff.Diff(oldName, file.Before, newName, file.After)
	_, hunks, _ = bytes.Cut(hunks, []byte("\n")) // its own "diff" line
	out.Write(hunks)
	return out.String()
}

// gitMode returns the mode git records: it knows only whether a file is
// executable.
func gitMode(mode fs.FileMode) string {
	if mode&0o100 != 0 {
		return "100755"
	}
	return "100644"
}
