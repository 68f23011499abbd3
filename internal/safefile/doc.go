// Package safefile reads untrusted files and replaces files that belong to users.
//
// Any file in a project may be a named pipe, a device, a link, or huge. The readers
// open only regular files below a size limit, and directories.
package safefile
