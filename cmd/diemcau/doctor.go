package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"time"

	"github.com/diemcau/diemcau/internal/admission"
	"github.com/diemcau/diemcau/internal/doctor"
	"github.com/diemcau/diemcau/sfu/udpio"
	"github.com/diemcau/diemcau/store"
)

// doctorCmd looks at the machine with the settings of serve: those of the file stand below serve there.
type doctorCmd struct {
	JSON    bool     `help:"Print the results as JSON." name:"json"`
	Reach   bool     `help:"Hold the ports instead, and print the address of a page by which somebody outside tries every way that media goes; the server has to be stopped."`
	Command []string `arg:"" optional:"" passthrough:"" help:"serve with its flags, beside those of the configuration file."`
}

// errUnwell ends a command whose findings have been printed.
var errUnwell = errors.New("what is marked FAIL has to be mended before a session")

// Run prints what was found; it fails if something would make a session suffer. It changes nothing.
func (c *doctorCmd) Run(ctx context.Context, grammar *cli, std streams) error {
	serve, err := c.settings(grammar, std)
	if err != nil {
		return err
	}
	if c.Reach {
		return serve.reach(ctx, std)
	}
	checks, err := serve.checks(ctx)
	if err != nil {
		return err
	}
	results := doctor.Examine(ctx, checks)
	if c.JSON {
		enc := json.NewEncoder(std.out)
		enc.SetIndent("", "  ")
		err = enc.Encode(results)
	} else {
		err = doctor.Write(std.out, results)
	}
	if err == nil && doctor.Worst(results) == doctor.LevelFail {
		err = errUnwell
	}
	return err
}

// settings parses the flags as serve would.
func (c *doctorCmd) settings(grammar *cli, std streams) (*serveCmd, error) {
	parsed, _, err := parseInner(grammar, c.Command, std)
	if err != nil {
		return nil, err
	}
	serve, is := parsed.Selected().Target.Addr().Interface().(*serveCmd)
	if !is {
		return nil, &usageError{"doctor looks at what serve needs: diemcau doctor serve FLAGS"}
	}
	return serve, serve.check()
}

// checks lists what is looked at for these settings.
func (c *serveCmd) checks(ctx context.Context) ([]doctor.Check, error) {
	running, err := c.running(ctx)
	if err != nil {
		return nil, err
	}
	checks := []doctor.Check{
		{Name: "open files", Run: func(context.Context) doctor.Finding { return doctor.Descriptors(admission.Descriptors()) }},
		{Name: "UDP buffers", Run: func(context.Context) doctor.Finding { return doctor.KernelBuffers() }},
		{Name: "UDP segments", Run: func(context.Context) doctor.Finding { return segmentation() }},
		{Name: "clock", Run: func(context.Context) doctor.Finding { return doctor.KernelClock() }},
		{Name: "file system", Run: func(context.Context) doctor.Finding { kind, _ := doctor.Folder(c.Data); return kind }},
		{Name: "disk space", Run: func(context.Context) doctor.Finding { _, space := doctor.Folder(c.Data); return space }},
		{Name: "disk", Run: func(context.Context) doctor.Finding { return doctor.Disk(c.Data) }},
		{Name: "record", Run: c.record},
		{Name: "public URL", Run: c.publicName},
		{Name: "certificate", Run: c.certificate},
	}
	return append(checks, c.ports(running)...), nil
}

// running reports whether a server runs on the data folder.
func (c *serveCmd) running(ctx context.Context) (bool, error) {
	live, err := dialAdmin(ctx, c.Data)
	if err != nil || live == nil {
		return false, err
	}
	return true, live.close()
}

// ports lists the checks of everything that is listened on.
func (c *serveCmd) ports(running bool) []doctor.Check {
	var checks []doctor.Check
	add := func(name, network, addr, flag string) {
		checks = append(checks, doctor.Check{Name: name, Run: func(ctx context.Context) doctor.Finding {
			return doctor.Port(ctx, network, addr, flag, running)
		}})
	}
	number := func(name, network string, port uint16, flag string) {
		if port != 0 {
			add(name, network, fmt.Sprintf(":%d", port), flag)
		}
	}
	tcp := c.UDP
	if c.TCP != nil {
		tcp = *c.TCP
	}
	add("pages", "tcp", c.HTTP, "--http")
	if c.RedirectHTTP != "" {
		add("redirect", "tcp", c.RedirectHTTP, "--redirect-http")
	}
	number("media, UDP", "udp", c.UDP, "--udp")
	number("media, TCP", "tcp", tcp, "--tcp")
	number("TURN, UDP", "udp", c.TURN.UDP, "--turn-udp")
	number("TURN, TCP", "tcp", c.TURN.TCP, "--turn-tcp")
	number("TURN, TLS", "tcp", c.TURN.TLS, "--turn-tls")
	return checks
}

// segmentation asks the kernel on a port of its own.
func segmentation() doctor.Finding {
	port, err := udpio.Listen(udpio.Config{Addr: netip.MustParseAddrPort("127.0.0.1:0"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return doctor.Finding{Level: doctor.LevelFail, Found: err.Error(), Mend: "a kernel that lets this account open UDP sockets"}
	}
	defer port.Close()
	return doctor.Segmentation(port.GSO())
}

// record judges the database.
func (c *serveCmd) record(ctx context.Context) doctor.Finding {
	if c.Database == "" {
		return doctor.Finding{Found: "SQLite in " + c.Data + ", each commit on the disk"}
	}
	d, err := store.Examine(ctx, c.Database)
	if err != nil {
		return doctor.Finding{Level: doctor.LevelFail, Found: maskURL(oneLine(err), "••••"), Mend: "a PostgreSQL server that answers by --database"}
	}
	return doctor.Database(d)
}

// publicName judges where the public URL leads.
func (c *serveCmd) publicName(ctx context.Context) doctor.Finding {
	host := c.publicHost()
	if host == "" {
		return doctor.Finding{Level: doctor.LevelWarn, Found: "none: links lead to localhost", Mend: "--public-url https://HOST"}
	}
	var public []netip.Addr
	for _, text := range c.PublicIP {
		if a, err := netip.ParseAddr(text); err == nil {
			public = append(public, a)
		}
	}
	return doctor.Lookup(ctx, host, public)
}

func (c *serveCmd) publicHost() string {
	if c.PublicURL == "" && len(c.ACME) > 0 {
		return c.ACME[0]
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// certificate judges what browsers are shown.
func (c *serveCmd) certificate(context.Context) doctor.Finding {
	u, err := url.Parse(c.PublicURL)
	switch {
	case c.TLSCert != "":
		return doctor.CertificateFiles(c.TLSCert, c.TLSKey, c.publicHost(), time.Now())
	case len(c.ACME) > 0:
		return doctor.Finding{Level: doctor.LevelNote, Found: "got by ACME for " + c.ACME[0] + " when the first browser comes"}
	case err == nil && u.Scheme == "https":
		return doctor.Finding{Level: doctor.LevelNote, Found: "a proxy before this server shows it"}
	}
	return doctor.Finding{Level: doctor.LevelWarn, Found: "none: browsers give camera and microphone to https pages alone",
		Mend: "--tls-cert and --tls-key, --acme NAME, or a proxy"}
}
