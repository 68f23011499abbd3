// Package faults holds tests of what is left when the system refuses a call or
// the process is killed, at each system call that the program makes. It has no
// code but tests.
//
// A run of the real binary is traced once. Every call that it made on something
// in the project is then a point at which other runs, each in a fresh copy of
// the project, get an error instead, or a SIGKILL before or after the call.
package faults
