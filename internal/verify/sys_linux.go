package verify

import "syscall"

// fate kills a process when the thread that started it ends, and so with this
// process, even if it is busy. Go does not end its threads.
func fate() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
