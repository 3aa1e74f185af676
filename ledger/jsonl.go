package ledger

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Trailer is the last line of an exported ledger. It says how many entries there are and which is the last, so
// that none can be cut off, and who vouches for it. docs/ledger.md specifies its canonical form.
type Trailer struct {
	Trailer   string `json:"trailer"` // trailerFormat; no entry has this member
	Session   string `json:"session"`
	Count     uint64 `json:"count"`     // of entries
	Head      string `json:"head"`      // Hash of the last entry
	Key       []byte `json:"key"`       // Ed25519 public key, 32 bytes, base64
	Signature []byte `json:"signature"` // of the canonical form without this member, base64
}

const trailerFormat = "diemcau ledger 1"

// maxLine bounds a line of an exported ledger: the first entry of the largest session has about 3 MB.
const maxLine = 64 << 20

// The errors of an exported ledger as a whole. What is wrong with one entry is a *BrokenError.
var (
	ErrNoTrailer     = errors.New("the file ends without its signed trailer: entries may be missing")
	ErrBadTrailer    = errors.New("the trailer is damaged or not of this format")
	ErrBadSignature  = errors.New("the signature of the trailer is wrong")
	ErrOtherKey      = errors.New("the file is signed with another key than the one given")
	ErrBehindTrailer = errors.New("there is something behind the trailer")
	ErrEmpty         = errors.New("the ledger has no entries: a session has at least the one that convened it")
	ErrNoLineFeed    = errors.New("the last line does not end with a line feed")
)

// Export exports a whole ledger: one entry per line and the signed trailer. A ledger that is broken is not
// signed: the error is a *BrokenError, and what was written has no trailer. Nor is one without entries: ErrEmpty.
func Export(w io.Writer, entries iter.Seq2[Entry, error], key ed25519.PrivateKey) error {
	v := verifier{head: Head{Hash: Genesis()}}
	out := bufio.NewWriter(w)
	writeLine := func(v any) error {
		line, err := canonical(v)
		if err == nil {
			_, err = out.Write(append(line, '\n'))
		}
		return err
	}
	for e, err := range entries {
		if err == nil {
			err = v.next(e)
		}
		if err == nil {
			err = writeLine(e)
		}
		if err != nil {
			return errors.Join(err, out.Flush())
		}
	}
	if v.head.Seq == 0 {
		return ErrEmpty
	}
	t := Trailer{Trailer: trailerFormat, Session: v.session, Count: v.head.Seq, Head: v.head.Hash, Key: publicKey(key)}
	message, err := t.message()
	if err != nil {
		return err
	}
	t.Signature = ed25519.Sign(key, message)
	if err := writeLine(t); err != nil {
		return err
	}
	return out.Flush()
}

// publicKey is the second half of a private key (RFC 8032).
func publicKey(key ed25519.PrivateKey) ed25519.PublicKey {
	return ed25519.PublicKey(key[ed25519.PrivateKeySize-ed25519.PublicKeySize:])
}

// message is what the signature covers.
func (t Trailer) message() ([]byte, error) {
	return canonical(struct {
		Trailer
		Signature *string `json:"signature,omitempty"` // hides Trailer.Signature
	}{Trailer: t})
}

// Verified is what a whole exported ledger says of itself.
type Verified struct {
	Session     string
	Count       uint64 // of entries
	Head        string // Hash of the last entry
	Fingerprint string // of the key that signed it
	Erased      int    // entries whose personal data were erased
	Anchors     int    // that it agrees with
}

