// Package patches embeds everything that proxypatch writes into a next-auth package. The
// files in this folder are exactly what is applied:
//
//   - v<release>/…  the default set: one diff per file and content, in the folder of
//     the release that it was made from
//   - packages/@auth/core/v<release>/…  the same for another package that holds files of
//     next-auth; go:embed accepts no path that begins with @
//   - tutorial/v<release>/…  the two diffs of the official tutorial
//   - superseded/<number>/v<release>/…  diffs of the default set that were changed or
//     removed since a release; there are none yet
//   - helper/proxy.js  the file that the default set adds as core/lib/proxy.js
//   - helper/proxy.mjs  the same as an ES module, which tools/stamp makes
//
// tools/patchgen makes the diffs; docs/maintaining/patch-format.md describes them.
package patches

import "embed"

// FS holds the diffs of this folder and the helper. The second pattern matches
// packages, superseded and tutorial: one for superseded alone would fail without a match.
//
//go:embed v* [pst]*/* helper/proxy.*js
var FS embed.FS
