package faults

import "golang.org/x/sys/unix"

// form holds the positions of a call's arguments, counted from 1.
type form struct {
	name     string
	what, to place
	flags    int // of an open
}

// place is a path relative to an open directory, or only one of the two.
type place struct{ fd, path int }

// calls are the calls on files, by number.
var calls = map[uint64]form{
	unix.SYS_OPENAT:          {name: "openat", what: place{1, 2}, flags: 3},
	unix.SYS_OPEN:            {name: "open", what: place{0, 1}, flags: 2},
	unix.SYS_NEWFSTATAT:      {name: "newfstatat", what: place{1, 2}},
	unix.SYS_STATX:           {name: "statx", what: place{1, 2}},
	unix.SYS_STAT:            {name: "stat", what: place{0, 1}},
	unix.SYS_LSTAT:           {name: "lstat", what: place{0, 1}},
	unix.SYS_ACCESS:          {name: "access", what: place{0, 1}},
	unix.SYS_FACCESSAT:       {name: "faccessat", what: place{1, 2}},
	unix.SYS_FACCESSAT2:      {name: "faccessat2", what: place{1, 2}},
	unix.SYS_READLINKAT:      {name: "readlinkat", what: place{1, 2}},
	unix.SYS_READLINK:        {name: "readlink", what: place{0, 1}},
	unix.SYS_UNLINKAT:        {name: "unlinkat", what: place{1, 2}},
	unix.SYS_UNLINK:          {name: "unlink", what: place{0, 1}},
	unix.SYS_RMDIR:           {name: "rmdir", what: place{0, 1}},
	unix.SYS_MKDIRAT:         {name: "mkdirat", what: place{1, 2}},
	unix.SYS_MKDIR:           {name: "mkdir", what: place{0, 1}},
	unix.SYS_RENAMEAT:        {name: "renameat", what: place{1, 2}, to: place{3, 4}},
	unix.SYS_RENAMEAT2:       {name: "renameat2", what: place{1, 2}, to: place{3, 4}},
	unix.SYS_RENAME:          {name: "rename", what: place{0, 1}, to: place{0, 2}},
	unix.SYS_LINKAT:          {name: "linkat", what: place{1, 2}, to: place{3, 4}},
	unix.SYS_SYMLINKAT:       {name: "symlinkat", what: place{2, 3}},
	unix.SYS_FCHMODAT:        {name: "fchmodat", what: place{1, 2}},
	unix.SYS_FCHMODAT2:       {name: "fchmodat2", what: place{1, 2}},
	unix.SYS_CHMOD:           {name: "chmod", what: place{0, 1}},
	unix.SYS_FCHOWNAT:        {name: "fchownat", what: place{1, 2}},
	unix.SYS_CHOWN:           {name: "chown", what: place{0, 1}},
	unix.SYS_LCHOWN:          {name: "lchown", what: place{0, 1}},
	unix.SYS_UTIMENSAT:       {name: "utimensat", what: place{1, 2}},
	unix.SYS_TRUNCATE:        {name: "truncate", what: place{0, 1}},
	unix.SYS_CHDIR:           {name: "chdir", what: place{0, 1}},
	unix.SYS_STATFS:          {name: "statfs", what: place{0, 1}},
	unix.SYS_READ:            {name: "read", what: place{fd: 1}},
	unix.SYS_PREAD64:         {name: "pread64", what: place{fd: 1}},
	unix.SYS_WRITE:           {name: "write", what: place{fd: 1}},
	unix.SYS_PWRITE64:        {name: "pwrite64", what: place{fd: 1}},
	unix.SYS_WRITEV:          {name: "writev", what: place{fd: 1}},
	unix.SYS_COPY_FILE_RANGE: {name: "copy_file_range", what: place{fd: 3}},
	unix.SYS_SENDFILE:        {name: "sendfile", what: place{fd: 1}},
	unix.SYS_FSYNC:           {name: "fsync", what: place{fd: 1}},
	unix.SYS_FDATASYNC:       {name: "fdatasync", what: place{fd: 1}},
	unix.SYS_FTRUNCATE:       {name: "ftruncate", what: place{fd: 1}},
	unix.SYS_FALLOCATE:       {name: "fallocate", what: place{fd: 1}},
	unix.SYS_FCHMOD:          {name: "fchmod", what: place{fd: 1}},
	unix.SYS_FCHOWN:          {name: "fchown", what: place{fd: 1}},
	unix.SYS_FLISTXATTR:      {name: "flistxattr", what: place{fd: 1}},
	unix.SYS_FGETXATTR:       {name: "fgetxattr", what: place{fd: 1}},
	unix.SYS_FSETXATTR:       {name: "fsetxattr", what: place{fd: 1}},
	unix.SYS_FREMOVEXATTR:    {name: "fremovexattr", what: place{fd: 1}},
	unix.SYS_FSTAT:           {name: "fstat", what: place{fd: 1}},
	unix.SYS_FSTATFS:         {name: "fstatfs", what: place{fd: 1}},
	unix.SYS_GETDENTS64:      {name: "getdents64", what: place{fd: 1}},
	unix.SYS_FLOCK:           {name: "flock", what: place{fd: 1}},
	unix.SYS_LSEEK:           {name: "lseek", what: place{fd: 1}},
	unix.SYS_CLOSE:           {name: "close", what: place{fd: 1}},
}

// elsewhere are calls that do not use the file system: on memory, threads, time and
// descriptors.
var elsewhere = numbers(
	unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MPROTECT, unix.SYS_MADVISE, unix.SYS_BRK, unix.SYS_MINCORE,
	unix.SYS_CLONE, unix.SYS_CLONE3, unix.SYS_EXIT, unix.SYS_EXIT_GROUP, unix.SYS_FUTEX, unix.SYS_SCHED_YIELD,
	unix.SYS_SCHED_GETAFFINITY, unix.SYS_SET_ROBUST_LIST, unix.SYS_SET_TID_ADDRESS, unix.SYS_RSEQ, unix.SYS_ARCH_PRCTL,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_TGKILL, unix.SYS_KILL,
	unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_RESTART_SYSCALL,
	unix.SYS_GETTID, unix.SYS_GETPID, unix.SYS_GETUID, unix.SYS_GETEUID, unix.SYS_GETGID, unix.SYS_GETEGID, unix.SYS_UNAME,
	unix.SYS_PRLIMIT64, unix.SYS_GETRANDOM, unix.SYS_PRCTL, unix.SYS_GETCWD,
	unix.SYS_FCNTL, unix.SYS_IOCTL, unix.SYS_DUP, unix.SYS_DUP3, unix.SYS_PIPE2, unix.SYS_EVENTFD2,
	unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EXECVE,
)

func numbers(all ...uint64) map[uint64]bool {
	set := map[uint64]bool{}
	for _, n := range all {
		set[n] = true
	}
	return set
}
