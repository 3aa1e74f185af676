package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

const syncs = 40 // times that Disk makes the disk keep something

// Disk writes into a folder as the record is written, and judges how long that takes.
func Disk(dir string) Finding {
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return Finding{LevelFail, err.Error(), "a data folder that this account may write (--data)"}
	}
	defer os.Remove(f.Name())
	defer f.Close()
	took := make([]time.Duration, 0, syncs)
	page := make([]byte, 4096)
	for range syncs {
		started := time.Now()
		if _, err := f.Write(page); err != nil {
			return Finding{LevelFail, err.Error(), "room on the disk of --data"}
		}
		if err := f.Sync(); err != nil {
			return Finding{LevelFail, err.Error(), "a disk that keeps what is written"}
		}
		took = append(took, time.Since(started))
	}
	return Sync(took)
}

// Port tries whether an address can be listened on; running says that this server is up and may itself hold it.
func Port(ctx context.Context, network, addr, flag string, running bool) Finding {
	var lc net.ListenConfig
	var err error
	if network == "udp" {
		var c net.PacketConn
		if c, err = lc.ListenPacket(ctx, network, addr); err == nil {
			err = c.Close()
		}
	} else {
		var l net.Listener
		if l, err = lc.Listen(ctx, network, addr); err == nil {
			err = l.Close()
		}
	}
	switch {
	case err == nil && running:
		return Finding{LevelWarn, network + " " + addr + " is free though a server runs on this data folder",
			"the same settings as that server's: --config FILE, or its flags"}
	case err == nil:
		return ok("%s %s is free", network, addr)
	case errors.Is(err, syscall.EADDRINUSE) && running:
		return ok("%s %s is taken while this server runs", network, addr)
	case errors.Is(err, syscall.EADDRINUSE):
		return Finding{LevelFail, network + " " + addr + " is taken by another program", "ss -lntup shows which; another number by " + flag}
	case errors.Is(err, syscall.EACCES):
		return Finding{LevelFail, network + " " + addr + ": not allowed",
			"AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit, or a number from 1024 on by " + flag}
	}
	return Finding{LevelFail, err.Error(), "another address by " + flag}
}

// CertificateFiles reads a pair of files and judges its certificate.
func CertificateFiles(cert, key, host string, now time.Time) Finding {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return Finding{LevelFail, err.Error(), "the chain in --tls-cert and its key in --tls-key, both readable by the server's account"}
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return Finding{LevelFail, err.Error(), "another certificate"}
	}
	return Certificate(leaf, host, now)
}

// Lookup asks where a host leads and judges the answer. public are further addresses of this machine.
func Lookup(ctx context.Context, host string, public []netip.Addr) Finding {
	if a, err := netip.ParseAddr(host); err == nil {
		return Name(host, []netip.Addr{a}, append(ownAddresses(), public...))
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	var none *net.DNSError
	if err != nil && (!errors.As(err, &none) || !none.IsNotFound) {
		return Finding{LevelFail, err.Error(), "a resolver that answers (/etc/resolv.conf)"}
	}
	return Name(host, found, append(ownAddresses(), public...))
}

// ownAddresses are those of this machine's interfaces.
func ownAddresses() []netip.Addr {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var own []netip.Addr
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			own = append(own, p.Addr().Unmap())
		}
	}
	return own
}

// unknown is a finding about what cannot be looked at here.
func unknown(what string, err error) Finding {
	return note("%s", fmt.Sprintf("%s cannot be looked at: %v", what, err))
}
