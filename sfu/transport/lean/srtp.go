package lean

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"slices"
	"sync"

	"github.com/pion/dtls/v3"
	"github.com/pion/srtp/v3"

	"github.com/diemcau/diemcau/sfu/udpio"
)

// profiles lists the SRTP protection profiles (RFC 5764 4.1.2), the cheapest first: AES-GCM has hardware, HMAC-SHA1
// costs six times as much a packet.
func profiles() []dtls.SRTPProtectionProfile {
	return []dtls.SRTPProtectionProfile{
		dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80,
	}
}

// replayWindow is how far SRTCP may arrive out of order, in packets.
const replayWindow = 64

// Errors of sealing.
var (
	ErrNotConnected = errors.New("lean: not connected")
	ErrBadPacket    = errors.New("lean: not an RTP packet of this connection, or too long")
	ErrRepeated     = errors.New("lean: a packet with this sequence number was sealed before")
)

// sealer seals one RTP packet. dst has room for header, payload and overhead.
type sealer interface {
	seal(dst, header, payload []byte, ssrc uint32, index uint64) error
}

// sender seals what one viewer is sent. With many viewers each of its packets finds this memory cold: what the media
// path reads stands together.
type sender struct {
	rtp      sealer
	overhead int // bytes that sealing adds to a packet
	ssrcs    []uint32
	streams  []stream // of the same index

	mu      sync.Mutex
	rtcp    *srtp.Context
	rtcpBuf []byte
}

func newSender(keys *srtp.Config, ssrcs []uint32) (*sender, error) {
	s := &sender{ssrcs: ssrcs, streams: make([]stream, len(ssrcs))}
	var err error
	if s.rtcp, err = srtp.CreateContext(keys.Keys.LocalMasterKey, keys.Keys.LocalMasterSalt, keys.Profile); err != nil {
		return nil, err
	}
	if keys.Profile == srtp.ProtectionProfileAeadAes128Gcm || keys.Profile == srtp.ProtectionProfileAeadAes256Gcm {
		s.rtp, err = newGCM(keys.Keys.LocalMasterKey, keys.Keys.LocalMasterSalt)
		s.overhead = gcmTag
		return s, err
	}
	if s.rtp, err = newContextSealer(keys); err != nil {
		return nil, err
	}
	s.overhead, err = keys.Profile.AuthTagRTPLen()
	return s, err
}

// writeRTP seals a packet into the batch, or into the queue of a TCP peer. It allocates nothing.
func (s *sender) writeRTP(batch *udpio.Batch, path *path, header, payload []byte) error {
	size := len(header) + len(payload) + s.overhead
	if len(header) < 12 || size > udpio.MaxPacket {
		return ErrBadPacket
	}
	ssrc := binary.BigEndian.Uint32(header[8:])
	i := slices.Index(s.ssrcs, ssrc)
	if i < 0 {
		return ErrBadPacket
	}
	index, ok := s.streams[i].next(binary.BigEndian.Uint16(header[2:]))
	if !ok {
		return ErrRepeated
	}
	if path.tcp != nil {
		dst := path.tcp.begin(size)
		if dst == nil {
			return nil // counted there
		}
		defer path.tcp.end()
		return s.rtp.seal(dst, header, payload, ssrc, index)
	}
	dst := batch.Append(path.udp, size)
	if dst == nil {
		return ErrBadPacket
	}
	return s.rtp.seal(dst, header, payload, ssrc, index)
}

// writeRTCP seals a compound packet and sends it at once.
func (s *sender) writeRTCP(f *Factory, path *path, compound []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sealed, err := s.rtcp.EncryptRTCP(s.rtcpBuf, compound, nil)
	if err != nil {
		return err
	}
	s.rtcpBuf = sealed[:0]
	return path.send(f, sealed)
}

// sealedWindow is how far behind the highest a sequence number may be sealed for the first time: packets that reach
// the server late, after their loss was repaired.
const sealedWindow = 512

// stream numbers the packets of one SSRC by the 48-bit index of RFC 3711 3.3.1 and sees to it that none is used
// twice: under AES-GCM two packets with one nonce give the authentication key away (RFC 7714 8.4). A repair goes on
// the RTX stream's own numbers instead.
type stream struct {
	started bool
	highest uint64
	sealed  [sealedWindow / 64]uint64 // bit of index modulo the window
}

