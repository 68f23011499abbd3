// Package faults tests the state of files after a system call fails or the process is
// killed, at each system call of the program. It contains only tests.
//
// The tests trace one run of the real binary. Each call on files of the project is a
// point. Other runs, each in a fresh copy of the project, get an error at a point, or a
// SIGKILL before or after the call.
package faults
