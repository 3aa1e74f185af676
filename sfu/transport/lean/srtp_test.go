package lean

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/srtp/v3"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/transport"
	"github.com/diemcau/diemcau/sfu/udpio"
)

// TestDeriveKey uses the vectors of RFC 3711 B.3.
func TestDeriveKey(t *testing.T) {
	key, _ := hex.DecodeString("E1F97A0D3E018BE0D64FA32C06DE4139")
	salt, _ := hex.DecodeString("0EC675AD498AFEEBB6960B3AABE6")
	for _, tt := range []struct {
		label byte
		want  string
	}{
		{labelEncryption, "C61E7A93744F39EE10734AFE3FF7A087"},
		{labelSalt, "30CBBC08863D8C85D49DB34A9AE1"},
	} {
		want, _ := hex.DecodeString(tt.want)
		got, err := deriveKey(tt.label, key, salt, len(want))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("label %d: %X, want %X: %v", tt.label, got, want, err)
		}
	}
}

func testKeys(profile srtp.ProtectionProfile) *srtp.Config {
	key, salt := bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{9}, 14)
	keyLen, _ := profile.KeyLen()
	saltLen, _ := profile.SaltLen()
	c := &srtp.Config{Profile: profile}
	c.Keys.LocalMasterKey, c.Keys.LocalMasterSalt = key[:keyLen], salt[:saltLen]
	c.Keys.RemoteMasterKey, c.Keys.RemoteMasterSalt = key[:keyLen], salt[:saltLen]
	return c
}

// TestSealedOpens: pion/srtp opens what was sealed, over roll-overs and out of order.
func TestSealedOpens(t *testing.T) {
	for _, profile := range profiles() {
		t.Run(srtp.ProtectionProfile(profile).String(), func(t *testing.T) {
			keys := testKeys(srtp.ProtectionProfile(profile))
			s, err := newSender(keys, []uint32{5, 6})
			if err != nil {
				t.Fatal(err)
			}
			open, err := srtp.CreateContext(keys.Keys.LocalMasterKey, keys.Keys.LocalMasterSalt, keys.Profile)
			if err != nil {
				t.Fatal(err)
			}
			port, path := newPort(t)
			batch := port.NewBatch(0)
			payload := bytes.Repeat([]byte("abc"), 300)
			check := func(ssrc uint32, seq uint16) {
				t.Helper()
				h := header(ssrc, codec.PayloadVP8, seq)
				if err := s.writeRTP(batch, path, h, payload); err != nil {
					t.Fatal(err)
				}
				// Sealed once more into plain memory, to look at it.
				size := len(h) + len(payload) + s.overhead
				sealed := make([]byte, size)
				if err := s.rtp.seal(sealed, h, payload, ssrc, s.streams[ssrc-5].highest&^0xffff|uint64(seq)); err != nil {
					t.Fatal(err)
				}
				plain, err := open.DecryptRTP(nil, sealed, nil)
				if err != nil || !bytes.Equal(plain, append(h, payload...)) {
					t.Fatalf("packet %d of %d: %v", seq, ssrc, err)
				}
			}
			for i := range 3 << 16 {
				if i%997 == 0 || i&0xffff < 3 || i&0xffff > 0xfffc {
					check(5, uint16(i))
				}
			}
			check(6, 65530)
			check(6, 65534)
			check(6, 65532)
			_ = batch.Flush()
		})
	}
}

// TestNothingIsSealedTwice is what keeps the authentication key of AES-GCM secret.
func TestNothingIsSealedTwice(t *testing.T) {
	for _, tt := range []struct {
		name string
		seqs []uint16
		ok   string // for each, y or n
	}{
		{"in order", []uint16{1, 2, 3}, "yyy"},
		{"repeated", []uint16{1, 1, 2, 1}, "ynyn"},
		{"late once", []uint16{1, 3, 2, 2}, "yyyn"},
		{"around the roll-over", []uint16{65534, 1, 65535, 0, 65535, 1}, "yyyynn"},
		{"before the start", []uint16{3, 65535, 2}, "yny"},
		{"too late", []uint16{1, 600, 2, 100}, "yyny"},
		{"after a leap", []uint16{1, 2, 2000, 1999, 2, 1999}, "yyyynn"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s stream
			for i, seq := range tt.seqs {
				if _, ok := s.next(seq); ok != (tt.ok[i] == 'y') {
					t.Errorf("packet %d (%d): sealed %v", i, seq, ok)
				}
			}
		})
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte{0, 1, 0, 2, 0, 1, 255, 255, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var s stream
		seen := map[uint64]bool{}
		for ; len(b) >= 2; b = b[2:] {
			seq := binary.BigEndian.Uint16(b)
			index, ok := s.next(seq)
			if !ok {
				continue
			}
			if uint16(index) != seq || seen[index] {
				t.Fatalf("packet %d got index %d, seen %v", seq, index, seen[index])
			}
			seen[index] = true
		}
	})
}

