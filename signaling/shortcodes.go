package signaling

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
	"sync"

	"github.com/diemcau/diemcau/prepare"
	"github.com/diemcau/diemcau/store"
)

// CodeKeySize is the length of Config.CodeKey in bytes.
const CodeKeySize = 32

// shortCodes gives links the random codes that stand on paper. The record finds a code by its hash; to print it again
// it is also kept sealed (AES-256-GCM) with a key that is not in the database.
type shortCodes struct {
	record    Record
	seal      cipher.AEAD
	publicURL string

	mu sync.Mutex // held while codes are made, so that a link gets one
}

func newShortCodes(rec Record, key []byte, publicURL string) (*shortCodes, error) {
	if len(key) != CodeKeySize {
		return nil, fmt.Errorf("the key of short codes has %d bytes, not %d", len(key), CodeKeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	return &shortCodes{record: rec, seal: seal, publicURL: publicURL}, err
}

// issue is a link of a session as the record numbers it.
type issue struct {
	endpoint string
	serial   int
}

// of returns the codes of links of a session. A link that has none yet, or one that this key does not open, gets one;
// what it had stays valid.
func (c *shortCodes) of(ctx context.Context, session string, links []issue) (map[issue]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := ""
	if len(links) == 1 {
		one = links[0].endpoint
	}
	there, err := c.record.ShortCodes(ctx, session, one)
	if err != nil {
		return nil, err
	}
	codes := make(map[issue]string, len(links))
	for _, one := range there {
		key := issue{one.Endpoint, one.Serial}
		if code, ok := c.open(one); ok && codes[key] == "" {
			codes[key] = code
		}
	}
	var made []store.ShortCode
	for _, l := range links {
		if codes[l] != "" {
			continue
		}
		code := prepare.NewCode()
		one := store.ShortCode{Hash: prepare.HashCode(code), Session: session, Endpoint: l.endpoint, Serial: l.serial}
		one.Sealed = base64.RawStdEncoding.EncodeToString(c.seal.Seal(nil, nil, []byte(code), belongs(one)))
		codes[l] = code
		made = append(made, one)
	}
	return codes, c.record.PutShortCodes(ctx, made)
}

func (c *shortCodes) open(one store.ShortCode) (code string, ok bool) {
	sealed, err := base64.RawStdEncoding.DecodeString(one.Sealed)
	if err != nil {
		return "", false
	}
	text, err := c.seal.Open(nil, nil, sealed, belongs(one))
	return string(text), err == nil
}

// belongs is what a sealed code is bound to: in another row it does not open.
func belongs(one store.ShortCode) []byte {
	return fmt.Appendf(nil, "%s\x00%s\x00%d", one.Session, one.Endpoint, one.Serial)
}

// link returns the address that is printed for one issue of a site's link.
func (c *shortCodes) link(ctx context.Context, session, endpoint string, serial int) (string, error) {
	one := issue{endpoint, serial}
	codes, err := c.of(ctx, session, []issue{one})
	return c.address(codes[one]), err
}

func (c *shortCodes) address(code string) string {
	return c.publicURL + "/j/" + prepare.PrintCode(code)
}
