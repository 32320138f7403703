package persistence

import (
	"strings"

	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
)

// entries keeps roles, profiles, teams or queues: tables that differ in a few columns.
type entries[Noun any] struct {
	session

	table   string
	id      string // the column
	noun    string
	columns []string // those that only this table has
	entry   func(*Noun) *domain.Entry[Noun]
	values  func(Noun) []any
	// scan gives where to scan its own columns to, and what to do with what was scanned.
	scan func(*Noun) (dest []any, done func() error)
}

// more is the columns that only this table has, each after a comma.
func (t entries[Noun]) more() string {
	return strings.Join(append([]string{""}, t.columns...), ", ")
}

func (t entries[Noun]) all(org domain.OrganisationID, where string, args ...any) ([]Noun, error) {
	var list []Noun
	err := t.query("SELECT "+t.id+", name, description, version, created_at, modified_at"+t.more()+" FROM "+t.table+" WHERE organisation_id = ?"+where, append([]any{org.UUID}, args...), func(r row) error {
		var n Noun
		e := t.entry(&n)
		var name string
		var created, modified int64
		dest := []any{&e.ID.UUID, &name, &e.Description, &e.Version, &created, &modified}
		done := func() error { return nil }
		if t.scan != nil {
			var more []any
			more, done = t.scan(&n)
			dest = append(dest, more...)
		}
		if err := r.Scan(dest...); err != nil {
			return err
		}
		e.Organisation, e.Name, e.CreatedAt, e.ModifiedAt = org, domain.NewName(name), instant(created), instant(modified)
		err := done()
		list = append(list, n)
		return err
	})
	return list, err
}

func (t entries[Noun]) one(org domain.OrganisationID, where string, args ...any) (n Noun, err error) {
	list, err := t.all(org, where, args...)
	if err == nil && len(list) == 0 {
		err = notFound(t.noun)
	}
	if err != nil {
		return n, err
	}
	return list[0], nil
}

func (t entries[Noun]) Get(org domain.OrganisationID, id domain.ID[Noun]) (Noun, error) {
	return t.one(org, " AND "+t.id+" = ?", id.UUID)
}

func (t entries[Noun]) ByName(org domain.OrganisationID, name string) (Noun, error) {
	return t.one(org, " AND name_key = ?", attribute.Fold(name))
}

func (t entries[Noun]) List(org domain.OrganisationID) ([]Noun, error) {
	return t.all(org, " ORDER BY name_key")
}

func (t entries[Noun]) taken(name string) *domain.Error {
	return &domain.Error{
		Kind: domain.Conflict, Code: domain.CodeNameTaken, Field: "name",
		Message: "the organisation has a " + t.noun + " called " + clip(name) + "; choose another name",
	}
}

func (t entries[Noun]) own(n Noun) []any {
	if t.values == nil {
		return nil
	}
	return t.values(n)
}

func (t entries[Noun]) Insert(n Noun) error {
	e := t.entry(&n)
	args := append([]any{
		e.Organisation.UUID, e.ID.UUID, e.Name.Text, e.Name.Key, e.Description, e.Version, e.CreatedAt.UnixMilli(), e.ModifiedAt.UnixMilli(),
	}, t.own(n)...)
	err := t.claim(t.taken(e.Name.Text), "INSERT INTO "+t.table+" (organisation_id, "+t.id+", name, name_key, description, version, created_at, modified_at"+
		t.more()+") VALUES (?"+strings.Repeat(", ?", len(args)-1)+")", args...)
	if err != nil {
		return err
	}
	return commonsChanged(t, e.Organisation)
}

func (t entries[Noun]) Save(was, is Noun) error {
	before, e := t.entry(&was), t.entry(&is)
	if e.Name.Key != before.Name.Key {
		// A save cannot tell a moved version from a taken name in one guard. The unique key still decides between two who
		// ask at the same moment: then the unit runs again.
		var other uuid.UUID
		found, err := fetch(t, "SELECT "+t.id+" FROM "+t.table+" WHERE organisation_id = ? AND name_key = ? AND "+t.id+" <> ?",
			[]any{e.Organisation.UUID, e.Name.Key, e.ID.UUID}, &other)
		if err != nil {
			return err
		}
		if found {
			return t.taken(e.Name.Text)
		}
	}
	args := append([]any{e.Name.Text, e.Name.Key, e.Description, e.Version, e.ModifiedAt.UnixMilli()}, t.own(is)...)
	err := t.touch(errStale, "UPDATE "+t.table+" SET name = ?, name_key = ?, description = ?, version = ?, modified_at = ?"+
		t.settings()+" WHERE organisation_id = ? AND "+t.id+" = ? AND version = ?",
		append(args, e.Organisation.UUID, e.ID.UUID, before.Version)...)
	if err != nil {
		return err
	}
	return commonsChanged(t, e.Organisation)
}

// settings sets the columns that only this table has.
func (t entries[Noun]) settings() string {
	var b strings.Builder
	for _, column := range t.columns {
		b.WriteString(", " + column + " = ?")
	}
	return b.String()
}

func (t entries[Noun]) Delete(n Noun) error {
	e := t.entry(&n)
	err := t.touch(errStale, "DELETE FROM "+t.table+" WHERE organisation_id = ? AND "+t.id+" = ? AND version = ?",
		e.Organisation.UUID, e.ID.UUID, e.Version)
	if err != nil {
		return err
	}
	return commonsChanged(t, e.Organisation)
}
