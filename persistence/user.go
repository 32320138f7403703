package persistence

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
)

type users struct{ session }

func (t users) Page(q domain.Query) (domain.Page[domain.User], error) { return pageUsers(t.session, q) }

const insertUserSQL = `INSERT INTO users (organisation_id, user_id, connection_id, status, owner, licence, user_name, user_name_key,
external_id, display_name, display_name_key, given_name_key, family_name_key, manager, manager_id, document, version, created_at,
modified_at, accepted_at, archived_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)`

func (t users) Insert(u domain.User) error {
	if err := t.claimUserName(u); err != nil {
		return err
	}
	if err := t.offerEmail(u); err != nil {
		return err
	}
	err := t.claim(externalIDTaken(), insertUserSQL, u.Organisation.UUID, u.ID.UUID, u.Connection.UUID, string(u.Status),
		u.Owner, u.Licence, u.UserName.Text, u.UserName.Key, textOrNull(u.ExternalID), textOrNull(u.DisplayName),
		keyOrNull(u.DisplayName), keyOrNull(u.GivenName), keyOrNull(u.FamilyName), textOrNull(u.Manager), managerID(u),
		string(u.Document), u.Version, u.CreatedAt.UnixMilli(), u.ModifiedAt.UnixMilli(), millis(u.AcceptedAt))
	if err != nil {
		return err
	}
	if err := t.insertEmails(u); err != nil {
		return err
	}
	if err := t.keepExtension(domain.User{}, u); err != nil {
		return err
	}
	if err := t.indexWords(u); err != nil {
		return err
	}
	return count(t, u.Organisation, u.Connection, countUsers, u.ID.UUID, 1)
}

const saveUserSQL = `UPDATE users SET status = ?, owner = ?, licence = ?, user_name = ?, user_name_key = ?, external_id = ?,
display_name = ?, display_name_key = ?, given_name_key = ?, family_name_key = ?, manager = ?, manager_id = ?, document = ?, version = ?,
modified_at = ?, accepted_at = ? WHERE organisation_id = ? AND user_id = ? AND version = ? AND archived_at IS NULL`

func (t users) Save(was, is domain.User) error {
	if is.ExternalID != was.ExternalID && is.ExternalID != "" {
		if err := t.checkExternalID(is); err != nil {
			return err
		}
	}
	// Names come before the row, whose own key of the user name could not tell a taken name from a moved version.
	if err := t.saveNames(was, is); err != nil {
		return err
	}
	err := t.touch(errStale, saveUserSQL, string(is.Status), is.Owner, is.Licence, is.UserName.Text, is.UserName.Key,
		textOrNull(is.ExternalID), textOrNull(is.DisplayName), keyOrNull(is.DisplayName), keyOrNull(is.GivenName),
		keyOrNull(is.FamilyName), textOrNull(is.Manager), managerID(is), string(is.Document), is.Version, is.ModifiedAt.UnixMilli(),
		millis(is.AcceptedAt), is.Organisation.UUID, is.ID.UUID, was.Version)
	if err != nil {
		return err
	}
	if err := t.forgetChoice(was, is); err != nil {
		return err
	}
	if !sameEmails(was.Emails, is.Emails) {
		if err := t.exec("DELETE FROM user_emails WHERE organisation_id = ? AND user_id = ?", is.Organisation.UUID, is.ID.UUID); err != nil {
			return err
		}
		if err := t.insertEmails(is); err != nil {
			return err
		}
	}
	if err := t.keepExtension(was, is); err != nil {
		return err
	}
	if words(was) == words(is) {
		return nil
	}
	if err := t.forgetWords(is); err != nil {
		return err
	}
	return t.indexWords(is)
}

// checkExternalID looks whether the new external id is free, since a save cannot tell a moved version from a taken key
// in one guard. The unique index still decides between two who ask at the same moment: then the unit runs again.
func (t users) checkExternalID(u domain.User) error {
	var other uuid.UUID
	found, err := fetch(t, `SELECT user_id FROM users WHERE organisation_id = ? AND connection_id = ? AND external_id = ?
AND archived_at IS NULL AND user_id <> ?`, []any{u.Organisation.UUID, u.Connection.UUID, u.ExternalID, u.ID.UUID}, &other)
	if err == nil && found {
		return externalIDTaken()
	}
	return err
}

