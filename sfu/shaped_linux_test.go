package sfu

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/leftover"
	"github.com/pion/rtcp"
	"golang.org/x/sys/unix"
)

// weakLine is a veth pair into a network namespace, with a token bucket on this side of it, and a socket at its far end.
func weakLine(t *testing.T, rate string) (near netip.Addr, far net.PacketConn) {
	t.Helper()
	id := os.Getpid()
	ns, a, b := fmt.Sprintf("dcw%d", id), fmt.Sprintf("dcn%d", id), fmt.Sprintf("dcf%d", id)
	near = netip.AddrFrom4([4]byte{10, 78, byte(id % 250), 1})
	run := func(args ...string) error {
		out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%v: %w: %s", args, err, out)
		}
		return nil
	}
	old, _ := filepath.Glob("/var/run/netns/dcw*")
	for _, path := range old { // of tests that were killed
		if pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(path), "dcw")); err == nil && !leftover.Alive(pid) {
			_ = run("ip", "netns", "del", filepath.Base(path))
		}
	}
	if err := run("ip", "netns", "add", ns); err != nil {
		t.Skipf("no network namespaces here: %v", err)
	}
	t.Cleanup(func() { _ = run("ip", "netns", "del", ns) })
	for _, args := range [][]string{
		{"ip", "link", "add", a, "type", "veth", "peer", "name", b, "netns", ns},
		{"ip", "addr", "add", near.String() + "/24", "dev", a},
		{"ip", "link", "set", a, "up"},
		{"ip", "-n", ns, "addr", "add", near.Next().String() + "/24", "dev", b},
		{"ip", "-n", ns, "link", "set", b, "up"},
		{"ip", "-n", ns, "link", "set", "lo", "up"},
		{"tc", "qdisc", "replace", "dev", a, "root", "tbf", "rate", rate, "burst", "16kb", "latency", "150ms"},
	} {
		if err := run(args...); err != nil {
			t.Skipf("no shaped veth pair here: %v", err)
		}
	}
	opened := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread, which is in the namespace now, ends with the goroutine
		f, err := os.Open("/var/run/netns/" + ns)
		if err == nil {
			defer func() { _ = f.Close() }()
			err = unix.Setns(int(f.Fd()), unix.CLONE_NEWNET)
		}
		if err == nil {
			far, err = net.ListenPacket("udp4", near.Next().String()+":0")
		}
		opened <- err
	}()
	if err := <-opened; err != nil {
		t.Skipf("no socket in a network namespace: %v", err)
	}
	t.Cleanup(func() { _ = far.Close() })
	return near, far
}

// A keyframe of a hundred packets of 1,000 bytes reaches a viewer on a line of 400 kbit/s whole, and sound goes on
// meanwhile. The line holds a fifth of it: sent at once, the rest would be lost.
func TestKeyframeOnAShapedLine(t *testing.T) {
	const keyframe, sounds = 100, 150
	near, far := weakLine(t, "400kbit")
	n := newNode(t, func(c *Config) { c.UDP = netip.AddrPortFrom(near, 0) })
	r := &rig{t: t, node: n, stage: n.Stage("s")}
	a := r.site(alice, markA)
	r.feed(main, alice, SourceCamera)
	r.feed("a-main", alice, SourceMicrophone)
	w := watch(t, r.stage, ViewerParams{ID: "w", Owner: bob}, &line{udp: far})
	eventually(t, "sound comes", func() bool { a.audio(); return len(w.got("a-main")) > 0 })

	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%d packets of the picture without a gap, %d of sound; %+v", unbroken(w), len(w.got("a-main")), w.Stats())
		}
	})
	eventually(t, "the line is known", func() bool {
		for _, bitrate := range []float32{600_000, 400_000} {
			remb := &rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: bitrate, SSRCs: []uint32{mainLeg(w.Viewer).media.SSRC}}
			if err := w.pc.WriteRTCP([]rtcp.Packet{remb}); err != nil {
				t.Fatal(err)
			}
		}
		b := w.Stats().Budget
		return b > 0 && b <= 400_000
	})
	before := len(w.got("a-main"))
	began := n.now()
	a.tick()
	a.frame[0]++
	for i := range keyframe {
		payload := append(vp8(i == 0, true, a.frame[0], markA), make([]byte, 1000)...)
		a.push(SourceCamera, 0, a.seq[0]+uint16(i), i == keyframe-1, payload)
	}
	a.seq[0] += keyframe
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	var whole time.Duration
	frames := 0
	for i := range sounds {
		a.audio()
		if i%4 == 3 { // pictures go on: the client only looks for repairs when one comes
			a.tick()
			a.video(0, 1, false)
			frames++
		}
		<-ticker.C
		if whole == 0 && unbroken(w) >= keyframe {
			whole = n.now() - began
		}
	}
	t.Logf("whole after %v", whole)
	eventually(t, "all of the keyframe and what follows", func() bool { return unbroken(w) == keyframe+frames })
	eventually(t, "all of the sound", func() bool { return len(w.got("a-main")) >= before+sounds })
	follows(t, w.got("a-main"))
}

// unbroken is how many packets of main came from the first on without a gap.
func unbroken(w *watcher) int {
	var numbers []uint16
	for _, p := range w.got(main) {
		numbers = append(numbers, p.SequenceNumber)
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	for i := range numbers {
		if numbers[i] != numbers[0]+uint16(i) {
			return i
		}
	}
	return len(numbers)
}
