package store

import (
	"context"
)

// RosterVersion returns the number of the organisation map in force, 0 before the first import. It grows with each.
func (s sessions) RosterVersion(ctx context.Context) (version int64, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT COALESCE(MAX(version), 0) FROM roster_versions").Scan(&version)
	return version, err
}
