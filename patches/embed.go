// Package patches carries everything proxypatch puts into a next-auth package,
// as files, so that what a reviewer reads in this folder is what is applied:
//
//   - v<release>/…  the default set, one diff per file and content, filed
//     under the release it was made against
//   - tutorial/v<release>/…  the official tutorial's two diffs
//   - superseded/<number>/…  what older versions of proxypatch left
//   - helper/proxy.js  the file the default set adds as core/lib/proxy.js
//
// docs/patch-format.md describes the diffs.
package patches

import "embed"

// FS holds the folder's diffs and helpers.
//
//go:embed v* tutorial superseded helper/proxy.js
var FS embed.FS