func TestRefusesForeignPackets(t *testing.T) {
	s, err := newSender(testKeys(srtp.ProtectionProfileAeadAes128Gcm), []uint32{5})
	if err != nil {
		t.Fatal(err)
	}
	port, path := newPort(t)
	batch := port.NewBatch(0)
	for _, tt := range []struct {
		name            string
		header, payload []byte
		want            error
	}{
		{"short header", header(5, 96, 1)[:11], nil, ErrBadPacket},
		{"other SSRC", header(6, 96, 1), nil, ErrBadPacket},
		{"too long", header(5, 96, 1), make([]byte, udpio.MaxPacket), ErrBadPacket},
		{"empty", header(5, 96, 1), nil, nil},
		{"repeated", header(5, 96, 1), nil, ErrRepeated},
	} {
		if err := s.writeRTP(batch, path, tt.header, tt.payload); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestWriteRTPAllocatesNothing(t *testing.T) {
	c, batch := benchConn(t, srtp.ProtectionProfileAeadAes128Gcm, 1)
	seq, h, payload := uint16(0), header(1000, codec.PayloadVP8, 0), make([]byte, 1000)
	if n := testing.AllocsPerRun(200, func() {
		seq++
		binary.BigEndian.PutUint16(h[2:], seq)
		if err := c[0].WriteRTP(batch, h, payload); err != nil {
			t.Fatal(err)
		}
		_ = batch.Flush()
	}); n > 0 {
		t.Errorf("%v allocations per packet", n)
	}
}

// FuzzFeedback seals whatever it is given as a connected viewer would, and throws it at the connection: what has an SRTCP
// header is handed on as it was, once; of what was changed on the way nothing is.
func FuzzFeedback(f *testing.F) {
	fact := newFactory(f, Config{}, "127.0.0.1")
	var got [][]byte
	opened, err := fact.New(transport.Params{Media: testMedia(), OnRTCP: func(b []byte) { got = append(got, bytes.Clone(b)) }})
	if err != nil {
		f.Fatal(err)
	}
	c := opened.(*conn)
	keys := testKeys(srtp.ProtectionProfileAeadAes128Gcm)
	seal, err := srtp.CreateContext(keys.Keys.RemoteMasterKey, keys.Keys.RemoteMasterSalt, keys.Profile)
	if err != nil {
		f.Fatal(err)
	}
	from := &datagram{remote: netip.MustParseAddrPort("127.0.0.1:9"), local: netip.MustParseAddr("127.0.0.1")}
	c.mu.Lock()
	c.checks.use(c.provenPath(from))
	c.secured(keys)
	c.mu.Unlock()

	f.Add([]byte{0x80, 201, 0, 1, 0, 0, 0, 1}, uint16(0))
	f.Add([]byte{0x81, 201, 0, 7, 0, 0, 0, 1, 0, 0, 3, 232, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, uint16(9))
	f.Add([]byte{0x8f, 206, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, 'R', 'E', 'M', 'B', 1, 0, 0, 1, 0, 0, 3, 232}, uint16(40))
	f.Add([]byte{0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 3, 232, 0, 1, 255, 255}, uint16(12))
	f.Add([]byte{0x80, 200, 255, 255, 0, 0, 0, 1}, uint16(3)) // longer than it is
	f.Add([]byte{0xa0, 201, 0, 1, 0, 0, 0, 1, 0, 0, 0, 255}, uint16(8))
	f.Fuzz(func(t *testing.T, plain []byte, flip uint16) {
		if len(plain) > 1400 {
			return
		}
		sealed, err := seal.EncryptRTCP(nil, plain, nil)
		if err != nil || sealed[1] < 192 || sealed[1] >= 224 || sealed[0]>>6 != 2 {
			return // not taken for RTCP (RFC 5761 4)
		}
		c.mu.Lock()
		c.lastRequest = time.Now() // consent is not what this is about
		c.mu.Unlock()
		throw := func(b []byte) {
			got = nil
			d := *from
			d.data = bytes.Clone(b)
			if !c.tryHandle(&d, new(scratch)) {
				t.Fatal("busy")
			}
		}
		damaged := bytes.Clone(sealed)
		damaged[2+int(flip/8)%(len(damaged)-2)] ^= 1 << (flip % 8)
		if throw(damaged); len(got) != 0 {
			t.Errorf("%x was taken with bit %d changed", plain, flip)
		}
		if throw(sealed); len(got) != 1 || !bytes.Equal(got[0], plain) {
			t.Errorf("%x became %x", plain, got)
		}
		if throw(sealed); len(got) != 0 {
			t.Errorf("%x was taken twice", plain)
		}
		if c.out.Load() == nil {
			t.Error("the connection has ended")
		}
	})
}

// BenchmarkSeal seals a packet of 1,012 bytes into a batch that is emptied without sending.
func BenchmarkSeal(b *testing.B) {
	for _, profile := range profiles() {
		b.Run(srtp.ProtectionProfile(profile).String(), func(b *testing.B) {
			s, err := newSender(testKeys(srtp.ProtectionProfile(profile)), []uint32{1000})
			if err != nil {
				b.Fatal(err)
			}
			dst, h, payload := make([]byte, 1500), header(1000, 96, 0), make([]byte, 1012)
			size := len(h) + len(payload) + s.overhead
			index := uint64(0)
			b.SetBytes(int64(len(payload)))
			b.ReportAllocs()
			for b.Loop() {
				index++
				binary.BigEndian.PutUint16(h[2:], uint16(index))
				if err := s.rtp.seal(dst[:size], h, payload, 1000, index); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFrame sends a frame of 5 packets and one packet of sound to each of 300 connections on loopback, whose
// sockets nobody reads: the sound as a message of its own, and as the end of the frame's.
func BenchmarkFrame(b *testing.B) {
	const viewers, frame = 300, 5
	picture, sound := make([]byte, 1012), make([]byte, 92)
	for _, together := range []bool{false, true} {
		name := "sound apart"
		if together {
			name = "sound rides"
		}
		b.Run(name, func(b *testing.B) {
			conns, batch := benchConn(b, srtp.ProtectionProfileAeadAes128Gcm, viewers)
			pictures, sounds, seq := header(1000, 96, 0), header(1002, 111, 0), uint16(0)
			write := func(c *conn, h, payload []byte, n uint16) {
				binary.BigEndian.PutUint16(h[2:], n)
				if err := c.WriteRTP(batch, h, payload); err != nil {
					b.Fatal(err)
				}
			}
			before := conns[0].factory.cfg.Port.Stats()
			b.ReportAllocs()
			for b.Loop() {
				for _, c := range conns {
					for i := range uint16(frame) {
						write(c, pictures, picture, seq+i)
					}
					if together {
						write(c, sounds, sound, seq)
					}
				}
				if !together {
					_ = batch.Flush()
					for _, c := range conns {
						write(c, sounds, sound, seq)
					}
				}
				_ = batch.Flush()
				seq += frame
			}
			sent := conns[0].factory.cfg.Port.Stats()
			packets := float64(sent.Packets - before.Packets)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/packets, "ns/packet")
			b.ReportMetric(float64(sent.Messages-before.Messages)/packets, "messages/packet")
		})
	}
}

// benchConn makes n connections that are connected by decree, each to a socket of its own.
func benchConn(tb testing.TB, profile srtp.ProtectionProfile, n int) ([]*conn, *udpio.Batch) {
	tb.Helper()
	f := newFactory(tb, Config{}, "127.0.0.1")
	conns := make([]*conn, n)
	for i := range conns {
		tc, err := f.New(transport.Params{Media: testMedia()})
		if err != nil {
			tb.Fatal(err)
		}
		c := tc.(*conn)
		c.path.Store(&path{conn: c, udp: f.cfg.Port.Path(newSTUNPeer(tb, f).addr(), netip.MustParseAddr("127.0.0.1"))})
		c.mu.Lock()
		c.secured(testKeys(profile))
		c.lastRequest = time.Now().Add(time.Hour) // consent for the length of the test
		c.lastHeard = c.lastRequest
		c.mu.Unlock()
		conns[i] = c
	}
	return conns, f.cfg.Port.NewBatch(0)
}

func newPort(tb testing.TB) (*udpio.Port, *path) {
	tb.Helper()
	port, err := udpio.Listen(udpio.Config{Addr: netip.MustParseAddrPort("127.0.0.1:0")})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = port.Close() })
	return port, &path{udp: port.Path(netip.MustParseAddrPort("127.0.0.1:9"), netip.Addr{})}
}
