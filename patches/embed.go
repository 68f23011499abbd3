// Package patches embeds everything proxypatch puts into a next-auth package,
// as files, so that what a reviewer reads in this folder is what is applied:
//
//   - v<release>/…  the default set, one diff per file and content, filed
//     under the release it was made against
//   - tutorial/v<release>/…  the official tutorial's two diffs
//   - superseded/<number>/v<release>/…  diffs of the default set that have changed
//     or gone since a release; there is none yet
//   - helper/proxy.js  the file the default set adds as core/lib/proxy.js
//
// tools/patchgen makes the diffs; docs/patch-format.md describes them.
package patches

import "embed"

// FS holds the folder's diffs and the helper. Its second pattern is for tutorial and
// superseded: a pattern of its own would fail where there is nothing superseded.
//
//go:embed v* [st]*/* helper/proxy.js
var FS embed.FS