const archiveUserSQL = `UPDATE users SET status = ?, version = ?, modified_at = ?, archived_at = ?
WHERE organisation_id = ? AND user_id = ? AND version = ? AND archived_at IS NULL`

func (t users) Archive(u domain.User) error {
	org, id := u.Organisation.UUID, u.ID.UUID
	if err := t.forgetWords(u); err != nil {
		return err
	}
	// Names, row, e-mails: the order in which Save takes them, so that the two wait for each other and never block both.
	if err := t.exec("DELETE FROM "+namesOfPerson(t)+" WHERE organisation_id = ? AND user_id = ?", org, id); err != nil {
		return err
	}
	err := t.touch(errStale, archiveUserSQL, string(u.Status), u.Version, u.ModifiedAt.UnixMilli(), millis(u.ArchivedAt), org, id, u.Version-1)
	if err != nil {
		return err
	}
	if err := t.exec("DELETE FROM user_emails WHERE organisation_id = ? AND user_id = ?", org, id); err != nil {
		return err
	}
	if err := t.keepExtension(u, domain.User{Organisation: u.Organisation, ID: u.ID}); err != nil {
		return err
	}
	if err := leaveGroups(t, u.Organisation, id, u.ModifiedAt); err != nil {
		return err
	}
	return count(t, u.Organisation, u.Connection, countUsers, id, -1)
}

const (
	purgeValuesSQL    = "DELETE FROM event_values WHERE organisation_id = ? AND subject_id = ?"
	purgeAddressesSQL = "UPDATE event_values SET address = NULL, person_id = NULL WHERE organisation_id = ? AND person_id = ?"
)

func (t users) Purge(org domain.OrganisationID, id domain.UserID) error {
	err := t.touch(notFound("user"), `UPDATE users SET user_name = '', user_name_key = '', external_id = NULL, display_name = NULL,
display_name_key = NULL, given_name_key = NULL, family_name_key = NULL, manager = NULL, manager_id = NULL, document = ''
WHERE organisation_id = ? AND user_id = ? AND archived_at IS NOT NULL`, org.UUID, id.UUID)
	if err != nil {
		return err
	}
	for _, table := range []string{"user_blocks", "access_windows", "inactivity", "user_fields", "sign_ins", "onboarding_ticks", "status_steps", "reset_requests", "chosen_managers", "ownerships"} {
		if err := t.exec("DELETE FROM "+table+" WHERE organisation_id = ? AND user_id = ?", org.UUID, id.UUID); err != nil {
			return err
		}
	}
	err = t.exec("DELETE FROM record_shares WHERE organisation_id = ? AND holder_kind = ? AND holder_id = ?", org.UUID, sharedWithUser, id.UUID)
	if err != nil {
		return err
	}
	for _, said := range []string{"review_findings SET note", "letters SET problem"} { // mail servers say to whom they did not deliver
		if err := t.exec("UPDATE "+said+" = '' WHERE organisation_id = ? AND user_id = ?", org.UUID, id.UUID); err != nil {
			return err
		}
	}
	if err := t.exec(purgeValuesSQL, org.UUID, id.UUID); err != nil {
		return err
	}
	return t.exec(purgeAddressesSQL, org.UUID, id.UUID) // from where they did what stays
}

// leaveSQL takes a member out of all groups and lets those change: first memberships, then groups, in order of id, as
// others do who change members, so that they wait for each other and never block both.
const leaveSQL = `WITH gone AS (DELETE FROM memberships WHERE organisation_id = ? AND member_id = ? RETURNING group_id),
locked AS (SELECT group_id FROM groups WHERE organisation_id = ? AND group_id IN (SELECT group_id FROM gone) ORDER BY group_id FOR NO KEY UPDATE)
UPDATE groups SET version = version + 1, modified_at = CASE WHEN modified_at < ? THEN ? ELSE modified_at + 1 END
WHERE organisation_id = ? AND group_id IN (SELECT group_id FROM locked)`

