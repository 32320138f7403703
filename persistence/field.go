package persistence

import (
	"fmt"
	"strconv"

	"usher/domain"
)

type userFields struct{ session }

func (t userFields) Communication(org domain.OrganisationID, user domain.UserID) (domain.Communication, error) {
	var text string
	_, err := fetch(t, "SELECT COALESCE(communication, '') FROM user_fields WHERE organisation_id = ? AND user_id = ?", []any{org.UUID, user.UUID}, &text)
	if err != nil {
		return domain.Communication{}, err
	}
	return domain.CommunicationFrom(text)
}

func (t userFields) PutCommunication(org domain.OrganisationID, user domain.UserID, c domain.Communication) error {
	return t.exec(`INSERT INTO user_fields (organisation_id, user_id, communication) VALUES (?, ?, ?)
ON CONFLICT (organisation_id, user_id) DO UPDATE SET communication = excluded.communication`, org.UUID, user.UUID, textOrNull(c.Text()))
}

// FreeExtension takes the row of the policy, which an organisation that hands out extensions has.
func (t userFields) FreeExtension(org domain.OrganisationID) (string, bool, error) {
	if t.dialect() == postgres { // SQLite has one writer
		err := t.inside("SELECT 1 FROM policies WHERE organisation_id = ? FOR NO KEY UPDATE", []any{org.UUID}, func(row) error { return nil })
		if err != nil {
			return "", false, err
		}
	}
	const last = 9999
	next := int64(last + 1)
	// Either nobody has the first one, or the one behind the first gap is free.
	_, err := fetch(t, `SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM user_fields f WHERE f.organisation_id = ? AND f.extension = 0) THEN 0
ELSE (SELECT f.extension + 1 FROM user_fields f WHERE f.organisation_id = ? AND NOT EXISTS (SELECT 1 FROM user_fields n
WHERE n.organisation_id = f.organisation_id AND n.extension = f.extension + 1) AND f.extension IS NOT NULL ORDER BY f.extension LIMIT 1) END`,
		[]any{org.UUID, org.UUID}, &next)
	return fmt.Sprintf("%04d", next), next <= last, err
}

// keepExtension notes who has which extension, where that changes.
func (t users) keepExtension(was, is domain.User) error {
	if was.Extension == is.Extension {
		return nil
	}
	var number any
	if is.Extension != "" {
		n, err := strconv.ParseInt(is.Extension, 10, 64)
		if err != nil {
			return &domain.Error{Kind: domain.Internal, Code: domain.CodeInternal, Message: "an extension that is no number", Err: err}
		}
		number = n
	}
	return t.claim(domain.ExtensionTaken(), `INSERT INTO user_fields (organisation_id, user_id, extension) VALUES (?, ?, ?)
ON CONFLICT (organisation_id, user_id) DO UPDATE SET extension = excluded.extension`, is.Organisation.UUID, is.ID.UUID, number)
}
