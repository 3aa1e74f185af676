package link

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
)

// CodeKeySize is the length of the key of short codes in bytes.
const CodeKeySize = 32

// Code is where a short code leads. The record keeps the hash of the code, and the code itself only sealed.
type Code struct {
	Hash     string
	Session  string
	Endpoint string
	Serial   int    // issue of the link; only the newest is valid
	Sealed   string // the code, for sheets that are printed again; empty = it cannot be
}

// CodeRecord is where codes are kept.
type CodeRecord interface {
	PutShortCodes(ctx context.Context, codes []Code) error
	// ShortCodes lists the codes of a session, or of one endpoint of it.
	ShortCodes(ctx context.Context, session, endpoint string) ([]Code, error)
}

// Codes gives links the random codes that stand on paper. The record finds a code by its hash; to print it again
// it is also kept sealed (AES-256-GCM) with a key that is not in the database.
type Codes struct {
	record    CodeRecord
	seal      cipher.AEAD
	publicURL string

	mu sync.Mutex // held while codes are made, so that a link gets one
}

// NewCodes makes the codes of a record. The key has CodeKeySize bytes.
func NewCodes(rec CodeRecord, key []byte, publicURL string) (*Codes, error) {
	if len(key) != CodeKeySize {
		return nil, fmt.Errorf("the key of short codes has %d bytes, not %d", len(key), CodeKeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	return &Codes{record: rec, seal: seal, publicURL: strings.TrimSuffix(publicURL, "/")}, err
}

// Issue is a link of a session as the record numbers it.
type Issue struct {
	Endpoint string
	Serial   int
}

// Of returns the codes of links of a session. A link that has none yet, or one that this key does not open, gets one;
// what it had stays valid.
func (c *Codes) Of(ctx context.Context, session string, links []Issue) (map[Issue]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := ""
	if len(links) == 1 {
		one = links[0].Endpoint
	}
	there, err := c.record.ShortCodes(ctx, session, one)
	if err != nil {
		return nil, err
	}
	codes := make(map[Issue]string, len(links))
	for _, one := range there {
		key := Issue{one.Endpoint, one.Serial}
		if code, ok := c.open(one); ok && codes[key] == "" {
			codes[key] = code
		}
	}
	var made []Code
	for _, l := range links {
		if codes[l] != "" {
			continue
		}
		code := NewCode()
		one := Code{Hash: HashCode(code), Session: session, Endpoint: l.Endpoint, Serial: l.Serial}
		one.Sealed = base64.RawStdEncoding.EncodeToString(c.seal.Seal(nil, nil, []byte(code), belongs(one)))
		codes[l] = code
		made = append(made, one)
	}
	return codes, c.record.PutShortCodes(ctx, made)
}

func (c *Codes) open(one Code) (code string, ok bool) {
	sealed, err := base64.RawStdEncoding.DecodeString(one.Sealed)
	if err != nil {
		return "", false
	}
	text, err := c.seal.Open(nil, nil, sealed, belongs(one))
	return string(text), err == nil
}

// belongs is what a sealed code is bound to: in another row it does not open.
func belongs(one Code) []byte {
	return fmt.Appendf(nil, "%s\x00%s\x00%d", one.Session, one.Endpoint, one.Serial)
}

// Link returns the address that is printed for one issue of a site's link.
func (c *Codes) Link(ctx context.Context, session, endpoint string, serial int) (string, error) {
	one := Issue{endpoint, serial}
	codes, err := c.Of(ctx, session, []Issue{one})
	return c.Address(codes[one]), err
}

// Address is what a code is printed as. It stands behind the #, which browsers do not send, so that no log has it.
func (c *Codes) Address(code string) string {
	return c.publicURL + "/j#" + PrintCode(code)
}
