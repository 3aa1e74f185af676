package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/gowebpki/jcs"
)

// A ledger grows by an entry for each event, and its form is fixed: the canonical form (RFC 8785) of an entry is put together
// from those of its members, in the order of their names. Only what has no fixed form goes through a parser.

// appendCanonical appends the canonical form of an entry that its hash covers: without Hash and Personal.
func appendCanonical(b []byte, e Entry) ([]byte, error) {
	var err error
	if b, err = appendTime(append(b, `{"at":`...), e.At); err != nil {
		return nil, err
	}
	if e.By != "" {
		if b, err = appendString(append(b, `,"by":`...), e.By); err != nil {
			return nil, err
		}
	}
	if b, err = appendData(append(b, `,"data":`...), e.Data); err != nil {
		return nil, err
	}
	if b, err = appendString(append(b, `,"kind":`...), e.Kind); err != nil {
		return nil, err
	}
	if b, err = appendString(append(b, `,"node":`...), e.Node); err != nil {
		return nil, err
	}
	if b, err = appendNumber(append(b, `,"node_seq":`...), e.NodeSeq); err != nil {
		return nil, err
	}
	if b, err = appendString(append(b, `,"prev":`...), e.Prev); err != nil {
		return nil, err
	}
	if b, err = appendTime(append(b, `,"recorded_at":`...), e.RecordedAt); err != nil {
		return nil, err
	}
	if b, err = appendNumber(append(b, `,"seq":`...), e.Seq); err != nil {
		return nil, err
	}
	if b, err = appendString(append(b, `,"session":`...), e.Session); err != nil {
		return nil, err
	}
	return append(b, '}'), nil
}

func appendTime(b []byte, t time.Time) ([]byte, error) {
	b, err := t.AppendText(append(b, '"'))
	return append(b, '"'), err
}

// appendNumber appends a number as JavaScript writes it, which is exact up to 2^53.
func appendNumber(b []byte, n uint64) ([]byte, error) {
	if n < 1<<53 {
		return strconv.AppendUint(b, n, 10), nil
	}
	text, err := jcs.NumberToJSON(float64(n))
	return append(b, text...), err
}

func appendString(b []byte, s string) ([]byte, error) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			text, err := canonical([]string{s})
			if err != nil {
				return nil, err
			}
			return append(b, text[1:len(text)-1]...), nil
		}
	}
	return append(append(append(b, '"'), s...), '"'), nil
}

func appendData(b []byte, data json.RawMessage) ([]byte, error) {
	if data == nil {
		return append(b, "null"...), nil
	}
	if !json.Valid(data) { // the parser below lets some pass
		return nil, errors.New("its data are not JSON")
	}
	text, err := jcs.Transform(data)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return append(b, text...), nil
}

// canonical is the canonical JSON of a value.
func canonical(v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jcs.Transform(plain)
}
