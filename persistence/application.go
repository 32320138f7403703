package persistence

import (
	"strings"

	"usher/domain"
)

// The applications and those who come to them (domain.BridgeTx).

func (t tx) Applications() domain.Applications { return applicationsOf(t.session) }
func (t tx) Guests() domain.Guests             { return guests(t) }
func (t tx) Appearances() domain.Appearances   { return appearances(t) }

// applications keeps the list of applications, and beside it a row for each origin, which finds the application.
type applications struct{ entries[domain.Application] }

func applicationsOf(s session) applications {
	return applications{entries[domain.Application]{
		session: s, table: "applications", id: "application_id", noun: "application",
		columns: []string{"origins", "audience", "algorithm", "modules"},
		entry:   func(a *domain.Application) *domain.Entry[domain.Application] { return &a.Entry },
		values: func(a domain.Application) []any {
			return []any{spellOrigins(a.Origins), a.Audience, a.Algorithm, strings.Join(a.Modules, " ")}
		},
		scan: func(a *domain.Application) ([]any, func() error) {
			var origins, modules string
			return []any{&origins, &a.Audience, &a.Algorithm, &modules}, func() error {
				a.Origins, a.Modules = originsOf(origins), wordsOf(modules)
				return nil
			}
		},
	}}
}

// spellOrigins is origins as a column has them.
func spellOrigins(origins []domain.Origin) string {
	words := make([]string, len(origins))
	for i, o := range origins {
		words[i] = string(o)
	}
	return strings.Join(words, " ")
}

func originsOf(text string) []domain.Origin {
	var list []domain.Origin
	for word := range strings.FieldsSeq(text) {
		list = append(list, domain.Origin(word))
	}
	return list
}

// wordsOf reads words between spaces; of an empty text none.
func wordsOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Fields(text)
}

func (t applications) Insert(a domain.Application) error {
	if err := t.entries.Insert(a); err != nil {
		return err
	}
	return t.reach(a)
}

func (t applications) Save(was, is domain.Application) error {
	if err := t.entries.Save(was, is); err != nil {
		return err
	}
	if spellOrigins(was.Origins) == spellOrigins(is.Origins) {
		return nil
	}
	if err := commonsChanged(t, is.Organisation); err != nil {
		return err
	}
	if err := t.exec("DELETE FROM application_origins WHERE organisation_id = ? AND application_id = ?", is.Organisation.UUID, is.ID.UUID); err != nil {
		return err
	}
	return t.reach(is)
}

// reach writes the origins of an application.
func (t applications) reach(a domain.Application) error {
	for _, o := range a.Origins {
		taken := &domain.Error{
			Kind: domain.Conflict, Code: domain.CodeNameTaken, Field: "origins",
			Message: "another application is reached at " + string(o) + "; an origin belongs to one application",
		}
		err := t.claim(taken, "INSERT INTO application_origins (organisation_id, origin, application_id) VALUES (?, ?, ?)", a.Organisation.UUID, string(o), a.ID.UUID)
		if err != nil {
			return err
		}
	}
	return commonsChanged(t, a.Organisation)
}

func (t applications) Reached(org domain.OrganisationID, at domain.Origin) (bool, error) {
	var one int
	return fetch(t, "SELECT 1 FROM application_origins WHERE organisation_id = ? AND origin = ?", []any{org.UUID, string(at)}, &one)
}

func (t applications) Registrant(at domain.Origin) (org domain.OrganisationID, found bool, err error) {
	var n int
	if _, err = fetch(t, "SELECT count(*) FROM application_origins WHERE origin = ?", []any{string(at)}, &n); err != nil || n != 1 {
		return org, false, err
	}
	found, err = fetch(t, "SELECT organisation_id FROM application_origins WHERE origin = ?", []any{string(at)}, &org.UUID)
	return org, found, err
}