func (s *stream) next(seq uint16) (uint64, bool) {
	if !s.started {
		s.started, s.highest = true, uint64(seq)
		s.mark(s.highest)
		return s.highest, true
	}
	delta := int64(int16(seq - uint16(s.highest)))
	index := int64(s.highest) + delta
	if delta > 0 {
		for i := s.highest + 1; i <= uint64(index) && i <= s.highest+sealedWindow; i++ {
			s.sealed[i/64%uint64(len(s.sealed))] &^= 1 << (i % 64)
		}
		s.highest = uint64(index)
	} else if index < 0 || delta <= -sealedWindow || s.isMarked(uint64(index)) {
		return 0, false
	}
	s.mark(uint64(index))
	return uint64(index), true
}

func (s *stream) mark(i uint64) { s.sealed[i/64%uint64(len(s.sealed))] |= 1 << (i % 64) }

func (s *stream) isMarked(i uint64) bool {
	return s.sealed[i/64%uint64(len(s.sealed))]&(1<<(i%64)) != 0
}

// gcmTag is the length of the authentication tag in bytes (RFC 7714 13.1).
const gcmTag = 16

// gcm seals with AES-GCM (RFC 7714) by crypto/cipher alone: header and payload go straight into the batch, nothing is
// parsed, copied twice or allocated.
type gcm struct {
	aead  cipher.AEAD
	salt  [12]byte
	nonce [12]byte // here, not on the stack, where it would escape into the heap at each call
}

func newGCM(masterKey, masterSalt []byte) (*gcm, error) {
	key, err := deriveKey(labelEncryption, masterKey, masterSalt, len(masterKey))
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	g := &gcm{}
	if g.aead, err = cipher.NewGCM(block); err != nil {
		return nil, err
	}
	salt, err := deriveKey(labelSalt, masterKey, masterSalt, len(g.salt))
	copy(g.salt[:], salt)
	return g, err
}

func (g *gcm) seal(dst, header, payload []byte, ssrc uint32, index uint64) error {
	// RFC 7714 8.1: two zero bytes, SSRC, roll-over counter and sequence number, over the salt.
	g.nonce = g.salt
	binary.BigEndian.PutUint32(g.nonce[2:], binary.BigEndian.Uint32(g.salt[2:])^ssrc)
	binary.BigEndian.PutUint32(g.nonce[6:], binary.BigEndian.Uint32(g.salt[6:])^uint32(index>>16))
	binary.BigEndian.PutUint16(g.nonce[10:], binary.BigEndian.Uint16(g.salt[10:])^uint16(index))
	n := copy(dst, header)
	g.aead.Seal(dst[n:n], g.nonce[:], payload, dst[:n])
	return nil
}

// Labels of the key derivation (RFC 3711 4.3.1).
const (
	labelEncryption = 0
	labelSalt       = 2
)

// deriveKey derives a session key of n bytes by AES in counter mode (RFC 3711 4.3.3), with a key derivation rate of 0.
// A 96-bit salt counts as one of 112 bits with zeroes behind (RFC 7714 11).
func deriveKey(label byte, masterKey, masterSalt []byte, n int) ([]byte, error) {
	block, err := aes.NewCipher(masterKey)
	if err != nil {
		return nil, err
	}
	var iv [aes.BlockSize]byte
	copy(iv[:14], masterSalt)
	iv[7] ^= label
	key := make([]byte, n)
	cipher.NewCTR(block, iv[:]).XORKeyStream(key, key)
	return key, nil
}

// contextSealer seals with the other profiles by pion/srtp.
type contextSealer struct {
	ctx     *srtp.Context
	plain   []byte
	scratch []byte
}

func newContextSealer(keys *srtp.Config) (*contextSealer, error) {
	ctx, err := srtp.CreateContext(keys.Keys.LocalMasterKey, keys.Keys.LocalMasterSalt, keys.Profile)
	return &contextSealer{ctx: ctx}, err
}

func (s *contextSealer) seal(dst, header, payload []byte, _ uint32, _ uint64) error {
	s.plain = append(append(s.plain[:0], header...), payload...)
	sealed, err := s.ctx.EncryptRTP(s.scratch, s.plain, nil)
	if err != nil {
		clear(dst) // it is in the batch already: a datagram of zeroes, which the peer ignores
		return err
	}
	s.scratch = sealed
	copy(dst, sealed)
	return nil
}
