// Package safefile reads untrusted files and replaces files that belong to users.
//
// Any file in a project may be a named pipe, a device, a link, or huge. The readers
// open only regular files below a size limit, and directories.
//
// Replace is the one place where files get new bytes: it stages them beside their
// targets, flushes, renames, and puts everything back if anything fails. LockDir keeps
// other proxypatches out meanwhile.
package safefile
