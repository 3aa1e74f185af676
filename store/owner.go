package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
)

// Ownership is who owns a record that several nodes share, as the record says. Owner is an incarnation of a node, empty
// while nobody has owned it.
type Ownership struct {
	Owner string
	Epoch int64 // each owner raises it
	Beat  int64 // each renewal raises it
}

// NodeRow is a central node as it has announced itself.
type NodeRow struct {
	Name        string
	Incarnation string // of its last start; empty once that has ended in good order
	URL         string // of its pages
	Keys        string // digest of the keys that all nodes share
	Beat        int64  // raised while it lives
}

// Shared is a PostgreSQL record that is shared with other nodes. It can be read at any time; it is written by the node
// that owns it, while it does. What goes between the nodes has connections of its own, so that no commit delays it.
type Shared struct {
	*Store
	db *sql.DB
}

// sharedConns are the connections of a node for what goes between the nodes.
const sharedConns = 2

// known passes an error on, and leaves the connections that nobody uses: they may lead to a server that is primary no more.
func (s *Shared) known(err error) error {
	if err != nil {
		s.db.SetMaxIdleConns(-1)
		s.db.SetMaxIdleConns(sharedConns)
	}
	return err
}

// ErrNotShared says that the record is one that a single server has for itself.
var ErrNotShared = errors.New("several nodes need a PostgreSQL: name it with --database postgres://…")

// OpenShared opens a PostgreSQL record as one of several nodes. While a server has it for itself that is an ErrServed, as it
// is for that server while a node is there. Until Take every change fails with ErrFenced.
func OpenShared(ctx context.Context, dsn string, log *slog.Logger) (*Shared, error) {
	if !isPostgres(dsn) {
		return nil, ErrNotShared
	}
	st, err := open(ctx, dsn, asMember, log)
	if err != nil {
		return nil, err
	}
	db, err := postgresPool(dsn, sharedConns)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return &Shared{Store: st, db: db}, nil
}

// Close closes the record.
func (s *Shared) Close() error { return errors.Join(s.db.Close(), s.Store.Close()) }

// Ownership reads who owns the record.
func (s *Shared) Ownership(ctx context.Context) (o Ownership, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT leases.owner, leases.epoch, COALESCE(beats.beat, 0)
		FROM leases LEFT JOIN beats USING (session) WHERE session = ''`).Scan(&o.Owner, &o.Epoch, &o.Beat)
	if errors.Is(err, sql.ErrNoRows) {
		return Ownership{}, nil
	}
	return o, s.known(err)
}

// Take makes a node the owner if the record still says what it saw. It waits for a commit of the owner before that is on its
// way. When it returns true, nothing of an earlier epoch is written any more.
func (s *Shared) Take(ctx context.Context, saw Ownership, owner string) (Ownership, bool, error) {
	var got Ownership
	err := transact(ctx, s.db, &s.left, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "SELECT set_config('idle_in_transaction_session_timeout', '"+memberIdle+"', true)"); err != nil {
			return err
		}
		for _, row := range []string{
			"INSERT INTO leases (session, owner, epoch) VALUES ('', '', 0) ON CONFLICT DO NOTHING",
			"INSERT INTO beats (session, beat) VALUES ('', 0) ON CONFLICT DO NOTHING",
		} {
			if _, err := tx.ExecContext(ctx, row); err != nil {
				return err
			}
		}
		var now Ownership
		if err := tx.QueryRowContext(ctx, "SELECT owner, epoch FROM leases WHERE session = '' FOR UPDATE").Scan(&now.Owner, &now.Epoch); err != nil {
			return err
		}
		// Read after the row is locked: a renewal that came before the lock is seen, one that comes after it fails.
		if err := tx.QueryRowContext(ctx, "SELECT beat FROM beats WHERE session = ''").Scan(&now.Beat); err != nil {
			return err
		}
		if now != saw {
			return nil
		}
		got = Ownership{Owner: owner, Epoch: now.Epoch + 1, Beat: now.Beat + 1}
		if _, err := tx.ExecContext(ctx, "UPDATE leases SET owner = $1, epoch = $2 WHERE session = ''", got.Owner, got.Epoch); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE beats SET beat = $1 WHERE session = ''", got.Beat)
		return err
	})
	if err != nil || got.Epoch == 0 {
		return Ownership{}, false, s.known(err)
	}
	s.lease.epoch.Store(got.Epoch)
	return got, true, nil
}

// Renew says that the owner of an epoch lives. It reports false when there is a later one.
func (s *Shared) Renew(ctx context.Context, epoch int64) (bool, error) {
	result, err := s.db.ExecContext(ctx, `WITH mine AS (SELECT 1 FROM leases WHERE session = '' AND epoch = $1 FOR SHARE)
		UPDATE beats SET beat = beat + 1 WHERE session = '' AND EXISTS (SELECT 1 FROM mine)`, epoch)
	if err != nil {
		return false, s.known(err)
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// GiveUp ends the ownership of an epoch, so that another node need not wait. The store writes nothing more.
func (s *Shared) GiveUp(ctx context.Context, epoch int64) error {
	s.lease.epoch.Store(0)
	_, err := s.db.ExecContext(ctx, "UPDATE leases SET owner = '', epoch = epoch + 1 WHERE session = '' AND epoch = $1", epoch)
	return err
}

// Nodes lists the central nodes that have announced themselves, by name.
func (s *Shared) Nodes(ctx context.Context) ([]NodeRow, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT name, incarnation, url, keys, beat FROM nodes ORDER BY name")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []NodeRow
	for rows.Next() {
		var n NodeRow
		if err := rows.Scan(&n.Name, &n.Incarnation, &n.URL, &n.Keys, &n.Beat); err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, rows.Err()
}

// Announce says that a node is there, or still is.
func (s *Shared) Announce(ctx context.Context, n NodeRow) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO nodes (name, incarnation, url, keys, beat) VALUES ($1, $2, $3, $4, 1)
		ON CONFLICT (name) DO UPDATE SET incarnation = excluded.incarnation, url = excluded.url, keys = excluded.keys, beat = nodes.beat + 1`,
		n.Name, n.Incarnation, n.URL, n.Keys)
	return err
}

// Withdraw says that a node has ended; its address stays.
func (s *Shared) Withdraw(ctx context.Context, n NodeRow) error {
	_, err := s.db.ExecContext(ctx, "UPDATE nodes SET incarnation = '' WHERE name = $1 AND incarnation = $2", n.Name, n.Incarnation)
	return err
}
