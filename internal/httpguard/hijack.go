package httpguard

import (
	"bufio"
	"net"
)

// Hijack implements http.Hijacker, for WebSocket: from then on the deadlines are who takes the connection's.
func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := w.control.Hijack()
	w.hijacked = err == nil
	return conn, buffered, err
}
