package transport

import (
	"fmt"
	"net/netip"
)

// Candidates are the lines of an offer that announce a server's addresses, the preferred first, as host candidates
// (RFC 8839 5.1) of its UDP port and passive ones of its TCP port (RFC 6544 4.5); a port that is 0 is not announced.
// They are numbered by falling preference (RFC 8445 5.1.2), all of UDP before those of TCP.
func Candidates(addrs []netip.Addr, udp, tcp uint16) []string {
	const hostPreference, component = 126, 1
	var list []string
	add := func(transport string, port uint16, end string) {
		for _, a := range addrs {
			n := len(list)
			priority := hostPreference<<24 | uint32(65535-n)<<8 | (256 - component)
			list = append(list, fmt.Sprintf("a=candidate:%d %d %s %d %s %d typ host%s",
				n+1, component, transport, priority, a.WithZone(""), port, end))
		}
	}
	if udp != 0 {
		add("udp", udp, "")
	}
	if tcp != 0 {
		add("tcp", tcp, " tcptype passive")
	}
	return list
}
