package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/prepare"
)

// Holding says what a text column holds of people.
type Holding string

// What a column may hold.
const (
	NothingPersonal Holding = "nothing"  // codes, ids, times, hashes, titles, places
	ErasedPersonal  Holding = "erased"   // what is erased with the names of its session
	AccountPersonal Holding = "accounts" // of people of the office, as long as they have an account
	KeptPersonal    Holding = "kept"     // reasons and names of seats, which are part of the ledger: docs/ledger.md
)

// TextColumns is the one list of the text columns of the record, by table and column, and what each holds of people. A
// new column has to be named here, and erased by eraseNames if it holds what that is to erase.
func TextColumns() map[string]Holding {
	list := map[string]Holding{
		"personal.salt": ErasedPersonal, "personal.value": ErasedPersonal, "pictures.salt": ErasedPersonal, "pictures.jpeg": ErasedPersonal,
		"rehearsals.body": ErasedPersonal, "draft_versions.body": ErasedPersonal,
		"accounts.name": AccountPersonal, "accounts.full_name": AccountPersonal, "accounts.phone": AccountPersonal,
		"logins.account": AccountPersonal, "logins.device": AccountPersonal, "draft_versions.updated_by": AccountPersonal,
		"admin_tokens.name": AccountPersonal, "admin_tokens.created_by": AccountPersonal, "unit_changes.changed_by": AccountPersonal,
		"settings.value": AccountPersonal, // the office's defaults name who usually chairs and keeps the minutes
		"entries.data":   KeptPersonal,
	}
	for _, name := range []string{
		"settings.name", "admin_tokens.id", "accounts.link_grant", "units.code", "units.parent", "units.level", "units.name", "sessions.id", "sessions.title",
		"sessions.phase",
		"entries.session", "entries.node", "entries.by_endpoint", "entries.kind", "entries.prev", "entries.hash", "alive.session",
		"links.session", "links.endpoint", "personal.session", "accounts.role", "accounts.scope", "accounts.hash", "logins.id",
		"drafts.id", "drafts.session", "draft_versions.draft", "draft_versions.title", "short_codes.hash", "short_codes.session", "short_codes.endpoint",
		"short_codes.sealed",
		"rehearsals.session", "rehearsals.endpoint", "webhook_progress.url", "webhook_progress.kind", "webhook_progress.session",
		"webhook_dead_letters.id", "webhook_dead_letters.url", "webhook_dead_letters.session", "webhook_dead_letters.body", "webhook_dead_letters.failure",
		"pictures.session", "pictures.commitment", "leases.session", "leases.owner",
		"figures.session", "figures.title", "figures.sites", "unit_changes.change",
	} {
		list[name] = NothingPersonal
	}
	return list
}

// PersonalEntries counts the entries of a session that still have something personal beside them, kept pictures among them.
func (s ledgers) PersonalEntries(ctx context.Context, session string) (n int64, err error) {
	err = s.read.QueryRowContext(ctx, s.bind(
		"SELECT (SELECT COUNT(*) FROM personal WHERE session = ?) + (SELECT COUNT(*) FROM pictures WHERE session = ?)"), session, session).Scan(&n)
	return n, err
}

// eraseNames does what an entry names_erased says, in the transaction that records it: names of delegates, telephone
// numbers, texts of messages, pictures and their salts go, who rehearsed, and the same in the versions of the session's
// draft. The ledger keeps its commitments to them and can still be verified.
func (s ledgers) eraseNames(ctx context.Context, tx *sql.Tx, erased ledger.Entry) error {
	if _, err := tx.ExecContext(ctx, s.bind("DELETE FROM personal WHERE session = ? AND seq < ?"), erased.Session, int64(erased.Seq)); err != nil {
		return err
	}
	for _, query := range []string{"DELETE FROM pictures WHERE session = ?", "DELETE FROM rehearsals WHERE session = ?"} {
		if _, err := tx.ExecContext(ctx, s.bind(query), erased.Session); err != nil {
			return err
		}
	}
	return s.eraseDrafts(ctx, tx, erased.Session)
}

func erases(e ledger.Entry) bool { return e.Kind == (&meeting.NamesErased{}).Kind() }

// eraseDrafts takes what is personal out of all versions of the draft of a session.
func (s ledgers) eraseDrafts(ctx context.Context, tx *sql.Tx, session string) error {
	type version struct {
		draft  string
		number int64
		body   string
	}
	rows, err := tx.QueryContext(ctx, s.bind("SELECT draft, v.version, body FROM draft_versions v JOIN drafts d ON d.id = v.draft WHERE d.session = ?"),
		session)
	if err != nil {
		return err
	}
	defer rows.Close()
	var list []version
	for rows.Next() {
		var v version
		if err := rows.Scan(&v.draft, &v.number, &v.body); err != nil {
			return err
		}
		list = append(list, v)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, v := range list {
		var d prepare.Draft
		if err := json.Unmarshal([]byte(v.body), &d); err != nil {
			return fmt.Errorf("draft %s: %w", v.draft, err)
		}
		body, err := json.Marshal(d.WithoutPersonal())
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, s.bind("UPDATE draft_versions SET body = ? WHERE draft = ? AND version = ?"), string(body), v.draft,
			v.number); err != nil {
			return err
		}
	}
	return nil
}
