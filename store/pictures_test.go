package store_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
	"github.com/google/go-cmp/cmp"
)

func TestPictures(t *testing.T) {
	conformance(t, func(f *fixture) {
		t, s := f.t, f.s
		c := session(t, s, "s1", ledger.NewNode("n1", 0))
		pictures := []store.Picture{
			{Commitment: "aa", Salt: "01", JPEG: []byte{0xff, 0xd8, 0}, TakenAt: t0},
			{Commitment: "bb", Salt: "02", JPEG: bytes.Repeat([]byte{7}, 48<<10), TakenAt: t0.Add(time.Hour)},
			{Commitment: "cc", Salt: "03", JPEG: []byte{1}, TakenAt: t0.Add(2 * time.Hour)},
		}
		for _, p := range pictures {
			if err := s.SavePicture(t.Context(), "s1", p); err != nil {
				t.Fatal(err)
			}
		}
		s = f.reopen()
		there := func(want ...bool) {
			t.Helper()
			for i, p := range pictures {
				got, err := s.Picture(t.Context(), "s1", p.Commitment)
				switch {
				case !want[i] && !errors.Is(err, store.ErrNotFound):
					t.Errorf("picture %d: %v", i, err)
				case want[i] && (err != nil || !cmp.Equal(got, p)):
					t.Errorf("picture %d: %v, %v", i, got, err)
				}
			}
		}
		there(true, true, true)
		if n, err := s.ErasePictures(t.Context(), t0.Add(time.Hour)); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		there(false, true, true)
		if _, err := s.Picture(t.Context(), "s2", "bb"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("of another session: %v", err)
		}
		if n, err := s.PersonalEntries(t.Context(), "s1"); n != 2 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if err := s.Append(t.Context(), "s1", meeting.PhaseEnded, []ledger.Entry{next(t, c, &meeting.NamesErased{})}); err != nil {
			t.Error(err)
		}
		there(false, false, false)
	})
}

// A record of a version before keeps its pictures, and holds them as bytes from then on.
func TestPicturesBecomeBytes(t *testing.T) {
	conformance(t, func(f *fixture) {
		t := f.t
		session(t, f.s, "s1", ledger.NewNode("n1", 0))
		jpeg := append([]byte{0xff, 0xd8, 0, 0xff}, bytes.Repeat([]byte{0, 1, 2}, 10_000)...)
		f.s.Close()
		db, _ := f.raw()
		for _, statement := range []string{
			"DROP TABLE pictures",
			`CREATE TABLE pictures (session TEXT NOT NULL, commitment TEXT NOT NULL, salt TEXT NOT NULL, jpeg TEXT NOT NULL, taken_at BIGINT NOT NULL,
				PRIMARY KEY (session, commitment))`,
			"CREATE INDEX pictures_taken_at ON pictures (taken_at)",
			fmt.Sprintf("INSERT INTO pictures VALUES ('s1', 'aa', '01', '%s', 5), ('s1', 'bb', '02', '', 6)", base64.StdEncoding.EncodeToString(jpeg)),
		} {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(store.PicturesAsBytes(t.Context(), tx, f.file == ""), tx.Commit()); err != nil {
			t.Fatal(err)
		}
		f.s = open(t, f.dsn)
		s := f.s
		for commitment, want := range map[string][]byte{"aa": jpeg, "bb": {}} {
			if p, err := s.Picture(t.Context(), "s1", commitment); err != nil || !bytes.Equal(p.JPEG, want) {
				t.Errorf("%s has %d bytes, want %d; %v", commitment, len(p.JPEG), len(want), err)
			}
		}
		var stored int
		if err := db.QueryRowContext(t.Context(), "SELECT length(jpeg) FROM pictures WHERE commitment = 'aa'").Scan(&stored); err != nil ||
			stored != len(jpeg) {
			t.Errorf("the column holds %d bytes of %d, %v", stored, len(jpeg), err)
		}
	})
}
