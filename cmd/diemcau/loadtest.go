package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/diemcau/diemcau/loadtest"
)

type loadtestCmd struct {
	Links      string        `help:"File with what session create --json printed." required:"" placeholder:"FILE" type:"path"`
	Endpoints  int           `help:"How many sites enter (default: all)." placeholder:"N"`
	Rate       float64       `help:"Sites that enter per second; 0 lets all enter at once." default:"50" placeholder:"N"`
	Duration   time.Duration `help:"How long to measure from when the last site has entered or failed." required:"" placeholder:"D"`
	Publish    bool          `help:"Enter by the host link, start the session and send the reference stage."`
	Simulcast  bool          `help:"Send it in three renditions."`
	Bitrate    int           `help:"Send a picture of so many kbit/s instead of the reference's." placeholder:"KBPS"`
	Video      string        `help:"Send the picture of a VP8 IVF file instead, over and over." placeholder:"FILE" type:"path"`
	Audio      string        `help:"Send the sound of an Ogg Opus file instead, over and over." placeholder:"FILE" type:"path"`
	FloorEvery time.Duration `help:"Give another site the floor this often." placeholder:"D"`
	End        bool          `help:"End the session afterwards."`
	ServerPID  int           `help:"Process of the server on this machine, to report what it costs." name:"server-pid" placeholder:"PID"`
	JSON       bool          `help:"Print JSON." name:"json"`
}

// Run loads the server and prints what was measured.
func (c *loadtestCmd) Run(ctx context.Context, std streams) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	if f, ok := std.err.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		cfg.Progress = func(p loadtest.Progress) {
			fmt.Fprintf(f, "\r%d of %d joined, %d failed, %v of %v measured ", p.Joined, p.Endpoints, p.Failed, p.Window.Round(time.Second), c.Duration)
		}
		defer fmt.Fprintln(f)
	}
	r, err := loadtest.Run(ctx, cfg)
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(std.out).Encode(r)
	} else {
		err = printResult(std.out, r)
	}
	if err != nil {
		return err
	}
	reasons := make([]string, 0, len(r.Failures))
	for reason := range r.Failures {
		reasons = append(reasons, reason)
	}
	slices.SortFunc(reasons, func(a, b string) int { return cmp.Compare(r.Failures[b], r.Failures[a]) })
	for _, reason := range reasons {
		fmt.Fprintf(std.err, "%d failed: %s\n", r.Failures[reason], reason)
	}
	switch {
	case r.Failed > 0:
		return fmt.Errorf("%d of %d sites failed", r.Failed, r.Endpoints)
	case r.FramesUnsound > 0:
		return fmt.Errorf("%d frames did not arrive as they were sent", r.FramesUnsound)
	}
	return nil
}

// config checks the flags and reads the links.
func (c *loadtestCmd) config() (cfg loadtest.Config, err error) {
	switch {
	case c.Duration <= 0:
		return cfg, &usageError{"--duration wants a time such as 30s"}
	case c.Rate < 0:
		return cfg, &usageError{"--rate wants a number of sites per second"}
	case c.FloorEvery < 0:
		return cfg, &usageError{"--floor-every wants a time such as 5s"}
	case !c.Publish && (c.Simulcast || c.Bitrate != 0 || c.Video != "" || c.Audio != ""):
		return cfg, &usageError{"--simulcast, --bitrate, --video and --audio go with --publish"}
	case c.Simulcast && (c.Bitrate != 0 || c.Video != ""):
		return cfg, &usageError{"--simulcast sends the reference stage only"}
	case c.Bitrate != 0 && c.Bitrate < loadtest.MinBitrate/1000:
		return cfg, &usageError{fmt.Sprintf("--bitrate wants %d kbit/s or more", loadtest.MinBitrate/1000)}
	case c.Endpoints < 0:
		return cfg, &usageError{"--endpoints wants how many sites enter"}
	}
	data, err := os.ReadFile(c.Links)
	if err != nil {
		return cfg, &usageError{"--links: " + err.Error()}
	}
	var links sessionLinks
	if err := json.Unmarshal(data, &links); err != nil || len(links.Endpoints) == 0 {
		return cfg, &usageError{"--links wants the file that session create --json printed"}
	}
	n := c.Endpoints
	if n == 0 {
		n = len(links.Endpoints)
	}
	if n > len(links.Endpoints) {
		return cfg, &usageError{fmt.Sprintf("--endpoints %d: the file has %d links", n, len(links.Endpoints))}
	}
	cfg = loadtest.Config{
		Host: links.Links.Host, Operator: links.Links.Operator, Rate: c.Rate, Duration: c.Duration,
		Publish: c.Publish, Simulcast: c.Simulcast, Bitrate: c.Bitrate * 1000, FloorEvery: c.FloorEvery, End: c.End, ServerPID: c.ServerPID,
	}
	if c.Video != "" {
		if cfg.Video, err = loadtest.ReadIVF(c.Video); err != nil {
			return cfg, fmt.Errorf("%s: %w", c.Video, err)
		}
	}
	if c.Audio != "" {
		if cfg.Audio, err = loadtest.ReadOgg(c.Audio); err != nil {
			return cfg, fmt.Errorf("%s: %w", c.Audio, err)
		}
	}
	for _, e := range links.Endpoints[:n] {
		cfg.Sites = append(cfg.Sites, loadtest.Site{Code: e.Code, Link: e.Link})
	}
	return cfg, nil
}

// printResult writes the result for a person.
func printResult(out io.Writer, r *loadtest.Result) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, values ...any) { fmt.Fprintf(w, name+"\t"+format+"\n", values...) }
	percentiles := func(name string, p *loadtest.Percentiles) {
		if p == nil {
			row(name, "-")
			return
		}
		row(name, "p50 %.1f ms, p95 %.1f ms, p99 %.1f ms", p.P50, p.P95, p.P99)
	}
	row("sites", "%d joined, %d failed", r.Joined, r.Failed)
	percentiles("join", r.JoinMs)
	percentiles("first frame", r.FirstFrameMs)
	percentiles("switch", r.SwitchMs)
	percentiles("latency", r.LatencyMs)
	loss := 0.0
	if sent := r.PacketsReceived + r.PacketsLost; sent > 0 {
		loss = 100 * float64(r.PacketsLost) / float64(sent)
	}
	row("packets", "%d received, %d lost (%.3f %%), %d twice", r.PacketsReceived, r.PacketsLost, loss, r.Duplicates)
	if r.Delivered != nil {
		row("delivered", "%.2f %% of the host's picture", 100**r.Delivered)
	}
	row("frames", "%d checked, %d not as sent", r.FramesChecked, r.FramesUnsound)
	if r.ServerCPUUsPerPacket != nil {
		row("server CPU", "%.2f µs a packet", *r.ServerCPUUsPerPacket)
	}
	if r.ServerRSSBytes != nil {
		row("server memory", "%.1f MB resident", float64(*r.ServerRSSBytes)/1e6)
	}
	return w.Flush()
}
