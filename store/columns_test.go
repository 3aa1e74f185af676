package store_test

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
		"beats.session", "nodes.name", "nodes.incarnation", "nodes.url", "nodes.keys",
		"figures.session", "figures.title", "figures.units", "figures.sites", "figures_units.hash", "figures_units.units", "unit_changes.change",
	} {
		list[name] = NothingPersonal
	}
	return list
}
