package client

import "testing"

func TestParseLink(t *testing.T) {
	for link, want := range map[string][2]string{
		"https://hop.gov.vn/join#a.b.c":          {"wss://hop.gov.vn/ws", "a.b.c"},
		"http://127.0.0.1:8080/host#t":           {"ws://127.0.0.1:8080/ws", "t"},
		"https://hop.gov.vn/diemcau/join?x=1#t":  {"wss://hop.gov.vn/diemcau/ws", "t"},
		"https://[2001:db8::1]:8443/secretary#t": {"wss://[2001:db8::1]:8443/ws", "t"},
		"https://hop.gov.vn#t":                   {"wss://hop.gov.vn/ws", "t"},
		"https://hop.gov.vn/join":                {},
		"ftp://hop.gov.vn/join#t":                {},
		"://":                                    {},
	} {
		address, token, err := ParseLink(link)
		if (err != nil) != (want[0] == "") || err == nil && (address != want[0] || token != want[1]) {
			t.Errorf("%s: got %q, %q, %v", link, address, token, err)
		}
	}
}
