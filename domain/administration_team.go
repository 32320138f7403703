package domain

import (
	"context"
	"time"

	"usher/domain/attribute"
)

// GroupingSpec describes a team or a queue.
type GroupingSpec struct {
	Name        string
	Description string
}

// describe sets what people read of an entry.
func describe[Noun any](e *Entry[Noun], name, about string) (err error) {
	if e.Name, err = entryName(name); err != nil {
		return err
	}
	e.Description, err = description(about)
	return err
}

func teamListing() listing[Team] {
	return listing[Team]{
		module: ModuleTeams, noun: "team", kind: GivenTeam, most: MaxTeams, created: TeamCreated, updated: TeamUpdated, deleted: TeamDeleted,
		list:  func(tx Tx) Entries[Team] { return tx.Teams() },
		entry: func(t *Team) *Entry[Team] { return &t.Entry },
		tree:  func(t Team) attribute.Value { return texts("name", t.Name.Text, "description", t.Description) },
	}
}

// Teams gives the teams somebody may view, by name.
func (ad *Administration) Teams(ctx context.Context, who Administrator) ([]Team, error) {
	return readAll(ctx, ad, who, teamListing())
}

// Team gives one. NotFound.
func (ad *Administration) Team(ctx context.Context, who Administrator, id TeamID) (Team, error) {
	return read(ctx, ad, who, teamListing(), id)
}

// CreateTeam adds a team. Invalid, NameTaken, TooMany.
func (ad *Administration) CreateTeam(ctx context.Context, who Administrator, spec GroupingSpec) (Team, error) {
	var t Team
	if err := describe(&t.Entry, spec.Name, spec.Description); err != nil {
		return Team{}, err
	}
	return create(ctx, ad, who, teamListing(), t, func(Tx, *Team) error { return nil })
}

// EditTeam changes a team. NotFound, Precondition, Invalid, NameTaken.
func (ad *Administration) EditTeam(ctx context.Context, who Administrator, id TeamID, match IfMatch, spec GroupingSpec) (Team, error) {
	return edit(ctx, ad, who, teamListing(), id, match, func(_ Tx, t Team) (Team, error) {
		err := describe(&t.Entry, spec.Name, spec.Description)
		return t, err
	})
}

// DeleteTeam deletes a team; its people, and the records that are shared with it, go to the replacement (zero: there must be
// none). NotFound, Precondition, InUse, Invalid.
func (ad *Administration) DeleteTeam(ctx context.Context, who Administrator, id TeamID, match IfMatch, replacement TeamID) error {
	return remove(ctx, ad, who, teamListing(), id, match, replacement, func(tx Tx, gone Team, now time.Time) error {
		return ad.reshare(tx, who, gone.ID, replacement, now)
	})
}
