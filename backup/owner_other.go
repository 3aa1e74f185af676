//go:build !unix

package backup

// GiveToOwner does nothing where files belong to nobody by a number.
func GiveToOwner(_ string, _ ...string) error { return nil }