// leaveGroups takes a member that goes out of all its groups, which change by that.
func leaveGroups(s session, org domain.OrganisationID, member uuid.UUID, at time.Time) error {
	if s.dialect() == postgres {
		return s.exec(leaveSQL, org.UUID, member, org.UUID, at.UnixMilli(), at.UnixMilli(), org.UUID)
	}
	err := s.exec(`UPDATE groups SET version = version + 1, modified_at = CASE WHEN modified_at < ? THEN ? ELSE modified_at + 1 END
WHERE organisation_id = ? AND group_id IN (SELECT group_id FROM memberships WHERE organisation_id = ? AND member_id = ?)`,
		at.UnixMilli(), at.UnixMilli(), org.UUID, org.UUID, member)
	if err != nil {
		return err
	}
	return s.exec("DELETE FROM memberships WHERE organisation_id = ? AND member_id = ?", org.UUID, member)
}

// insertEmails stores the addresses as rows, many to a statement.
func (t users) insertEmails(u domain.User) error {
	const chunk = 100
	for from := 0; from < len(u.Emails); from += chunk {
		emails := u.Emails[from:min(from+chunk, len(u.Emails))]
		args := make([]any, 0, 6*len(emails))
		for i, e := range emails {
			args = append(args, u.Organisation.UUID, u.ID.UUID, from+i, e.Address.Key, keyOrNull(e.Type), e.Primary)
		}
		sql := "INSERT INTO user_emails (organisation_id, user_id, position, address_key, type_key, is_primary) VALUES (?, ?, ?, ?, ?, ?)" +
			strings.Repeat(", (?, ?, ?, ?, ?, ?)", len(emails)-1)
		if err := t.exec(sql, args...); err != nil {
			return err
		}
	}
	return nil
}

func sameEmails(a, b []domain.Email) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// words is what a search inside a text looks through (SQLite's trigram table).
func words(u domain.User) string {
	var b strings.Builder
	b.WriteString(u.UserName.Key)
	if u.DisplayName != "" {
		b.WriteByte('\n')
		b.WriteString(attribute.Fold(u.DisplayName))
	}
	for _, e := range u.Emails {
		if e.Address.Key != u.UserName.Key {
			b.WriteByte('\n')
			b.WriteString(e.Address.Key)
		}
	}
	return b.String()
}

func (t users) indexWords(u domain.User) error {
	if t.dialect() != sqlite {
		return nil // PostgreSQL has trigram indexes on the columns
	}
	// VALUES, since INSERT from a SELECT begins a savepoint of its own, at which the index writes out what it has gathered in
	// this transaction: with many people, that and the merging of what was written would be most of the work.
	return t.exec("INSERT INTO users_text (rowid, words) VALUES ((SELECT search_row FROM users WHERE organisation_id = ? AND user_id = ?), ?)",
		u.Organisation.UUID, u.ID.UUID, words(u))
}

func (t users) forgetWords(u domain.User) error {
	if t.dialect() != sqlite {
		return nil
	}
	return t.exec("DELETE FROM users_text WHERE rowid = (SELECT search_row FROM users WHERE organisation_id = ? AND user_id = ?)",
		u.Organisation.UUID, u.ID.UUID)
}

// keyOrNull is the folded key of a text, NULL for none.
func keyOrNull(s string) any {
	if s == "" {
		return nil
	}
	return attribute.Fold(s)
}

func externalIDTaken() *domain.Error {
	return &domain.Error{
		Kind: domain.Conflict, Code: domain.CodeExternalIDTaken, Field: "externalId",
		Message: "another resource of this connection has this externalId; match it by a look-up, or change the externalId in the identity provider",
	}
}

// managerID is the manager where it has the form of an id, else NULL.
func managerID(u domain.User) uuid.UUID {
	id, _ := domain.ParseID[domain.User](u.Manager)
	return id.UUID
}
