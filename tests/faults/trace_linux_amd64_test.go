package faults

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// call is a system call on a file that a traced process is about to make.
type call struct {
	name string // as in section 2 of the manual
	path string // absolute path of its file
	to   string // the new path of a rename
	make bool   // whether it is an open that creates or writes
}

// fault is an error or a kill at a call.
type fault struct {
	errno  syscall.Errno // the call fails with this error and has no effect
	before bool          // the process is killed before the call
	after  bool          // the process is killed after the call
	short  bool          // a write writes only half of its bytes
	lasts  bool          // all later calls of its kind fail too
}

// result is how a traced process ended.
type result struct {
	status         syscall.WaitStatus
	stdout, stderr string
}

// maxRun limits the time of one traced process, also on a busy machine.
const maxRun = 10 * time.Minute

// trace runs a program in dir with an environment. For each call on files, it asks at
// which fault to cause. It follows all threads.
func trace(binary, dir string, args, env []string, at func(call) fault) (result, error) {
	runtime.LockOSThread() // only the thread that started a process can trace it
	defer runtime.UnlockOSThread()
	var r result
	out, err := scratch()
	if err != nil {
		return r, err
	}
	defer out.Close()
	errs, err := scratch()
	if err != nil {
		return r, err
	}
	defer errs.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return r, err
	}
	defer null.Close()
	pid, err := syscall.ForkExec(binary, append([]string{binary}, args...), &syscall.ProcAttr{
		Dir: dir, Env: env, Files: []uintptr{null.Fd(), out.Fd(), errs.Fd()},
		Sys: &syscall.SysProcAttr{Ptrace: true, Setpgid: true},
	})
	if err != nil {
		return r, err
	}
	late := time.AfterFunc(maxRun, func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	t := &tracer{pid: pid, at: at, threads: map[int]*thread{}}
	r.status, err = t.follow()
	if !late.Stop() {
		err = errors.Join(err, fmt.Errorf("took longer than %v", maxRun))
	}
	if err != nil {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		return r, err
	}
	r.stdout, err = content(out)
	if err == nil {
		r.stderr, err = content(errs)
	}
	return r, err
}

// scratch opens a file without a name.
func scratch() (*os.File, error) {
	file, err := os.CreateTemp("", "")
	if err != nil {
		return nil, err
	}
	return file, os.Remove(file.Name())
}

func content(file *os.File) (string, error) {
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	data := make([]byte, info.Size())
	_, err = file.ReadAt(data, 0)
	return string(data), err
}

// tracer follows one process of a Go program. It traces system calls only from the
// start of the runtime's first thread until a fault. Before, the runtime makes no calls
// on the project's files, and this thread, the monitor, never does. After a fault,
// calls do not matter.
type tracer struct {
	pid      int
	at       func(call) fault
	threads  map[int]*thread
	monitor  int
	watching bool
}

// thread is the call that a thread is making.
type thread struct {
	inCall bool
	fault  fault
}

// follow returns how the process ended.
func (t *tracer) follow() (syscall.WaitStatus, error) {
	for {
		var status syscall.WaitStatus
		// Its own process group prevents waiting for the children of others.
		tid, err := syscall.Wait4(-t.pid, &status, unix.WALL, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("waiting for %d: %w", t.pid, err)
		}
		if !status.Stopped() {
			if tid == t.pid {
				return status, nil
			}
			continue
		}
		deliver, err := t.stopped(tid, status)
		if err == nil {
			err = t.resume(tid, deliver)
		}
		if err != nil && err != syscall.ESRCH { // it was killed in the meantime
			return 0, err
		}
	}
}

func (t *tracer) resume(tid, deliver int) error {
	if t.watching && tid != t.monitor || t.threads[tid].fault != (fault{}) {
		return syscall.PtraceSyscall(tid, deliver)
	}
	return syscall.PtraceCont(tid, deliver)
}

const syscallStop = syscall.SIGTRAP | 0x80

// stopped handles a stopped thread, and returns the signal to deliver to it.
func (t *tracer) stopped(tid int, status syscall.WaitStatus) (int, error) {
	th, known := t.threads[tid]
	if !known {
		th = &thread{}
		t.threads[tid] = th
	}
	switch signal := status.StopSignal(); {
	case signal == syscallStop:
		return 0, t.syscall(tid, th)
	case !known && tid == t.pid: // the process started the program
		const options = unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_EXITKILL
		return 0, syscall.PtraceSetOptions(tid, options)
	case !known && signal == syscall.SIGSTOP: // clone created it
		return 0, nil
	case status.TrapCause() == unix.PTRACE_EVENT_CLONE:
		return 0, t.cloned(tid)
	default:
		return int(signal), nil
	}
}

