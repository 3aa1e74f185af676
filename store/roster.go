package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/diemcau/diemcau/roster"
)

// RosterVersion returns the number of the organisation map in force, 0 before the first import. It grows with each.
func (s sessions) RosterVersion(ctx context.Context) (version int64, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT COALESCE(MAX(version), 0) FROM roster_versions").Scan(&version)
	return version, err
}

// RosterEdit is a change of a single unit on record.
type RosterEdit struct {
	roster.Edit
	Version int64 // of the map after it
	By      string
	At      time.Time
}

// EditRoster makes the tree after an edit the map in force, if that is still of the version that the edit was made from:
// ErrConflict otherwise. It returns the new version.
func (s sessions) EditRoster(ctx context.Context, tree *roster.Tree, edit RosterEdit, based int64) (version int64, err error) {
	change, err := json.Marshal(edit.Edit)
	if err != nil {
		return 0, err
	}
	err = s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, "SELECT COALESCE(MAX(version), 0) FROM roster_versions").Scan(&version); err != nil {
			return err
		}
		if version != based {
			return fmt.Errorf("the roster is of version %d, not %d: %w", version, based, ErrConflict)
		}
		if version, err = s.putTree(ctx, tx, tree, edit.At); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, s.bind("INSERT INTO unit_changes (version, change, changed_by, recorded_at) VALUES (?, ?, ?, ?)"),
			version, string(change), edit.By, micros(edit.At))
		return err
	})
	return version, err
}

// RosterEdits lists the changes of single units, the earliest first.
func (s sessions) RosterEdits(ctx context.Context) ([]RosterEdit, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT version, change, changed_by, recorded_at FROM unit_changes ORDER BY version")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []RosterEdit
	for rows.Next() {
		var e RosterEdit
		var change string
		var at int64
		if err := rows.Scan(&e.Version, &change, &e.By, &at); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(change), &e.Edit); err != nil {
			return nil, fmt.Errorf("change %d of the roster: %w", e.Version, err)
		}
		e.At = fromMicros(at)
		list = append(list, e)
	}
	return list, rows.Err()
}

// putTree adds a version of the map.
func (s sessions) putTree(ctx context.Context, tx *sql.Tx, tree *roster.Tree, at time.Time) (version int64, err error) {
	if err := tx.QueryRowContext(ctx, "SELECT COALESCE(MAX(version), 0) + 1 FROM roster_versions").Scan(&version); err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, s.bind("INSERT INTO roster_versions (version, imported_at) VALUES (?, ?)"), version, micros(at)); err != nil {
		return 0, err
	}
	var values [][]any
	for i, u := range tree.Units() {
		values = append(values, []any{version, i, u.Code, u.Parent, u.Level, u.Name})
	}
	return version, s.insertMany(ctx, tx, "units (version, place, code, parent, level, name)", values)
}
