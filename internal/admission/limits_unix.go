//go:build unix

package admission

import "syscall"

// Descriptors is how many files and sockets this process may have open.
func Descriptors() int {
	const enough = 1 << 20
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > enough {
		return enough
	}
	return int(limit.Cur)
}