// cloned starts to watch when the monitor exists.
func (t *tracer) cloned(tid int) error {
	made, err := syscall.PtraceGetEventMsg(tid)
	if err != nil || t.monitor != 0 {
		return err
	}
	t.monitor, t.watching = int(made), true
	return nil
}

// info is the kernel's struct ptrace_syscall_info.
type info struct {
	op   uint8
	_    [3]uint8
	arch uint32
	_    [2]uint64
	nr   uint64 // at an entry; else the value returned
	args [6]uint64
	_    [4]uint64
}

// syscall runs at the start and at the end of each call.
func (t *tracer) syscall(tid int, th *thread) error {
	th.inCall = !th.inCall
	if !th.inCall {
		return t.leave(tid, th)
	}
	var i info
	if _, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(tid), unsafe.Sizeof(i), uintptr(unsafe.Pointer(&i)), 0, 0); errno != 0 {
		return errno
	}
	switch i.op {
	case unix.PTRACE_SYSCALL_INFO_ENTRY:
		return t.enter(tid, th, &i)
	case unix.PTRACE_SYSCALL_INFO_EXIT: // the clone that created it
		th.inCall = false
	}
	return nil
}

func (t *tracer) enter(tid int, th *thread, i *info) error {
	if t.at == nil {
		return nil
	}
	form, onFiles := calls[i.nr]
	if !onFiles {
		if !elsewhere[i.nr] {
			return fmt.Errorf("system call %d is not known; say in forms_linux_amd64_test.go whether it is on files", i.nr)
		}
		return nil
	}
	c, err := form.read(tid, &i.args)
	if err != nil {
		return err
	}
	th.fault = t.at(c)
	if th.fault != (fault{}) && !th.fault.lasts {
		t.watching, t.at = false, nil
	}
	switch {
	case th.fault.before:
		return syscall.Kill(t.pid, syscall.SIGKILL)
	case th.fault.errno != 0:
		return setRegs(tid, func(r *syscall.PtraceRegs) { r.Orig_rax = ^uint64(0) })
	case th.fault.short:
		return setRegs(tid, func(r *syscall.PtraceRegs) { r.Rdx = (r.Rdx + 1) / 2 })
	}
	return nil
}

func (t *tracer) leave(tid int, th *thread) error {
	f := th.fault
	th.fault = fault{}
	switch {
	case f.after:
		return syscall.Kill(t.pid, syscall.SIGKILL)
	case f.errno != 0:
		return setRegs(tid, func(r *syscall.PtraceRegs) { r.Rax = -uint64(f.errno) })
	}
	return nil
}

func setRegs(tid int, change func(*syscall.PtraceRegs)) error {
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(tid, &regs); err != nil {
		return err
	}
	change(&regs)
	return syscall.PtraceSetRegs(tid, &regs)
}

// read decodes a call's arguments.
func (f form) read(tid int, args *[6]uint64) (call, error) {
	c := call{name: f.name}
	var err error
	c.path, err = f.what.read(tid, args)
	if err == nil && f.to != (place{}) {
		c.to, err = f.to.read(tid, args)
	}
	if f.flags > 0 {
		c.make = args[f.flags-1]&(unix.O_CREAT|unix.O_WRONLY|unix.O_RDWR) != 0
	}
	return c, err
}

func (p place) read(tid int, args *[6]uint64) (string, error) {
	name := ""
	if p.path > 0 {
		var err error
		if name, err = cString(tid, args[p.path-1]); err != nil || filepath.IsAbs(name) {
			return name, err
		}
	}
	link := fmt.Sprintf("/proc/%d/cwd", tid)
	if p.fd > 0 && int32(args[p.fd-1]) != unix.AT_FDCWD {
		link = fmt.Sprintf("/proc/%d/fd/%d", tid, int32(args[p.fd-1]))
	}
	base, err := os.Readlink(link)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil // the descriptor is not open
	}
	return filepath.Join(strings.TrimSuffix(base, " (deleted)"), name), err
}

// cString reads a string in the memory of a traced thread.
func cString(tid int, address uint64) (string, error) {
	var text []byte
	for len(text) < unix.PathMax {
		page := make([]byte, 4096-address%4096) // the memory after it may not be mapped
		n, err := unix.ProcessVMReadv(tid, []unix.Iovec{{Base: &page[0], Len: uint64(len(page))}}, []unix.RemoteIovec{{Base: uintptr(address), Len: len(page)}}, 0)
		if err != nil {
			return "", fmt.Errorf("reading a path: %w", err)
		}
		part, _, found := bytes.Cut(page[:n], []byte{0})
		text = append(text, part...)
		if found {
			return string(text), nil
		}
		address += uint64(n)
	}
	return "", errors.New("a path is too long")
}
