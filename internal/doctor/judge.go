package doctor

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/diemcau/diemcau/internal/admission"
	"github.com/diemcau/diemcau/store"
)

// What a large session wants.
const (
	wantedBuffer = 4 << 20 // bytes, what the media port asks of the kernel
	littleSpace  = 2 << 30 // bytes on the disk of the data folder
	noSpace      = 200 << 20
	slowSync     = 20 * time.Millisecond
	badSync      = 200 * time.Millisecond
	soonExpires  = 14 * 24 * time.Hour
	oldPostgres  = 130000 // server_version_num
)

// Descriptors judges the limit of open files; each site takes one or two.
func Descriptors(limit int) Finding {
	if limit < admission.Few {
		return Finding{LevelWarn, fmt.Sprintf("%d open files allowed: about %d sites", limit, max(0, limit/2-64)),
			"LimitNOFILE=65536 in the unit, or ulimit -n 65536"}
	}
	return ok("%d open files allowed", limit)
}

// UDPBuffers judges how much of a burst the kernel keeps, in bytes (net.core.rmem_max and wmem_max).
func UDPBuffers(receive, send int) Finding {
	if receive < wantedBuffer || send < wantedBuffer {
		return Finding{
			LevelWarn, fmt.Sprintf("UDP buffers of %d kB (receive) and %d kB (send): bursts of a large session are dropped", receive>>10, send>>10),
			fmt.Sprintf("sysctl -w net.core.rmem_max=%d net.core.wmem_max=%[1]d (and in /etc/sysctl.d)", wantedBuffer),
		}
	}
	return ok("UDP buffers of %d kB (receive) and %d kB (send)", receive>>10, send>>10)
}

// Segmentation judges UDP GSO.
func Segmentation(works bool) Finding {
	if !works {
		return Finding{LevelWarn, "the kernel does not segment UDP (GSO): more processor time a viewer",
			"a kernel of 4.18 or later, outside containers that filter UDP_SEGMENT"}
	}
	return ok("the kernel segments UDP (GSO)")
}

// Clock judges the system clock as the kernel tells it. local is set where the hardware clock runs in local time.
func Clock(synchronised, local bool, now time.Time) Finding {
	switch {
	case local:
		return Finding{LevelWarn, "the hardware clock runs in local time: after a start the time may be hours ahead", "timedatectl set-local-rtc 0"}
	case !synchronised:
		return Finding{
			LevelWarn, "the clock is not synchronised: " + now.UTC().Format(time.RFC3339),
			"timedatectl set-ntp true (package systemd-timesyncd or chrony), systemctl enable systemd-time-wait-sync",
		}
	}
	return ok("synchronised, %s", now.UTC().Format(time.RFC3339))
}

// Certificate judges the one shown to browsers for a host.
func Certificate(leaf *x509.Certificate, host string, now time.Time) Finding {
	left := leaf.NotAfter.Sub(now)
	days := int(left.Hours() / 24)
	switch {
	case left <= 0:
		return Finding{LevelFail, "expired on " + leaf.NotAfter.UTC().Format(time.DateOnly), "renew it; the files are read again when they change"}
	case now.Before(leaf.NotBefore):
		return Finding{LevelFail, "valid only from " + leaf.NotBefore.UTC().Format(time.RFC3339), "the right time on this machine, or another certificate"}
	case host != "" && leaf.VerifyHostname(host) != nil:
		return Finding{LevelFail, fmt.Sprintf("not for %s but for %s", host, strings.Join(leaf.DNSNames, ", ")), "a certificate for the host of --public-url"}
	case left < soonExpires:
		return Finding{LevelWarn, fmt.Sprintf("%d days left", days), "renew it; the files are read again when they change"}
	}
	return ok("%d days left", days)
}

// Space judges the free bytes of the data folder's disk.
func Space(free uint64) Finding {
	f := Finding{Found: fmt.Sprintf("%.1f GB free", float64(free)/(1<<30)), Mend: "make room, or another disk for --data"}
	switch {
	case free < noSpace:
		f.Level = LevelFail
	case free < littleSpace:
		f.Level = LevelWarn
	default:
		f.Mend = ""
	}
	return f
}

// Sync judges how long the disk takes to keep something for good (fsync): each act of a session waits for it.
func Sync(took []time.Duration) Finding {
	slices.Sort(took)
	median, slow := took[len(took)/2], took[len(took)*9/10]
	f := Finding{
		Found: fmt.Sprintf("fsync %s, nine in ten below %s", median.Round(10*time.Microsecond), slow.Round(10*time.Microsecond)),
		Mend:  "a local SSD for --data: a floor given waits for this",
	}
	switch {
	case slow >= badSync:
		f.Level = LevelFail
	case slow >= slowSync:
		f.Level = LevelWarn
	default:
		f.Mend = ""
	}
	return f
}

// Filesystem judges the kind of file system under an SQLite record.
func Filesystem(kind string) Finding {
	switch kind {
	case "nfs", "cifs", "smb2", "fuse":
		return Finding{LevelFail, "the data folder is on " + kind + ": locks of SQLite are not safe there",
			"a local disk for --data, or --database postgres://"}
	case "tmpfs", "overlay":
		return Finding{LevelWarn, "the data folder is on " + kind + ": the record goes away with the machine or container", "a volume or disk for --data"}
	}
	return ok("%s", kind)
}

// Database judges a PostgreSQL server.
func Database(p store.Durability) Finding {
	switch {
	case p.Version < oldPostgres:
		return Finding{LevelFail, fmt.Sprintf("PostgreSQL %d: too old", p.Version/10000), "PostgreSQL 13 or later"}
	case !p.Fsync, !p.FullPageWrites:
		return Finding{LevelFail, "PostgreSQL may lose what was acknowledged: fsync or full_page_writes is off",
			"ALTER SYSTEM SET fsync = on; ALTER SYSTEM SET full_page_writes = on; SELECT pg_reload_conf()"}
	case p.SynchronousCommit == "off":
		return Finding{LevelFail, "PostgreSQL may lose what was acknowledged: synchronous_commit is off",
			"ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf()"}
	case p.Schema > p.Known:
		return Finding{LevelFail, fmt.Sprintf("its tables are of version %d, this program knows up to %d", p.Schema, p.Known),
			"the newer program, or the database of before"}
	case p.MaxConnections < 20:
		return Finding{LevelWarn, fmt.Sprintf("PostgreSQL allows %d connections; a server takes 11", p.MaxConnections),
			"ALTER SYSTEM SET max_connections = 50, and a restart"}
	}
	return ok("PostgreSQL %d.%d, durable, tables of version %d (known: %d)", p.Version/10000, p.Version%10000, p.Schema, p.Known)
}

// Name judges where the host of the public URL leads. own are this machine's addresses and those of --public-ip.
func Name(host string, found, own []netip.Addr) Finding {
	if len(found) == 0 {
		return Finding{LevelFail, host + " leads nowhere", "an A or AAAA record for " + host}
	}
	text := make([]string, len(found))
	for i, a := range found {
		text[i] = a.String()
		if slices.Contains(own, a.Unmap()) {
			return ok("%s leads here (%s)", host, a)
		}
	}
	return Finding{
		LevelWarn, fmt.Sprintf("%s leads to %s, none of this machine's addresses", host, strings.Join(text, ", ")),
		"right behind NAT or a proxy: name that address by --public-ip; otherwise mend the DNS record",
	}
}
