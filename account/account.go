// Package account holds who may prepare and account for sessions: people with a name, a role and, for operators of
// a part of the country, a scope. It is pure but for the hashing of passwords.
package account

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Role of a person in the office. It bounds what an account may do.
type Role string

// The roles.
const (
	RoleAdmin     Role = "admin"     // everything, accounts and the organisation map among it
	RoleHost      Role = "host"      // prepares and convenes sessions
	RoleOperator  Role = "operator"  // the same; with a scope only the links and rehearsals of its units
	RoleSecretary Role = "secretary" // reads sessions and their attendance
)

// Roles lists all roles.
func Roles() []Role { return []Role{RoleAdmin, RoleHost, RoleOperator, RoleSecretary} }

// Account is one person.
type Account struct {
	Name     string // by which the person logs in; lower case, unique
	FullName string
	Role     Role
	Scope    string // code of the unit in and below which an operator works; empty = everything
	Phone    string
	Disabled bool
	Hash     string // of the password; empty = none, so that only the identity provider lets the person in
	// MustChange says that somebody else chose the password.
	MustChange bool
	CreatedAt  time.Time
	// LinkGrant is what the links of consoles carry that the account was given; another value ends them.
	LinkGrant string
}

// Right is something that not everyone may do.
type Right string

// The rights.
const (
	RightManageAccounts Right = "manage_accounts"
	RightChangeRoster   Right = "change_roster"
	RightPrepare        Right = "prepare"    // edit drafts, convene, move and call off
	RightReadSessions   Right = "read"       // lists, attendance
	RightGiveLinks      Right = "give_links" // sheets of links, reissue and revoke; within the scope
	RightReadRehearsal  Right = "rehearsal"  // within the scope
	RightEnterConsoles  Right = "enter"      // the links of host, operator and secretary
)

// May reports whether an account has a right. Rights over single sites are bounded by Scope besides.
func (a Account) May(r Right) bool {
	if a.Disabled {
		return false
	}
	switch a.Role {
	case RoleAdmin:
		return true
	case RoleHost:
		return r != RightManageAccounts && r != RightChangeRoster
	case RoleOperator:
		if a.Scope != "" {
			return r == RightGiveLinks || r == RightReadRehearsal || r == RightReadSessions
		}
		return r != RightManageAccounts && r != RightChangeRoster
	case RoleSecretary:
		return r == RightReadSessions || r == RightReadRehearsal
	}
	return false
}

// Problem is the stable name of what is wrong with an account or a password; clients translate it.
type Problem string

// The problems.
const (
	ProblemBadName       Problem = "bad_name"
	ProblemBadRole       Problem = "bad_role"
	ProblemBadScope      Problem = "bad_scope"
	ProblemTooLong       Problem = "too_long"
	ProblemShortPassword Problem = "short_password"
	ProblemLongPassword  Problem = "long_password"
	ProblemWeakPassword  Problem = "weak_password" // few different characters, a run of neighbours, or the name in it
	ProblemLastAdmin     Problem = "last_admin"    // somebody must be left who can manage accounts
)

// ProblemError is a Problem as an error.
type ProblemError struct{ Problem Problem }

func (e ProblemError) Error() string { return strings.ReplaceAll(string(e.Problem), "_", " ") }

// Bounds, in runes. NIST SP 800-63B asks for a length, and against rules of composition.
const (
	MinPassword = 10
	MaxPassword = 128
	maxName     = 64
	maxText     = 200
)

// CleanName is a name as it is stored and compared.
func CleanName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// Check reports what is wrong with an account, apart from its password.
func (a Account) Check() error {
	bad := func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".-_@+", r)
	}
	switch {
	case a.Name == "" || a.Name != CleanName(a.Name) || len(a.Name) > maxName || strings.ContainsFunc(a.Name, bad):
		return ProblemError{ProblemBadName}
	case !slices.Contains(Roles(), a.Role):
		return ProblemError{ProblemBadRole}
	case a.Scope != "" && a.Role != RoleOperator:
		return ProblemError{ProblemBadScope}
	case utf8.RuneCountInString(a.FullName) > maxText || utf8.RuneCountInString(a.Phone) > maxText || len(a.Scope) > maxName:
		return ProblemError{ProblemTooLong}
	}
	return nil
}

// CheckPassword reports what is wrong with a password that somebody wants.
func CheckPassword(name, password string) error {
	runes := []rune(strings.ToLower(password))
	switch {
	case len(runes) < MinPassword:
		return ProblemError{ProblemShortPassword}
	case len(runes) > MaxPassword:
		return ProblemError{ProblemLongPassword}
	case name != "" && strings.Contains(string(runes), strings.ToLower(name)) && len(runes) < len(name)+MinPassword:
		return ProblemError{ProblemWeakPassword}
	}
	different, steps := map[rune]bool{}, 0
	for i, r := range runes {
		different[r] = true
		if i > 0 && (r-runes[i-1] == 1 || runes[i-1]-r == 1 || r == runes[i-1]) {
			steps++
		}
	}
	if len(different) < 5 || steps > len(runes)*2/3 {
		return ProblemError{ProblemWeakPassword}
	}
	return nil
}

// CheckAdmins returns LastAdmin when nobody of a list could manage accounts.
func CheckAdmins(all []Account) error {
	if slices.ContainsFunc(all, func(a Account) bool { return a.May(RightManageAccounts) }) {
		return nil
	}
	return ProblemError{ProblemLastAdmin}
}

// ErrRefused is the answer to a wrong name, a wrong password and a disabled account alike: who guesses learns nothing.
var ErrRefused = errors.New("name or password is wrong")
