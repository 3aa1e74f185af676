//go:build !linux

package loadtest

import "net"

func mergeDatagrams(*net.UDPConn) bool { return false }

func segmentSize(_ []byte, n int) int { return n }
