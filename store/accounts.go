package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/diemcau/diemcau/account"
)

const accountColumns = "name, full_name, role, scope, phone, disabled, hash, must_change, created_at, link_grant"

// Account returns an account by its name: ErrNotFound if there is none.
func (s accounts) Account(ctx context.Context, name string) (account.Account, error) {
	list, err := s.accounts(ctx, s.read, "WHERE name = ?", name)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("account %s: %w", name, ErrNotFound)
	}
	if err != nil {
		return account.Account{}, err
	}
	return list[0], nil
}

// Accounts lists all accounts by name.
func (s accounts) Accounts(ctx context.Context) ([]account.Account, error) {
	return s.accounts(ctx, s.read, "ORDER BY name")
}

// rowsQuerier is the database or a transaction.
type rowsQuerier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (s accounts) accounts(ctx context.Context, db rowsQuerier, where string, args ...any) ([]account.Account, error) {
	rows, err := db.QueryContext(ctx, s.bind("SELECT "+accountColumns+" FROM accounts "+where), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []account.Account
	for rows.Next() {
		var a account.Account
		var disabled, mustChange, created int64
		if err := rows.Scan(&a.Name, &a.FullName, &a.Role, &a.Scope, &a.Phone, &disabled, &a.Hash, &mustChange, &created, &a.LinkGrant); err != nil {
			return nil, err
		}
		a.Disabled, a.MustChange, a.CreatedAt = disabled != 0, mustChange != 0, fromMicros(created)
		list = append(list, a)
	}
	return list, rows.Err()
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// CreateAccount adds an account: ErrExists if the name is taken.
func (s accounts) CreateAccount(ctx context.Context, a account.Account) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		list, err := s.accounts(ctx, tx, "WHERE name = ?", a.Name)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			return fmt.Errorf("account %s: %w", a.Name, ErrExists)
		}
		_, err = tx.ExecContext(ctx, s.bind("INSERT INTO accounts ("+accountColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
			a.Name, a.FullName, string(a.Role), a.Scope, a.Phone, flag(a.Disabled), a.Hash, flag(a.MustChange), micros(a.CreatedAt), a.LinkGrant)
		return err
	})
}

// ChangeAccount changes an account, and ends its logins but one (or all, if keep is empty) when endLogins is set. An
// error of change takes everything back, as does account.ProblemLastAdmin.
func (s accounts) ChangeAccount(ctx context.Context, name string, change func(*account.Account) error, endLogins bool, keep string) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		list, err := s.accounts(ctx, tx, "ORDER BY name")
		if err != nil {
			return err
		}
		var a *account.Account
		for i := range list {
			if list[i].Name == name {
				a = &list[i]
			}
		}
		if a == nil {
			return fmt.Errorf("account %s: %w", name, ErrNotFound)
		}
		managed := account.CheckAdmins(list) == nil
		if err := change(a); err != nil {
			return err
		}
		if err := account.CheckAdmins(list); managed && err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, s.bind("UPDATE accounts SET full_name = ?, role = ?, scope = ?, phone = ?, disabled = ?, hash = ?, must_change = "+
			"?, link_grant = ? WHERE name = ?"),
			a.FullName, string(a.Role), a.Scope, a.Phone, flag(a.Disabled), a.Hash, flag(a.MustChange), a.LinkGrant, name); err != nil {
			return err
		}
		if endLogins {
			_, err = tx.ExecContext(ctx, s.bind("DELETE FROM logins WHERE account = ? AND id <> ?"), name, keep)
		}
		return err
	})
}

// DeleteAccount removes an account with its logins; account.ProblemLastAdmin if nobody else manages accounts.
func (s accounts) DeleteAccount(ctx context.Context, name string) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, s.bind("DELETE FROM accounts WHERE name = ?"), name)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("account %s: %w", name, ErrNotFound))
		}
		left, err := s.accounts(ctx, tx, "ORDER BY name")
		if err != nil {
			return err
		}
		if err := account.CheckAdmins(left); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, s.bind("DELETE FROM logins WHERE account = ?"), name)
		return err
	})
}

// CreateLogin keeps a login, and forgets those that have run out.
func (s accounts) CreateLogin(ctx context.Context, l account.Login) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, s.bind("DELETE FROM logins WHERE created_at < ? OR seen_at < ?"),
			micros(l.CreatedAt.Add(-account.LoginLife)), micros(l.CreatedAt.Add(-account.LoginIdle))); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, s.bind("INSERT INTO logins (id, account, device, created_at, seen_at) VALUES (?, ?, ?, ?, ?)"),
			l.ID, l.Account, l.Device, micros(l.CreatedAt), micros(l.SeenAt))
		return err
	})
}

// Login returns a login with its account: ErrNotFound if either is gone.
func (s accounts) Login(ctx context.Context, id string) (account.Login, account.Account, error) {
	l := account.Login{ID: id}
	var created, seen int64
	err := s.read.QueryRowContext(ctx, s.bind("SELECT account, device, created_at, seen_at FROM logins WHERE id = ?"), id).
		Scan(&l.Account, &l.Device, &created, &seen)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("login: %w", ErrNotFound)
	}
	if err != nil {
		return l, account.Account{}, err
	}
	l.CreatedAt, l.SeenAt = fromMicros(created), fromMicros(seen)
	a, err := s.Account(ctx, l.Account)
	return l, a, err
}

// Logins lists the logins of an account, the newest first.
func (s accounts) Logins(ctx context.Context, name string) ([]account.Login, error) {
	rows, err := s.read.QueryContext(ctx, s.bind("SELECT id, account, device, created_at, seen_at FROM logins WHERE account = ? ORDER BY created_at DESC, id"),
		name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []account.Login
	for rows.Next() {
		var l account.Login
		var created, seen int64
		if err := rows.Scan(&l.ID, &l.Account, &l.Device, &created, &seen); err != nil {
			return nil, err
		}
		l.CreatedAt, l.SeenAt = fromMicros(created), fromMicros(seen)
		list = append(list, l)
	}
	return list, rows.Err()
}

// SeeLogin notes that a login is in use.
func (s accounts) SeeLogin(ctx context.Context, id string, at time.Time) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, s.bind("UPDATE logins SET seen_at = ? WHERE id = ?"), micros(at), id)
		return err
	})
}

// EndLogin ends a login of an account; one that is gone is no error.
func (s accounts) EndLogin(ctx context.Context, name, id string) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, s.bind("DELETE FROM logins WHERE id = ? AND account = ?"), id, name)
		return err
	})
}
