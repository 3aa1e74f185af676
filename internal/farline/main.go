//go:build linux

// Command farline is a long line between two network namespaces: two TUN devices whose packets it hands from one to the other, each
// after a delay and some of them not at all. Kernels without netem have nothing like it. The loss is drawn from a seed, so that
// two runs lose alike. e2e/lib/farline.mjs drives it, as root.
//
// It names its devices, prints "ready" and takes one command a line on standard input:
//
//	line DELAY LOSS     milliseconds one way and the share lost each way in percent, from now on
//	report              print as JSON what was carried and lost, by direction
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// queueLength bounds the packets on their way in one direction.
const queueLength = 4096

func main() {
	near, far := flag.String("near", "", "name of the device on this side"), flag.String("far", "", "and of that on the other")
	seed := flag.Uint64("seed", 1, "of the loss")
	flag.Parse()
	if err := run(*near, *far, *seed, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "farline:", err)
		os.Exit(1)
	}
}

func run(near, far string, seed uint64, in io.Reader, out io.Writer) error {
	a, err := open(near)
	if err != nil {
		return err
	}
	b, err := open(far)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	down, up := newDirection(seed), newDirection(seed+1)
	var carrying sync.WaitGroup
	down.carry(&carrying, a, b)
	up.carry(&carrying, b, a)
	if _, err := fmt.Fprintln(out, "ready"); err != nil {
		return err
	}
	err = obey(in, out, down, up)
	err = errors.Join(err, a.Close(), b.Close())
	carrying.Wait()
	return err
}

// open makes a TUN device, which goes when it is closed.
func open(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/net/tun: %w", err)
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("device %s: %w", name, err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), name), nil
}

// obey carries out commands until there are no more.
func obey(in io.Reader, out io.Writer, down, up *direction) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var name string
		var delay, loss float64
		_, _ = fmt.Sscan(lines.Text(), &name, &delay, &loss)
		switch name {
		case "line":
			for _, d := range []*direction{down, up} {
				d.set(time.Duration(delay*float64(time.Millisecond)), loss/100)
			}
		case "report":
			if err := json.NewEncoder(out).Encode(map[string]counts{"down": down.counts(), "up": up.counts()}); err != nil {
				return err
			}
		default:
			return fmt.Errorf("no such command: %q", lines.Text())
		}
	}
	return lines.Err()
}

// counts of packets.
type counts struct {
	Carried uint64 `json:"carried"`
	Lost    uint64 `json:"lost"`
}

// direction is one way.
type direction struct {
	carried, lost atomic.Uint64

	mu    sync.Mutex
	delay time.Duration
	loss  float64
	rnd   *rand.Rand
}

func newDirection(seed uint64) *direction { return &direction{rnd: rand.New(rand.NewPCG(seed, seed))} }

func (d *direction) counts() counts { return counts{d.carried.Load(), d.lost.Load()} }

func (d *direction) set(delay time.Duration, loss float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.delay, d.loss = delay, loss
}

// takes tells whether the next packet is carried, and when it is to arrive.
func (d *direction) takes(now time.Time) (arrives time.Time, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return now.Add(d.delay), d.rnd.Float64() >= d.loss
}

// onItsWay is a packet that will arrive.
type onItsWay struct {
	packet  []byte
	arrives time.Time
}

// carry hands on packets until a device is closed.
func (d *direction) carry(carrying *sync.WaitGroup, from io.Reader, to io.Writer) {
	queue := make(chan onItsWay, queueLength)
	carrying.Go(func() {
		defer close(queue)
		buf := make([]byte, 1<<16)
		for {
			n, err := from.Read(buf)
			if err != nil {
				return
			}
			arrives, ok := d.takes(time.Now())
			if !ok {
				d.lost.Add(1)
				continue
			}
			select {
			case queue <- onItsWay{append([]byte(nil), buf[:n]...), arrives}:
			default:
				d.lost.Add(1)
			}
		}
	})
	carrying.Go(func() {
		for p := range queue {
			time.Sleep(time.Until(p.arrives))
			if _, err := to.Write(p.packet); err == nil {
				d.carried.Add(1)
			} else if errors.Is(err, os.ErrClosed) {
				return
			}
		}
	})
}
