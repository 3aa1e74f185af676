package store_test

import (
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/prepare"
	"github.com/diemcau/diemcau/roster"
	"github.com/diemcau/diemcau/store"
	"github.com/google/go-cmp/cmp"
)

func TestAccounts(t *testing.T) {
	conformance(t, func(f *fixture) {
		t, ctx := f.t, f.t.Context()
		admin := account.Account{Name: "an", FullName: "Nguyễn Văn An", Role: account.RoleAdmin, Phone: "024", Hash: "h", MustChange: true, CreatedAt: t0}
		op := account.Account{Name: "binh", Role: account.RoleOperator, Scope: "P58", CreatedAt: t0}
		for _, a := range []account.Account{admin, op} {
			if err := f.s.CreateAccount(ctx, a); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.s.CreateAccount(ctx, admin); !errors.Is(err, store.ErrExists) {
			t.Errorf("name twice: %v", err)
		}
		s := f.reopen()
		got, err := s.Accounts(ctx)
		if diff := cmp.Diff([]account.Account{admin, op}, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if _, err := s.Account(ctx, "chi"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
		disable := func(a *account.Account) error { a.Disabled = true; return nil }
		if err := s.ChangeAccount(ctx, "an", disable, false, ""); !errors.Is(err, account.ProblemError{Problem: account.ProblemLastAdmin}) {
			t.Errorf("the last administrator is disabled: %v", err)
		}
		if err := s.DeleteAccount(ctx, "an"); !errors.Is(err, account.ProblemError{Problem: account.ProblemLastAdmin}) {
			t.Errorf("the last administrator is deleted: %v", err)
		}
		if a, err := s.Account(ctx, "an"); err != nil || a.Disabled {
			t.Errorf("after the refusals: %+v %v", a, err)
		}
		for _, id := range []string{"1", "2"} {
			if err := s.CreateLogin(ctx, account.Login{ID: id, Account: "binh", Device: "Chrome", CreatedAt: t0, SeenAt: t0}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.SeeLogin(ctx, "2", t0.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		l, a, err := s.Login(ctx, "2")
		if want := (account.Login{ID: "2", Account: "binh", Device: "Chrome", CreatedAt: t0, SeenAt: t0.Add(time.Hour)}); l != want || a != op || err != nil {
			t.Errorf("%+v %+v %v", l, a, err)
		}
		rename := func(a *account.Account) error { a.FullName = "Bình"; return nil }
		if err := s.ChangeAccount(ctx, "binh", rename, true, "2"); err != nil {
			t.Error(err)
		}
		if logins, err := s.Logins(ctx, "binh"); err != nil || len(logins) != 1 || logins[0].ID != "2" {
			t.Errorf("left: %v %v", logins, err)
		}
		if err := s.EndLogin(ctx, "an", "2"); err != nil {
			t.Error(err)
		}
		if _, _, err := s.Login(ctx, "2"); err != nil {
			t.Errorf("another's login can be ended: %v", err)
		}
		// A later login sweeps what has run out.
		if err := s.CreateLogin(ctx, account.Login{ID: "3", Account: "an", CreatedAt: t0.Add(14 * time.Hour), SeenAt: t0.Add(14 * time.Hour)}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Login(ctx, "2"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an old login is kept: %v", err)
		}
		if err := s.DeleteAccount(ctx, "binh"); err != nil {
			t.Error(err)
		}
		if err := s.DeleteAccount(ctx, "binh"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("deleted twice: %v", err)
		}
	})
}

func TestDrafts(t *testing.T) {
	conformance(t, func(f *fixture) {
		t, ctx := f.t, f.t.Context()
		row := store.DraftRow{ID: "d", UpdatedAt: t0, UpdatedBy: "an", Draft: prepare.Draft{
			Title: "Phiên họp", Start: t0, Units: []string{"P58/*"}, Contacts: map[string]prepare.Contact{"C1": {Phone: "1", ByPhone: true}},
			Agenda: []meeting.AgendaItem{{ID: "a", Title: "Khai mạc", Speakers: []string{"C1"}}},
		}}
		if v, err := f.s.PutDraft(ctx, row, 0); v != 1 || err != nil {
			t.Fatal(v, err)
		}
		s := f.reopen()
		row.Version = 1
		if got, err := s.Draft(ctx, "d", 0); cmp.Diff(row, got) != "" || err != nil {
			t.Error(cmp.Diff(row, got), err)
		}
		later := row
		later.Draft.Title, later.UpdatedBy = "Phiên họp thứ hai", "binh"
		if v, err := s.PutDraft(ctx, later, 1); v != 2 || err != nil {
			t.Fatal(v, err)
		}
		if _, err := s.PutDraft(ctx, row, 1); !errors.Is(err, store.ErrConflict) {
			t.Errorf("a version that is not the newest: %v", err)
		}
		if _, err := s.PutDraft(ctx, store.DraftRow{ID: "x"}, 1); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("no such draft: %v", err)
		}
		if got, err := s.Draft(ctx, "d", 1); err != nil || got.Draft.Title != "Phiên họp" {
			t.Errorf("the earlier version: %+v %v", got, err)
		}
		if err := s.ConveneDraft(ctx, "d", 1, "s"); !errors.Is(err, store.ErrConflict) {
			t.Errorf("convene what was changed: %v", err)
		}
		if err := s.ConveneDraft(ctx, "d", 2, "s"); err != nil {
			t.Error(err)
		}
		if err := s.ConveneDraft(ctx, "d", 2, "t"); !errors.Is(err, store.ErrConflict) {
			t.Errorf("convene twice: %v", err)
		}
		if _, err := s.PutDraft(ctx, later, 2); !errors.Is(err, store.ErrConflict) {
			t.Errorf("change what was convened: %v", err)
		}
		if err := s.DeleteDraft(ctx, "d"); !errors.Is(err, store.ErrConflict) {
			t.Errorf("delete what was convened: %v", err)
		}
		if got, err := s.DraftOf(ctx, "s"); err != nil || got.Draft.Title != "Phiên họp thứ hai" || got.Session != "s" {
			t.Errorf("%+v %v", got, err)
		}
		for _, session := range []string{"none", ""} {
			if _, err := s.DraftOf(ctx, session); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("draft of %q: %v", session, err)
			}
		}
		if _, err := s.PutDraft(ctx, store.DraftRow{ID: "e", UpdatedAt: t0.Add(time.Minute)}, 0); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Drafts(ctx); err != nil || len(list) != 2 || list[0].ID != "e" {
			t.Errorf("%+v %v", list, err)
		}
		if err := s.DeleteDraft(ctx, "e"); err != nil {
			t.Error(err)
		}
		if _, err := s.Draft(ctx, "e", 0); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("deleted: %v", err)
		}
	})
}

// Of many who save the same version at once, exactly one does.
func TestDraftRace(t *testing.T) {
	conformance(t, func(f *fixture) {
		t, ctx := f.t, f.t.Context()
		if _, err := f.s.PutDraft(ctx, store.DraftRow{ID: "d", UpdatedAt: t0}, 0); err != nil {
			t.Fatal(err)
		}
		const people = 20
		errs := make([]error, people)
		var wg sync.WaitGroup
		for i := range people {
			wg.Go(func() {
				_, errs[i] = f.s.PutDraft(ctx, store.DraftRow{ID: "d", UpdatedAt: t0, UpdatedBy: strconv.Itoa(i)}, 1)
			})
		}
		wg.Wait()
		saved := 0
		for _, err := range errs {
			switch {
			case err == nil:
				saved++
			case !errors.Is(err, store.ErrConflict):
				t.Error(err)
			}
		}
		if row, err := f.s.Draft(ctx, "d", 0); saved != 1 || row.Version != 2 || err != nil {
			t.Errorf("%d saved, version %d, %v", saved, row.Version, err)
		}
	})
}

func TestShortCodes(t *testing.T) {
	conformance(t, func(f *fixture) {
		t, ctx := f.t, f.t.Context()
		codes := []link.Code{
			{Hash: "a", Session: "s", Endpoint: "C1", Serial: 1, Sealed: "x"}, {Hash: "b", Session: "s", Endpoint: "C2", Serial: 1, Sealed: "y"},
			{Hash: "c", Session: "t", Endpoint: "C1", Serial: 2},
		}
		if err := f.s.PutShortCodes(ctx, codes); err != nil {
			t.Fatal(err)
		}
		if err := f.s.PutShortCodes(ctx, codes[:1]); err == nil {
			t.Error("a code leads to two places")
		}
		s := f.reopen()
		if got, err := s.ShortCode(ctx, "b"); got != codes[1] || err != nil {
			t.Error(got, err)
		}
		if _, err := s.ShortCode(ctx, "d"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("no such code: %v", err)
		}
		for endpoint, want := range map[string][]link.Code{"": codes[:2], "C2": codes[1:2], "C9": nil} {
			if got, err := s.ShortCodes(ctx, "s", endpoint); cmp.Diff(want, got) != "" || err != nil {
				t.Errorf("%q: %v %v", endpoint, got, err)
			}
		}
	})
}

func TestRehearsals(t *testing.T) {
	conformance(t, func(f *fixture) {
		t, ctx := f.t, f.t.Context()
		r := store.Rehearsal{Session: "s", Endpoint: "C1", At: t0,
			Result: prepare.Rehearsal{Camera: prepare.StateWorks, Line: prepare.Line{Connected: true, LossUp: 1.5, UpKbps: 900}}}
		for i := range 2 {
			r.At = t0.Add(time.Duration(i) * time.Hour)
			if err := f.s.PutRehearsal(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		again := f.reopen()
		got, err := again.Rehearsals(ctx, "s")
		if diff := cmp.Diff([]store.Rehearsal{r}, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
		one, err := again.Rehearsal(ctx, "s", "C1")
		if diff := cmp.Diff(r, one); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if _, err := again.Rehearsal(ctx, "s", "C2"); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestRosterEdits(t *testing.T) {
	conformance(t, func(f *fixture) {
		ctx := f.t.Context()
		tree, err := roster.New([]meeting.Unit{{Code: "TW", Level: meeting.LevelCentral, Name: "Trung ương"},
			{Code: "P58", Parent: "TW", Level: meeting.LevelProvince, Name: "Tỉnh Ninh Thuận"}})
		if err != nil {
			f.t.Fatal(err)
		}
		if err := f.s.ReplaceRoster(ctx, tree, t0); err != nil {
			f.t.Fatal(err)
		}
		edit := store.RosterEdit{Edit: roster.Edit{Kind: roster.RenameUnit, Code: "P58", Name: "Tỉnh Khánh Hòa", InForce: "2025-07-01"}, By: "an", At: t0}
		after, err := tree.Apply(edit.Edit, t0)
		if err != nil {
			f.t.Fatal(err)
		}
		if version, err := f.s.EditRoster(ctx, after, edit, 1); err != nil || version != 2 {
			f.t.Fatalf("version %d, %v", version, err)
		}
		if _, err := f.s.EditRoster(ctx, tree, edit, 1); !errors.Is(err, store.ErrConflict) {
			f.t.Errorf("an edit of an old version: %v", err)
		}
		f.reopen()
		edits, err := f.s.RosterEdits(ctx)
		edit.Version = 2
		if err != nil || len(edits) != 1 || edits[0] != edit {
			f.t.Errorf("edits %+v, %v", edits, err)
		}
		units, err := f.s.Units(ctx)
		if err != nil || len(units) != 2 || units[1].Name != "Tỉnh Khánh Hòa" {
			f.t.Errorf("units %v, %v", units, err)
		}
	})
}
