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

// username is the name of a user until a time.
func username(expires time.Time, user string) string {
	return strconv.FormatInt(expires.Unix(), 10) + ":" + user
}

// parseUsername takes a user name apart.
func parseUsername(name string) (expires time.Time, user string, ok bool) {
	at, user, ok := strings.Cut(name, ":")
	if !ok || user == "" || len(name) > maxUsername {
		return time.Time{}, "", false
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || username(time.Unix(seconds, 0), user) != name { // one spelling for one name
		return time.Time{}, "", false
	}
	return time.Unix(seconds, 0), user, true
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