// Verify checks an exported ledger without anything but the file. key is who should have signed it; nil accepts
// any and leaves it to the reader to compare the fingerprint. Of the anchors, those of other sessions do not matter, but
// one has to be about this one: ErrNoAnchor. The error is a *BrokenError that names the first entry that is wrong or
// missing, or one of the errors above.
func Verify(r io.Reader, key ed25519.PublicKey, anchors ...Anchor) (Verified, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	lines.Split(wholeLine)
	v := verifier{head: Head{Hash: Genesis()}}
	witnesses := newAnchored(anchors)
	var erased int
	for lines.Scan() {
		if t, ok := asTrailer(lines.Bytes()); ok {
			if lines.Scan() {
				return Verified{}, ErrBehindTrailer
			}
			err := errors.Join(v.close(t, key), lines.Err())
			if err == nil {
				err = witnesses.end(v.head.Seq)
			}
			if err == nil && len(anchors) > 0 && witnesses.met == 0 {
				err = ErrNoAnchor
			}
			return Verified{t.Session, t.Count, t.Head, Fingerprint(t.Key), erased, witnesses.met}, err
		}
		e, err := parseLine(lines.Bytes())
		if err != nil {
			return Verified{}, &BrokenError{Seq: v.head.Seq + 1, Why: err.Error()}
		}
		if err := v.next(e); err != nil {
			return Verified{}, err
		}
		if e.Seq == 1 {
			err = witnesses.begin(e.Session, anchors)
		}
		if err := errors.Join(err, witnesses.next(e)); err != nil {
			return Verified{}, err
		}
		if commitment, err := committed(e.Data); e.Personal == nil && err == nil && commitment != "" {
			erased++
		}
	}
	if err := lines.Err(); errors.Is(err, ErrNoLineFeed) {
		return Verified{}, fmt.Errorf("after entry %d: %w", v.head.Seq, err)
	} else if err != nil {
		return Verified{}, &BrokenError{Seq: v.head.Seq + 1, Why: err.Error()}
	}
	return Verified{}, fmt.Errorf("after entry %d: %w", v.head.Seq, ErrNoTrailer)
}

// wholeLine splits at line feeds and nothing else: a carriage return belongs to its line, which is then in no canonical
// form, and a last line without its line feed is not whole.
func wholeLine(data []byte, atEOF bool) (advance int, line []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return 0, nil, ErrNoLineFeed
	}
	return 0, nil, nil
}

// asTrailer reads a line that is a trailer, damaged or not.
func asTrailer(line []byte) (Trailer, bool) {
	var t Trailer
	if !bytes.Contains(line, []byte(`"trailer":`)) || json.Unmarshal(line, &t) != nil || t.Trailer == "" {
		return t, false
	}
	if again, err := canonical(t); err != nil || !bytes.Equal(again, line) {
		t.Signature = nil
	}
	return t, true
}

// close checks the trailer against the entries before it.
func (v *verifier) close(t Trailer, key ed25519.PublicKey) error {
	message, err := t.message()
	if err != nil {
		return err
	}
	switch {
	case v.head.Seq == 0:
		return ErrEmpty
	case t.Trailer != trailerFormat || len(t.Key) != ed25519.PublicKeySize:
		return ErrBadTrailer
	case !ed25519.Verify(t.Key, message, t.Signature):
		return ErrBadSignature
	case key != nil && !key.Equal(ed25519.PublicKey(t.Key)):
		return ErrOtherKey
	case t.Count != v.head.Seq:
		return &BrokenError{Seq: min(t.Count, v.head.Seq) + 1, Why: fmt.Sprintf("the trailer counts %d entries, the file has %d", t.Count, v.head.Seq)}
	case t.Head != v.head.Hash || t.Session != v.session:
		return &BrokenError{Seq: v.head.Seq, Why: "it is not the last entry of the trailer"}
	}
	return nil
}

// parseLine reads an entry and refuses any other spelling than the canonical one: a byte that the hash does not
// cover must not differ either.
func parseLine(line []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(line, &e); err != nil {
		return Entry{}, fmt.Errorf("not an entry: %w", err)
	}
	again, err := canonical(e)
	if err != nil {
		return Entry{}, err
	}
	if !bytes.Equal(again, line) {
		return Entry{}, errors.New("the line is not in canonical form")
	}
	return e, nil
}

// Fingerprint names a public key: the SHA-256 of its 32 bytes, hex.
func Fingerprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:])
}

// EncodePublicKey writes a key as PEM (PKIX, RFC 8410), for the one who is to verify.
func EncodePublicKey(key ed25519.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// DecodePublicKey reads what EncodePublicKey wrote.
func DecodePublicKey(text []byte) (ed25519.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New("no PEM public key")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("the key is not Ed25519")
	}
	return key, nil
}
