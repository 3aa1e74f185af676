package loadtest

import (
	"encoding/binary"
	"net"

	"golang.org/x/sys/unix"
)

// mergeDatagrams lets the kernel hand over a run of datagrams of one sender as one (UDP_GRO). It reports whether it does.
func mergeDatagrams(conn *net.UDPConn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	var set error
	err = raw.Control(func(fd uintptr) { set = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_GRO, 1) })
	return err == nil && set == nil
}

// segmentSize reads the size of the datagrams that were merged from the control message; n when they were not.
func segmentSize(oob []byte, n int) int {
	for len(oob) >= unix.SizeofCmsghdr {
		header, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return n
		}
		if header.Level == unix.SOL_UDP && header.Type == unix.UDP_GRO && len(data) >= 4 {
			if size := int(binary.NativeEndian.Uint32(data)); size > 0 {
				return size
			}
		}
		oob = rest
	}
	return n
}
