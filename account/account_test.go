package account

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
)

func TestRights(t *testing.T) {
	all := []Right{RightManageAccounts, RightChangeRoster, RightPrepare, RightReadSessions, RightGiveLinks, RightReadRehearsal, RightEnterConsoles}
	for _, tc := range []struct {
		name string
		a    Account
		want string
	}{
		{"admin", Account{Role: RoleAdmin}, "manage_accounts change_roster prepare read give_links rehearsal enter"},
		{"host", Account{Role: RoleHost}, "prepare read give_links rehearsal enter"},
		{"operator", Account{Role: RoleOperator}, "prepare read give_links rehearsal enter"},
		{"operator of a province", Account{Role: RoleOperator, Scope: "P58"}, "read give_links rehearsal"},
		{"secretary", Account{Role: RoleSecretary}, "read rehearsal"},
		{"disabled admin", Account{Role: RoleAdmin, Disabled: true}, ""},
		{"no role", Account{}, ""},
	} {
		var got []string
		for _, r := range all {
			if tc.a.May(r) {
				got = append(got, string(r))
			}
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%s may %v", tc.name, got)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		name string
		a    Account
		want error
	}{
		{"good", Account{Name: "an.nguyen@ninhthuan", Role: RoleOperator, Scope: "P58"}, nil},
		{"no name", Account{Role: RoleHost}, ProblemError{ProblemBadName}},
		{"capitals", Account{Name: "An", Role: RoleHost}, ProblemError{ProblemBadName}},
		{"spaces", Account{Name: "a b", Role: RoleHost}, ProblemError{ProblemBadName}},
		{"diacritics", Account{Name: "ân", Role: RoleHost}, ProblemError{ProblemBadName}},
		{"long name", Account{Name: strings.Repeat("a", 65), Role: RoleHost}, ProblemError{ProblemBadName}},
		{"role", Account{Name: "a", Role: "boss"}, ProblemError{ProblemBadRole}},
		{"scope of a host", Account{Name: "a", Role: RoleHost, Scope: "P58"}, ProblemError{ProblemBadScope}},
		{"long phone", Account{Name: "a", Role: RoleHost, Phone: strings.Repeat("0", 201)}, ProblemError{ProblemTooLong}},
	} {
		if got := tc.a.Check(); !errors.Is(got, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
	if err := CheckAdmins([]Account{{Role: RoleAdmin, Disabled: true}, {Role: RoleHost}}); !errors.Is(err, ProblemError{ProblemLastAdmin}) {
		t.Errorf("nobody manages: %v", err)
	}
	if err := CheckAdmins([]Account{{Role: RoleAdmin}}); err != nil {
		t.Error(err)
	}
}

func TestCheckPassword(t *testing.T) {
	for _, tc := range []struct {
		password string
		want     error
	}{
		{"con meo cua toi", nil},
		{"Đường truyền tốt", nil},
		{"k7#pQz!m2V", nil},
		{"ngan", ProblemError{ProblemShortPassword}},
		{"", ProblemError{ProblemShortPassword}},
		{"aaaaaaaaaaaaaa", ProblemError{ProblemWeakPassword}},
		{"1234567890", ProblemError{ProblemWeakPassword}},
		{"abcdefghijkl", ProblemError{ProblemWeakPassword}},
		{"9876543210", ProblemError{ProblemWeakPassword}},
		{"kythuat2026", ProblemError{ProblemWeakPassword}}, // holds the name
		{strings.Repeat("xk", 65), ProblemError{ProblemLongPassword}},
	} {
		if got := CheckPassword("kythuat", tc.password); !errors.Is(got, tc.want) {
			t.Errorf("%q: %v, want %v", tc.password, got, tc.want)
		}
	}
}

func fastHasher(t *testing.T) *Hasher {
	t.Helper()
	return NewHasherOf(2, &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
}

func TestHasher(t *testing.T) {
	h := fastHasher(t)
	hash, err := h.Hash(t.Context(), "con meo cua toi")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$") {
		t.Fatalf("%q %v", hash, err)
	}
	again, err := h.Hash(t.Context(), "con meo cua toi")
	if err != nil || again == hash {
		t.Error("two hashes of a password are equal: no salt")
	}
	good := &Account{Hash: hash}
	for _, tc := range []struct {
		name, password string
		a              *Account
		want           error
	}{
		{"right", "con meo cua toi", good, nil},
		{"wrong", "con meo cua tôi", good, ErrRefused},
		{"empty", "", good, ErrRefused},
		{"nobody", "con meo cua toi", nil, ErrRefused},
		{"nobody, decoy's password", "nobody's password", nil, ErrRefused},
		{"disabled", "con meo cua toi", &Account{Hash: hash, Disabled: true}, ErrRefused},
		{"without a password", "", &Account{}, ErrRefused},
		{"damaged hash", "x", &Account{Hash: "x"}, ErrRefused},
	} {
		if err := h.Verify(t.Context(), "192.0.2.1", tc.a, tc.password); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 {
		if err := h.queue.enter(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Verify(gone, "192.0.2.1", good, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("with all places taken: %v", err)
	}
}

func TestThrottle(t *testing.T) {
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	th := NewThrottle(3)
	// fail begins attempts as soon as the key may, and returns how long the next would have to wait.
	fail := func(key string, at time.Time) time.Duration {
		if th.Begin(key, at) != 0 {
			t.Fatalf("%s has to wait at %v", key, at)
		}
		wait := th.Begin(key, at)
		if wait == 0 {
			th.Undo(key, 1)
		}
		return wait
	}
	at := now
	for i, want := range []time.Duration{0, 0, 0, 1 * time.Second, 2 * time.Second, 4 * time.Second} {
		got := fail("an", at)
		if got != want {
			t.Errorf("after failure %d: wait %v, want %v", i+1, got, want)
		}
		at = at.Add(got)
	}
	if fail("binh", now) != 0 {
		t.Error("the wait meets others")
	}
	for range 20 {
		at = at.Add(fail("an", at))
	}
	if got := fail("an", at); got != 5*time.Minute {
		t.Errorf("after many failures: %v", got)
	}
	if at = at.Add(2 * time.Hour); fail("an", at) != 0 {
		t.Error("old failures count for ever")
	}
	for range 3 {
		th.Begin("chi", now)
	}
	if n := th.Succeeded("chi"); n != 3 {
		t.Errorf("%d attempts before the success, want 3", n)
	}
	for range 3 {
		if fail("chi", now) != 0 {
			t.Error("a success does not clear the failures")
		}
	}
	th.Begin("chi", now)
	if th.Begin("chi", now) == 0 {
		t.Fatal("chi need not wait")
	}
	th.Forget(func(key string) bool { return key == "chi" })
	if th.Begin("chi", now) != 0 {
		t.Error("what was forgotten counts")
	}
}

// Who tries many at once gets no more tries than who tries one after the other.
func TestThrottleCountsBeforeTheAnswer(t *testing.T) {
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	th := NewThrottle(5)
	let := 0
	for range 60 {
		if th.Begin("an", now) == 0 {
			let++
		}
	}
	if let != 6 { // the sixth begins the waiting
		t.Errorf("%d of 60 at once were let through", let)
	}
	th.Undo("an", let)
	if th.Begin("an", now) != 0 {
		t.Error("attempts without an answer count")
	}
}

// Who sends endless names does not fill the memory.
func TestThrottleIsBounded(t *testing.T) {
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	th := NewThrottle(1)
	th.maxKeys = 50
	for i := range 1000 {
		th.Begin(strconv.Itoa(i), now.Add(time.Duration(i)*time.Millisecond))
		if len(th.keys) > 50 || th.used.Len() != len(th.keys) {
			t.Fatalf("%d keys", len(th.keys))
		}
	}
	if th.keys["999"] == nil || th.keys["0"] != nil {
		t.Error("not the oldest were forgotten")
	}
}

func TestLogin(t *testing.T) {
	a, b := NewSecret(), NewSecret()
	if a == b || len(a) < 43 || LoginID(a) == LoginID(b) || strings.Contains(LoginID(a), a) {
		t.Errorf("secrets %q %q", a, b)
	}
	t0 := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	l := Login{CreatedAt: t0, SeenAt: t0.Add(24 * time.Hour)}
	for after, want := range map[time.Duration]bool{25 * time.Hour: true, 37 * time.Hour: false, 8 * 24 * time.Hour: false} {
		if l.Valid(t0.Add(after)) != want {
			t.Errorf("after %v valid = %v", after, !want)
		}
	}
	l.SeenAt = t0.Add(7*24*time.Hour - time.Minute)
	if l.Valid(t0.Add(7 * 24 * time.Hour)) {
		t.Error("a login in use lasts for ever")
	}
}
