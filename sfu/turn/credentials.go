package turn

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// maxUsername bounds what a client may call itself (RFC 8489 14.3).
const maxUsername = 508

// holder is who has one issue of credentials: which one, of those this server has made, and whose.
type holder struct {
	issue uint64
	user  string
}

func (h holder) String() string { return strconv.FormatUint(h.issue, 10) + ":" + h.user }

// parseHolder reads what String wrote.
func parseHolder(text string) (holder, bool) {
	number, user, _ := strings.Cut(text, ":")
	issue, err := strconv.ParseUint(number, 10, 64)
	h := holder{issue, user}
	return h, err == nil && user != "" && h.String() == text // one spelling for one name
}

// username is the name of a holder until a time.
func username(expires time.Time, h holder) string {
	return strconv.FormatInt(expires.Unix(), 10) + ":" + h.String()
}

// parseUsername takes a user name apart.
func parseUsername(name string) (expires time.Time, h holder, ok bool) {
	if len(name) > maxUsername {
		return time.Time{}, holder{}, false
	}
	at, rest, _ := strings.Cut(name, ":")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if h, ok = parseHolder(rest); err != nil || !ok || username(time.Unix(seconds, 0), h) != name { // one spelling for one name
		return time.Time{}, holder{}, false
	}
	return time.Unix(seconds, 0), h, true
}

// password is the MAC of a user name.
func (s *Server) password(name string) string { return s.mac("password", name) }

// opaque is a user as strangers on the way may see it: TURN over UDP and TCP sends the name in the clear.
func (s *Server) opaque(user string) string { return s.mac("user", user)[:16] }

func (s *Server) mac(use, text string) string {
	m := hmac.New(sha256.New, s.secret)
	m.Write([]byte(use + "\x00" + text))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}
