package persistence

import "usher/domain"

// The kinds of sign_in_names.
const (
	nameOfUser  = "user_name"
	nameOfEmail = "email"
)

// claimNameSQL takes a name for a person: it is free, or their own already, as the e-mail that they sign in by. Whose e-mail
// it is keeps it, whoever asks: a directory that names somebody by another's address would have that one signed in and their
// letters sent as somebody else (rule email.unique).
const claimNameSQL = `INSERT INTO sign_in_names (organisation_id, name_key, user_id, connection_id, kind) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, name_key) DO UPDATE SET kind = excluded.kind
WHERE sign_in_names.user_id = excluded.user_id`

// namesOfPerson is the table for a statement about the names of one person. SQLite has to be told the index: it takes all names of
// an organisation for ten, and would go through them.
func namesOfPerson(s session) string {
	if s.dialect() == sqlite {
		return "sign_in_names INDEXED BY sign_in_names_user"
	}
	return "sign_in_names"
}

func (t users) claimUserName(u domain.User) error {
	return t.touch(userNameTaken(), claimNameSQL, u.Organisation.UUID, u.UserName.Key, u.ID.UUID, u.Connection.UUID, nameOfUser)
}

// offerEmail lets the person sign in by their e-mail, unless somebody has that name already: who had it first keeps it
// (rule email.unique).
func (t users) offerEmail(u domain.User) error {
	email, ok := u.SignInEmail()
	if !ok || email.Key == u.UserName.Key {
		return nil
	}
	return t.exec(`INSERT INTO sign_in_names (organisation_id, name_key, user_id, connection_id, kind) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, name_key) DO NOTHING`, u.Organisation.UUID, email.Key, u.ID.UUID, u.Connection.UUID, nameOfEmail)
}

// saveNames moves the person's names where they have changed. A name may stay theirs in another kind: the user name of
// yesterday may be the e-mail of today.
func (t users) saveNames(was, is domain.User) error {
	before, _ := was.SignInEmail()
	after, _ := is.SignInEmail()
	if before.Key == after.Key && was.UserName.Key == is.UserName.Key {
		return nil
	}
	if was.UserName.Key != is.UserName.Key { // first, so that two who take each other's name do not wait for each other
		if err := t.claimUserName(is); err != nil {
			return err
		}
	}
	err := t.exec(`DELETE FROM `+namesOfPerson(t)+` WHERE organisation_id = ? AND user_id = ?
AND NOT (kind = '`+nameOfUser+`' AND name_key = ?) AND NOT (kind = '`+nameOfEmail+`' AND name_key = ?)`,
		is.Organisation.UUID, is.ID.UUID, is.UserName.Key, after.Key)
	if err != nil {
		return err
	}
	return t.offerEmail(is)
}

func (t users) KeepEmail(u domain.User, address domain.Name) error {
	return t.touch(domain.EmailTaken(), "UPDATE sign_in_names SET kind = kind WHERE organisation_id = ? AND name_key = ? AND user_id = ?",
		u.Organisation.UUID, address.Key, u.ID.UUID)
}

func userNameTaken() *domain.Error {
	return &domain.Error{
		Kind: domain.Conflict, Code: domain.CodeUserNameTaken, Field: "userName",
		Message: "another account of this organisation has this userName, or signs in with it as an e-mail address; " +
			"match the account by a look-up, choose another userName, give that account another e-mail address, " +
			"or ask an administrator to let this connection adopt the account",
	}
}
