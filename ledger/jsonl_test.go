package ledger_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/ledgertest"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
)

// t0 is when the sessions of these tests start.
var t0 = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

// signer is a key that every run of the tests shares.
func signer(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

// named is the ledger of a short session, with the name of a delegate in its fifth entry.
func named(t *testing.T) []ledger.Entry {
	t.Helper()
	c := ledger.NewChain("s1", ledger.NewNode("n1", 0), ledger.Head{})
	var list []ledger.Entry
	for i, ev := range []meeting.Event{
		&meeting.Convened{Title: "Phiên họp thứ nhất", ScheduledAt: t0, TimeZone: "Asia/Ho_Chi_Minh", Rules: meeting.DefaultRules(),
			Endpoints: []meeting.Endpoint{{Code: "C1", Name: "Xã Phước Dân", Role: meeting.RoleSite, Phone: "+84 259 000 000"}}},
		&meeting.Started{By: meeting.HostCode},
		&meeting.Connected{Endpoint: "C1", Conn: "a"},
		&meeting.Lost{Endpoint: "C1", Conn: "a", LastSeen: t0.Add(3 * time.Second), Why: "timeout"},
		&meeting.DelegatesDeclared{Endpoint: "C1", Delegates: []meeting.Delegate{{Name: "Nguyễn Thị <Bé>", Title: "Chủ tịch"}}},
		&meeting.Ended{By: meeting.HostCode},
	} {
		e, err := c.Next(time.Time{}, t0.Add(time.Duration(i)*time.Second), "", ev)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

func exported(t *testing.T, list []ledger.Entry) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := ledger.Export(&out, seq(list), signer(1)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestVerifyWhole(t *testing.T) {
	list := named(t)
	file := exported(t, list)
	pub := signer(1).Public().(ed25519.PublicKey)
	want := ledger.Verified{Session: "s1", Count: 6, Head: list[5].Hash, Fingerprint: ledger.Fingerprint(pub)}
	for _, key := range []ed25519.PublicKey{nil, pub} {
		got, err := ledger.Verify(bytes.NewReader(file), key)
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	if _, err := ledger.Verify(bytes.NewReader(file), signer(2).Public().(ed25519.PublicKey)); !errors.Is(err, ledger.ErrOtherKey) {
		t.Errorf("another key: %v", err)
	}
}

func TestVerifyFindsEveryFlippedByte(t *testing.T) {
	c := ledger.NewChain("s1", ledger.NewNode("n1", 0), ledger.Head{})
	var list []ledger.Entry
	for _, ev := range []meeting.Event{
		&meeting.Opened{}, &meeting.DelegatesDeclared{Endpoint: "C1", Delegates: []meeting.Delegate{{Name: "Bé"}}}, &meeting.HandRaised{Endpoint: "C1"},
	} {
		e, err := c.Next(t0, t0, "@host", ev)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	file := exported(t, list)
	var lineOf []uint64 // entry of each byte
	line := uint64(1)
	for _, b := range file {
		lineOf = append(lineOf, line)
		if b == '\n' {
			line++
		}
	}
	for i := range file {
		flip := []byte{0x20, 0x01, 0x80}[i%3]
		damaged := bytes.Clone(file)
		damaged[i] ^= flip
		_, err := ledger.Verify(bytes.NewReader(damaged), nil)
		if err == nil {
			t.Fatalf("byte %d (%q) flipped by %#x was not found", i, file[i], flip)
		}
		var broken *ledger.BrokenError
		if errors.As(err, &broken) && broken.Seq != lineOf[i] && i != len(file)-1 {
			t.Fatalf("byte %d of entry %d: %v", i, lineOf[i], err)
		}
	}
}

func TestVerifyNamesTheFirstBrokenEntry(t *testing.T) {
	file := exported(t, named(t))
	lines := bytes.SplitAfter(file, []byte("\n"))
	lines = lines[:len(lines)-1]
	other := bytes.SplitAfter(exported(t, chainOf(t, 6)), []byte("\n"))
	tests := map[string]struct {
		lines [][]byte
		seq   uint64 // of a BrokenError, or
		err   error
	}{
		"empty file":         {nil, 0, ledger.ErrNoTrailer},
		"without trailer":    {lines[:6], 0, ledger.ErrNoTrailer},
		"truncated":          {lines[:4], 0, ledger.ErrNoTrailer},
		"torn in a line":     {append(slices.Clone(lines[:3]), lines[3][:20]), 0, ledger.ErrNoLineFeed},
		"no last line feed":  {append(slices.Clone(lines[:6]), bytes.TrimSuffix(lines[6], []byte("\n"))), 0, ledger.ErrNoLineFeed},
		"CR and LF in all":   {bytes.SplitAfter(bytes.ReplaceAll(file, []byte("\n"), []byte("\r\n")), []byte("\n")), 1, nil},
		"CR before the last": {append(slices.Clone(lines[:6]), bytes.ReplaceAll(lines[6], []byte("\n"), []byte("\r\n"))), 0, ledger.ErrBadSignature},
		"CR in one entry":    {append(append(slices.Clone(lines[:2]), bytes.ReplaceAll(lines[2], []byte("\n"), []byte("\r\n"))), lines[3:]...), 3, nil},
		"only a trailer":     {lines[6:], 0, ledger.ErrEmpty},
		"an empty line":      {slices.Insert(slices.Clone(lines), 1, []byte("\n")), 2, nil},
		"entry removed":      {slices.Delete(slices.Clone(lines), 2, 3), 3, nil},
		"last entry removed": {slices.Delete(slices.Clone(lines), 5, 6), 6, nil},
		"entry added":        {slices.Insert(slices.Clone(lines), 3, lines[2]), 4, nil},
		"entries swapped":    {[][]byte{lines[0], lines[2], lines[1], lines[3], lines[4], lines[5], lines[6]}, 2, nil},
		"other file's entry": {append(slices.Clone(lines[:5]), other[5], lines[6]), 6, nil},
		"other's trailer":    {append(slices.Clone(lines[:6]), other[6]), 6, nil},
		"behind the trailer": {append(slices.Clone(lines), lines[0]), 0, ledger.ErrBehindTrailer},
		"a member more":      {[][]byte{bytes.Replace(lines[0], []byte(`"at"`), []byte(`"a":1,"at"`), 1)}, 1, nil},
		"other spelling":     {[][]byte{bytes.Replace(lines[0], []byte(`"at"`), []byte(` "at"`), 1)}, 1, nil},
		"names exchanged":    {append(slices.Clone(lines[:4]), bytes.Replace(lines[4], []byte("Bé"), []byte("Bế"), 1)), 5, nil},
		"salt in capitals":   {append(slices.Clone(lines[:4]), capitalSalt(lines[4])), 5, nil},
		"signature of others": {append(slices.Clone(lines[:6]), bytes.Replace(lines[6], []byte(`"count":6`), []byte(`"count":5`), 1)), 0,
			ledger.ErrBadSignature},
		"unknown trailer": {append(slices.Clone(lines[:6]), []byte(`{"trailer":"diemcau ledger 2"}`+"\n")), 0, ledger.ErrBadTrailer},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ledger.Verify(bytes.NewReader(bytes.Join(tt.lines, nil)), nil)
			var broken *ledger.BrokenError
			if tt.err != nil {
				if !errors.Is(err, tt.err) {
					t.Errorf("got %v, want %v", err, tt.err)
				}
			} else if !errors.As(err, &broken) || broken.Seq != tt.seq {
				t.Errorf("got %v, want broken at %d", err, tt.seq)
			}
		})
	}
}

// capitalSalt spells the salt of a line in another way.
func capitalSalt(line []byte) []byte {
	before, after, _ := bytes.Cut(line, []byte(`"salt":"`))
	salt, rest, _ := bytes.Cut(after, []byte(`"`))
	return bytes.Join([][]byte{before, []byte(`"salt":"`), bytes.ToUpper(salt), []byte(`"`), rest}, nil)
}

func TestABrokenLedgerIsNotSigned(t *testing.T) {
	list := named(t)
	list[3].By = "@operator"
	var out bytes.Buffer
	err := ledger.Export(&out, seq(list), signer(1))
	var broken *ledger.BrokenError
	if !errors.As(err, &broken) || broken.Seq != 4 {
		t.Errorf("got %v, want broken at 4", err)
	}
	if strings.Contains(out.String(), "signature") {
		t.Error("it was signed")
	}
}

func TestAnEmptyLedgerIsNotSigned(t *testing.T) {
	var out bytes.Buffer
	if err := ledger.Export(&out, seq(nil), signer(1)); !errors.Is(err, ledger.ErrEmpty) || out.Len() > 0 {
		t.Errorf("%v, %q", err, out.String())
	}
}

// Whoever holds the database and the key can write every entry anew and make every hash and the signature right. Only
// an anchor contradicts.
func TestAnchors(t *testing.T) {
	whole := named(t)
	rewritten := slices.Clone(whole)
	rewritten[2].At = rewritten[2].At.Add(-10 * time.Minute) // an arrival that was late
	for i := 2; i < len(rewritten); i++ {
		sealed, err := ledger.Seal(rewritten[i-1].Hash, rewritten[i])
		if err != nil {
			t.Fatal(err)
		}
		rewritten[i] = sealed
	}
	at := func(i int) ledger.Anchor {
		return ledger.Anchor{Session: "s1", Seq: whole[i].Seq, Head: whole[i].Hash, From: "heads"}
	}
	stamp := ledger.Anchor{Head: whole[4].Hash, From: "authority", At: t0}
	tests := map[string]struct {
		list    []ledger.Entry
		anchors []ledger.Anchor
		met     int
		broken  uint64
		err     error
	}{
		"rewritten, no anchor":      {list: rewritten},
		"cut, no anchor":            {list: whole[:4]},
		"whole":                     {list: whole, anchors: []ledger.Anchor{at(1), at(5), stamp}, met: 3},
		"grown since":               {list: whole, anchors: []ledger.Anchor{at(2)}, met: 1},
		"rewritten":                 {list: rewritten, anchors: []ledger.Anchor{at(1), at(4)}, broken: 5},
		"rewritten, a time stamp":   {list: rewritten, anchors: []ledger.Anchor{stamp}, err: ledger.ErrOtherHead},
		"cut":                       {list: whole[:4], anchors: []ledger.Anchor{at(1), at(5)}, broken: 5},
		"cut, a time stamp":         {list: whole[:4], anchors: []ledger.Anchor{stamp}, err: ledger.ErrOtherHead},
		"anchors of other sessions": {list: whole, anchors: []ledger.Anchor{{Session: "s2", Seq: 1, Head: whole[0].Hash}}, err: ledger.ErrNoAnchor},
		"anchors that contradict":   {list: whole, anchors: []ledger.Anchor{at(1), {Session: "s1", Seq: 2, Head: whole[0].Hash}}, broken: 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ledger.Verify(bytes.NewReader(exported(t, tt.list)), nil, tt.anchors...)
			var broken *ledger.BrokenError
			switch {
			case tt.broken > 0:
				if !errors.As(err, &broken) || broken.Seq != tt.broken {
					t.Errorf("got %v, want broken at %d", err, tt.broken)
				}
			case !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) || err == nil && got.Anchors != tt.met:
				t.Errorf("got %+v, %v, want %d and %v", got, err, tt.met, tt.err)
			}
		})
	}
}

func FuzzParseAnchors(f *testing.F) {
	f.Add([]byte(`{"kind":"anchor","session":"s1","seq":6,"head":"fd7815c94454517e3a99263e0f864dfe48901307b40bc3262e46668081068727",` +
		`"at":"2026-03-02T01:00:00Z"}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := ledger.ParseAnchors(text)
		for _, a := range list {
			if err != nil || a.Session == "" || a.Seq == 0 || len(a.Head) != 64 {
				t.Fatalf("%+v, %v", a, err)
			}
		}
	})
}

func TestPersonalDataOfAnEventThatHasNone(t *testing.T) {
	list := named(t)
	list[2].Personal = list[4].Personal
	if _, err := list[2].Event(); err == nil {
		t.Error("decoded")
	}
	if _, err := ledgertest.Verify(seq(list)); err == nil {
		t.Error("verified")
	}
}

func TestSaltsDiffer(t *testing.T) {
	a, b := named(t)[4], named(t)[4]
	if len(a.Personal.Salt) != 32 || a.Personal.Salt == b.Personal.Salt || a.Hash == b.Hash {
		t.Errorf("salts %s and %s of equal names, hashes %s and %s", a.Personal.Salt, b.Personal.Salt, a.Hash, b.Hash)
	}
}

// TestTheDocumentedCheck runs the check of docs/ledger.md, which shares nothing with this package.
func TestTheDocumentedCheck(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("needs python3")
	}
	doc, err := os.ReadFile("../docs/ledger.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(doc), "```python\n")
	script, _, found := strings.Cut(after, "```")
	if !found {
		t.Fatal("docs/ledger.md has no script")
	}
	whole := exported(t, named(t))
	for name, tt := range map[string]struct {
		file []byte
		want string // in what it prints
		ok   bool
	}{
		"whole":           {whole, "whole: 6 entries", true},
		"changed":         {bytes.Replace(whole, []byte(`"conn":"a"`), []byte(`"conn":"b"`), 1), "entry 3 was changed", false},
		"names exchanged": {bytes.Replace(whole, []byte("Bé"), []byte("Bế"), 1), "entry 5: other personal data", false},
		"truncated":       {whole[:bytes.Index(whole, []byte(`{"count"`))], "no trailer", false},
	} {
		file := filepath.Join(t.TempDir(), "ledger.jsonl")
		if err := os.WriteFile(file, tt.file, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), python, "-c", script, file).CombinedOutput()
		if (err == nil) != tt.ok || !strings.Contains(string(out), tt.want) {
			t.Errorf("%s: %v, %s, want %q", name, err, out, tt.want)
		}
	}
}

func TestPublicKeyFile(t *testing.T) {
	pub := signer(1).Public().(ed25519.PublicKey)
	text, err := ledger.EncodePublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ledger.DecodePublicKey(text); err != nil || !got.Equal(pub) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "rubbish", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"} {
		if _, err := ledger.DecodePublicKey([]byte(bad)); err == nil {
			t.Errorf("%q was read as a key", bad)
		}
	}
}

func FuzzVerify(f *testing.F) {
	c := ledger.NewChain("s1", ledger.NewNode("n1", 0), ledger.Head{})
	e, err := c.Next(t0, t0, "@host", &meeting.Opened{})
	if err != nil {
		f.Fatal(err)
	}
	var out bytes.Buffer
	if err := ledger.Export(&out, seq([]ledger.Entry{e}), signer(1)); err != nil {
		f.Fatal(err)
	}
	whole := out.Bytes()
	f.Add(whole)
	f.Add([]byte(`{"at":"2026-03-02T01:00:00Z","data":{},"hash":"","kind":"x","node":"","node_seq":0,"prev":"","recorded_at":"2026-03-02T01:00:00Z",` +
		`"seq":1,"session":"s"}` + "\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		_, err := ledger.Verify(bytes.NewReader(file), signer(1).Public().(ed25519.PublicKey))
		if err == nil && !bytes.Equal(file, whole) {
			t.Fatalf("signed by nobody and accepted: %q", file)
		}
	})
}
