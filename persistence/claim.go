package persistence

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"usher/domain"
)

type claims struct{ session }

const claimColumns = "c.kind, c.source, c.object_id, c.text, c.claimed_at"

func (t claims) Of(org domain.OrganisationID, user domain.UserID) ([]domain.Claim, error) {
	var list []domain.Claim
	err := t.query("SELECT "+claimColumns+" FROM user_claims c WHERE c.organisation_id = ? AND c.user_id = ? ORDER BY c.kind, c.source, c.slot",
		[]any{org.UUID, user.UUID}, func(r row) error {
			c, err := scanClaim(r)
			list = append(list, c)
			return err
		})
	return list, err
}

// scanClaim reads more, then claimColumns.
func scanClaim(r row, more ...any) (domain.Claim, error) {
	var c domain.Claim
	var kind, source string
	var at int64
	err := r.Scan(append(more, &kind, &source, &c.Object, &c.Text, &at)...)
	c.Kind, c.Source, c.At = domain.GivenKind(kind), domain.Source(source), instant(at)
	return c, err
}

func (t claims) Save(org domain.OrganisationID, user domain.UserID, was, is []domain.Claim) error {
	for _, c := range was {
		if slices.Contains(is, c) {
			continue
		}
		err := t.exec("DELETE FROM user_claims WHERE organisation_id = ? AND user_id = ? AND kind = ? AND source = ? AND slot = ?",
			org.UUID, user.UUID, string(c.Kind), string(c.Source), c.Slot())
		if err != nil {
			return err
		}
	}
	for _, c := range is {
		if slices.Contains(was, c) {
			continue
		}
		err := t.exec(`INSERT INTO user_claims (organisation_id, user_id, kind, source, slot, object_id, text, claimed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, user_id, kind, source, slot) DO UPDATE SET object_id = excluded.object_id, text = excluded.text,
claimed_at = excluded.claimed_at`,
			org.UUID, user.UUID, string(c.Kind), string(c.Source), c.Slot(), c.Object, c.Text, since(c.At))
		if err != nil {
			return err
		}
	}
	return nil
}

func (t claims) Meaning(org domain.OrganisationID, kind domain.GivenKind, id uuid.UUID) ([]domain.UserID, error) {
	var list []domain.UserID
	err := t.query("SELECT DISTINCT user_id FROM user_claims WHERE organisation_id = ? AND kind = ? AND object_id = ? ORDER BY user_id",
		[]any{org.UUID, string(kind), id}, func(r row) error {
			var user domain.UserID
			err := r.Scan(&user.UUID)
			list = append(list, user)
			return err
		})
	return list, err
}

func (t claims) Rename(org domain.OrganisationID, kind domain.GivenKind, id, by uuid.UUID) error {
	about := []any{org.UUID, string(kind), id}
	const meant = " WHERE organisation_id = ? AND kind = ? AND object_id = ?"
	if by == uuid.Nil {
		if err := t.exec("DELETE FROM user_claims"+meant+" AND source = 'administrator'", about...); err != nil {
			return err
		}
	}
	if kind != domain.GivenQueue {
		return t.exec("UPDATE user_claims SET object_id = ?"+meant, append([]any{by}, about...)...)
	}
	if by != uuid.Nil { // they may have that one already
		err := t.exec("DELETE FROM user_claims"+meant+` AND EXISTS (SELECT 1 FROM user_claims o WHERE o.organisation_id = user_claims.organisation_id
AND o.user_id = user_claims.user_id AND o.kind = user_claims.kind AND o.source = user_claims.source AND o.object_id = ?)`, append(about, by)...)
		if err != nil {
			return err
		}
		return t.exec("UPDATE user_claims SET object_id = ?, slot = ?"+meant, append([]any{by, by.String()}, about...)...)
	}
	return t.exec("UPDATE user_claims SET object_id = NULL, slot = text"+meant, about...)
}

func (t claims) Displaced(org domain.OrganisationID) ([]domain.Claim, error) {
	var list []domain.Claim
	err := t.query(`SELECT DISTINCT kind, object_id, CASE WHEN kind = 'licence' THEN text ELSE '' END FROM user_claims
WHERE organisation_id = ? AND source = 'administrator'`, []any{org.UUID}, func(r row) error {
		c := domain.Claim{Source: domain.SourceAdministrator}
		var kind string
		err := r.Scan(&kind, &c.Object, &c.Text)
		c.Kind = domain.GivenKind(kind)
		list = append(list, c)
		return err
	})
	return list, err
}

// theirPeople are the people of a connection, by organisation and connection.
const theirPeople = "FROM users WHERE organisation_id = ? AND connection_id = ? AND archived_at IS NULL"

// DropBeyond locks the people first: a push writes the person before it writes what it says, so that what one says at this
// moment is either seen here or comes after the unit of work.
func (t claims) DropBeyond(org domain.OrganisationID, connection domain.ConnectionID, limits domain.Limits) ([]domain.UserID, error) {
	beyond, args := beyondLimits(t.dialect(), limits)
	if beyond == "" {
		return nil, nil
	}
	of := []any{org.UUID, connection.UUID}
	if t.dialect() == postgres {
		err := t.inside("SELECT user_id "+theirPeople+" ORDER BY user_id FOR NO KEY UPDATE", of, func(row) error { return nil })
		if err != nil {
			return nil, err
		}
	}
	var people []domain.UserID
	err := t.inside("DELETE FROM user_claims WHERE organisation_id = ? AND source IN ('extension', 'roles') AND ("+beyond+
		") AND user_id IN (SELECT user_id "+theirPeople+") RETURNING user_id", slices.Concat([]any{org.UUID}, args, of), func(r row) error {
		var id domain.UserID
		err := r.Scan(&id.UUID)
		people = append(people, id)
		return err
	})
	return people, err
}

// beyondLimits is the condition of claims that limits bar, and its parameters; empty: none.
func beyondLimits(d dialect, limits domain.Limits) (sql string, args []any) {
	var kinds []string
	none := func(kind domain.GivenKind, ids []uuid.UUID, restricted bool) {
		if restricted {
			kinds = append(kinds, "kind = '"+string(kind)+"' AND object_id IS NOT NULL AND object_id NOT IN (SELECT id FROM "+idList(d)+")")
			args = append(args, ids)
		}
	}
	none(domain.GivenRole, uuids(limits.Roles), limits.Roles != nil)
	none(domain.GivenProfile, uuids(limits.Profiles), limits.Profiles != nil)
	if limits.Licences != nil {
		kinds = append(kinds, "kind = 'licence' AND text NOT IN (''"+strings.Repeat(", ?", len(limits.Licences))+")")
		for _, l := range limits.Licences {
			args = append(args, l)
		}
	}
	return strings.Join(kinds, " OR "), args
}
