// Command lines sends one browser a stream of known rate and tells what the line is estimated to carry: by the browser
// (REMB), or by an estimator of our own on its transport-wide feedback. It also leaves numbers out and sends packets
// late, to see what browsers count as lost. e2e/estimates.measure.mjs and e2e/numbers.measure.mjs
// drive it.
//
// It serves one page that receives, takes one command a line on standard input and prints one JSON object a line:
//
//	send KBPS       go on at this rate of pictures; sound is always sent
//	skip N          give N numbers to packets that are not sent
//	late            send those now, on their own numbers, as a sender without an RTX stream repeats what was lost
//	report          print what was sent so far
package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/pion/webrtc/v4"
)

//go:embed page.html
var page string

// event is a line of the output. Bit rates are in kbit/s.
type event struct {
	Listening string  `json:"listening,omitempty"`
	Connected bool    `json:"connected,omitempty"`
	AtMs      int64   `json:"at_ms,omitempty"` // Unix time
	Estimate  float64 `json:"estimate,omitempty"`
	Sent      *counts `json:"sent,omitempty"`
}

// counts of a run.
type counts struct {
	Packets       int `json:"packets"` // of pictures, each counted once
	Repeats       int `json:"repeats"` // on numbers below the highest
	Numbers       int `json:"numbers"` // given, whether sent or not
	Sound         int `json:"sound"`
	Reports       int `json:"reports"` // compound RTCP packets received
	ReportBytes   int `json:"report_bytes"`
	Estimates     int `json:"estimates"`      // REMB or transport-wide feedback among them
	EstimateBytes int `json:"estimate_bytes"` // of these alone
}

func main() {
	addr := flag.String("http", "127.0.0.1:0", "address of the page")
	feedback := flag.String("feedback", "remb", "remb or twcc")
	responder := flag.Bool("responder", false, "answer NACK as a stock responder does, on the same SSRC")
	flag.Parse()
	if *feedback != "remb" && *feedback != "twcc" {
		fmt.Fprintln(os.Stderr, "lines: -feedback is remb or twcc")
		os.Exit(2)
	}
	if err := run(*addr, *feedback == "twcc", *responder); err != nil {
		fmt.Fprintln(os.Stderr, "lines:", err)
		os.Exit(1)
	}
}

func run(addr string, twcc, responder bool) error {
	ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return err
	}
	events := make(chan event, 256)
	written := make(chan error, 1)
	go func() { written <- write(os.Stdout, events) }()
	s, err := newSender(twcc, responder, events)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) })
	mux.HandleFunc("GET /offer", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(s.pc.LocalDescription())
	})
	mux.HandleFunc("POST /answer", func(w http.ResponseWriter, r *http.Request) {
		var answer webrtc.SessionDescription
		err := json.NewDecoder(r.Body).Decode(&answer)
		if err == nil {
			err = s.pc.SetRemoteDescription(answer)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	events <- event{Listening: "http://" + ln.Addr().String()}

	err = obey(os.Stdin, s)
	err = errors.Join(err, s.Close(), server.Close())
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	close(events)
	return errors.Join(err, <-written)
}

// obey carries out commands until there are no more.
func obey(in io.Reader, s *sender) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var name string
		var n int
		_, _ = fmt.Sscan(lines.Text(), &name, &n)
		switch name {
		case "send":
			s.do(func() { s.rate = n * 1000 })
		case "skip":
			s.do(func() { s.skip(n) })
		case "late":
			s.do(s.late)
		case "report":
			s.do(s.report)
		default:
			return fmt.Errorf("no such command: %q", lines.Text())
		}
	}
	return lines.Err()
}

func write(out io.Writer, events <-chan event) (err error) {
	e := json.NewEncoder(out)
	for ev := range events {
		if err == nil {
			err = e.Encode(ev)
		}
	}
	return err
}
