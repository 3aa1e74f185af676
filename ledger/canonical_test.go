package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/gowebpki/jcs"
)

// whole is the canonical form of an entry by the library alone: encode it, then bring it in order.
func whole(e Entry) ([]byte, error) {
	e.Personal = nil
	plain, err := json.Marshal(struct {
		Entry
		Hash *string `json:"hash,omitempty"` // hides Entry.Hash
	}{Entry: e})
	if err != nil {
		return nil, err
	}
	return jcs.Transform(plain)
}

func sameForm(t *testing.T, e Entry) {
	t.Helper()
	want, wrong := whole(e)
	got, err := appendCanonical(nil, e)
	if (err != nil) != (wrong != nil) || !bytes.Equal(got, want) {
		t.Errorf("%+v:\n%s, %v, want\n%s, %v", e, got, err, want, wrong)
	}
}

func plainEntry() Entry {
	at := time.Date(2026, 11, 25, 1, 2, 3, 450_000_000, time.UTC)
	return Entry{
		Session: "s1", Seq: 7, At: at, RecordedAt: at.Add(time.Second), Node: "n1", NodeSeq: 9, By: "C22738", Kind: "connected",
		Data: json.RawMessage(`{"endpoint":"C22738","conn":"018f0000-0000-7000-8000-000000000000","device":"Chromium 156, Linux"}`),
		Prev: Genesis(), Hash: "ff", Personal: &Personal{Salt: "00", Value: json.RawMessage(`"x"`)},
	}
}

func TestCanonicalForm(t *testing.T) {
	for name, change := range map[string]func(*Entry){
		"as most are":          func(*Entry) {},
		"by the server":        func(e *Entry) { e.By = "" },
		"letters":              func(e *Entry) { e.By, e.Session = "Xã Nghĩa Hưng", "a<b>&c\u2028\U0001F600" },
		"signs":                func(e *Entry) { e.Node, e.Kind = "a\"b\\c\td\x01\x7f", "/" },
		"no UTF-8":             func(e *Entry) { e.By = "\xff\xfe" },
		"large numbers":        func(e *Entry) { e.Seq, e.NodeSeq = 1<<53, math.MaxUint64 },
		"the last exact one":   func(e *Entry) { e.Seq, e.NodeSeq = 1<<53-1, 1<<53+1 },
		"another zone":         func(e *Entry) { e.At = e.At.In(time.FixedZone("", 7*3600)) },
		"a year of five":       func(e *Entry) { e.At = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"no data":              func(e *Entry) { e.Data = nil },
		"empty data":           func(e *Entry) { e.Data = json.RawMessage{} },
		"data out of order":    func(e *Entry) { e.Data = json.RawMessage(` { "z" : [1.0, 2e3, -0], "a<": null, "é": "<&\u2028" } `) },
		"data that is a list":  func(e *Entry) { e.Data = json.RawMessage(`[true,false]`) },
		"data that is a word":  func(e *Entry) { e.Data = json.RawMessage(`"x"`) },
		"data that is a digit": func(e *Entry) { e.Data = json.RawMessage(`1`) },
		"data cut short":       func(e *Entry) { e.Data = json.RawMessage(`{"a":1`) },
		"data and more":        func(e *Entry) { e.Data = json.RawMessage(`{"a":1}}`) },
		"a number of no JSON":  func(e *Entry) { e.Data = json.RawMessage(`{"a":01}`) },
		"twice the same name":  func(e *Entry) { e.Data = json.RawMessage(`{"a":1,"a":2}`) },
	} {
		t.Run(name, func(t *testing.T) {
			e := plainEntry()
			change(&e)
			sameForm(t, e)
		})
	}
}

func FuzzCanonicalForm(f *testing.F) {
	f.Add("s", "n", "C1", "connected", []byte(`{"endpoint":"C1","at":1.5e300}`), uint64(1), int64(0))
	f.Add("\u2028", "\xff", "", "<", []byte(`[{"b":"\ud83d\ude00","a":-0.0}]`), uint64(1<<53), int64(1e18))
	f.Fuzz(func(t *testing.T, session, node, by, kind string, data []byte, seq uint64, at int64) {
		sameForm(t, Entry{
			Session: session, Seq: seq, At: time.Unix(0, at).UTC(), RecordedAt: time.UnixMicro(at).UTC(), Node: node, NodeSeq: seq / 3, By: by, Kind: kind,
			Data: data, Prev: Genesis(),
		})
	})
}

// The form by the library alone and this one in turn, of the same entry.
func BenchmarkCanonicalForm(b *testing.B) {
	e := plainEntry()
	for round := range 2 {
		b.Run(fmt.Sprintf("library/%d", round), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := whole(e); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("parts/%d", round), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := appendCanonical(make([]byte, 0, 1024), e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
