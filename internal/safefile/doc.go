// Package safefile reads untrusted files and replaces files that belong to users.
//
// Any file in a project may be a named pipe, a device, a link, or huge. The readers
// open only regular files below a size limit, and directories.
//
// Files get new bytes only in Replace: it writes them beside their targets, flushes,
// renames, and restores everything if anything fails. LockDir prevents other runs of
// proxypatch from writing at the same time.
package safefile
