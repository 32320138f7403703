package storetest

import (
	"database/sql"
	"sort"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
)

// checkUsers compares the columns of people, and their e-mails, with their documents.
func (s *snapshot) checkUsers(t testing.TB) {
	t.Helper()
	for _, u := range s.users {
		require.GreaterOrEqual(t, u.version, int64(1), "version of %s", u.id)
		require.GreaterOrEqual(t, u.modifiedAt, u.createdAt, "modified_at of %s", u.id)
		if !u.live() {
			require.Equal(t, string(domain.Inactive), u.status, "status of the archived %s", u.id)
			require.Empty(t, s.emails[u.id], "e-mails of the archived %s", u.id)
			require.Empty(t, s.extensions[u.id], "the extension of the archived %s", u.id)
			continue
		}
		tree := document(t, u.document)
		require.Equal(t, u.id, tree.Get("id").Text())
		require.Equal(t, u.userName, tree.Get("userName").Text())
		require.Equal(t, attribute.Fold(u.userName), u.userNameKey)
		require.Equal(t, nullable(tree.Get("externalId").Text()), u.externalID, "external_id of %s", u.id)
		require.Equal(t, nullable(tree.Get("displayName").Text()), u.displayName, "display_name of %s", u.id)
		require.Equal(t, nullableKey(tree.Get("displayName").Text()), u.displayNameKey, "display_name_key of %s", u.id)
		require.Equal(t, nullableKey(tree.Get("name").Get("givenName").Text()), u.givenNameKey, "given_name_key of %s", u.id)
		require.Equal(t, nullableKey(tree.Get("name").Get("familyName").Text()), u.familyNameKey, "family_name_key of %s", u.id)
		manager := tree.Get(domain.URNEnterprise).Get("manager").Get("value").Text()
		require.Equal(t, nullable(manager), u.manager, "manager of %s", u.id)
		id, _ := domain.ParseID[domain.User](manager)
		require.Equal(t, !id.IsZero(), u.managerID.Valid, "manager_id of %s", u.id)
		require.Contains(t, []string{string(domain.Pending), string(domain.Active), string(domain.Inactive)}, u.status)
		require.Equal(t, u.status != string(domain.Inactive), tree.Get("active").Truth(), "rule scim.active of %s, who is %s", u.id, u.status)
		if u.status == string(domain.Active) {
			require.True(t, u.acceptedAt.Valid, "accepted_at of the active %s", u.id)
		}
		for _, absent := range []string{"meta", "groups", "members", "password"} {
			require.False(t, tree.Has(absent), "%s in the document of %s", absent, u.id)
		}
		require.Equal(t, emailsIn(tree), s.emails[u.id], "user_emails of %s", u.id)
		require.Equal(t, tree.Get(domain.URNUsher).Get("extension").Text(), s.extensions[u.id], "user_fields of %s", u.id)
	}
}

// document decodes a stored document, which must be in its canonical form.
func document(t testing.TB, text string) attribute.Value {
	t.Helper()
	tree, err := attribute.Read([]byte(text), attribute.Bounds{Depth: 64, Nodes: 5_000_000})
	require.NoError(t, err)
	require.Equal(t, text, string(attribute.AppendJSON(nil, tree)), "a document in another form than the canonical one")
	return tree
}

func emailsIn(tree attribute.Value) []emailRow {
	var rows []emailRow
	for _, m := range tree.Get("emails").Members() {
		if address := m.Value.Get("value").Text(); address != "" {
			rows = append(rows, emailRow{
				position: len(rows), key: attribute.Fold(address), typeKey: nullableKey(m.Value.Get("type").Text()),
				primary: m.Value.Get("primary").Truth(),
			})
		}
	}
	return rows
}

func nullable(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

func nullableKey(s string) sql.NullString { return nullable(attribute.Fold(s)) }

// checkSignInNames: everybody here signs in by their user name; an e-mail by which somebody signs in is theirs
// (rule email.unique). Not everybody has theirs, since somebody else may have had it first.
func (s *snapshot) checkSignInNames(t testing.TB) {
	t.Helper()
	byUserName := map[string]bool{}
	for _, n := range s.names {
		u := s.users[n.user]
		require.NotNil(t, u, "sign_in_names of nobody: %q", n.key)
		require.True(t, u.live(), "sign_in_names of the archived %s: %q", u.id, n.key)
		require.Equal(t, u.connection, n.connection, "sign_in_names of %s", u.id)
		switch n.kind {
		case "user_name":
			require.Equal(t, u.userNameKey, n.key, "sign_in_names of %s", u.id)
			byUserName[u.id] = true
		case "email":
			require.NotEqual(t, u.userNameKey, n.key, "sign_in_names of %s says that the user name is an e-mail", u.id)
			require.Equal(t, s.signInEmail(t, u), n.key, "sign_in_names of %s", u.id)
		default:
			require.Fail(t, "an unknown kind of sign_in_names", n.kind)
		}
	}
	for _, u := range s.users {
		require.Equal(t, u.live(), byUserName[u.id], "whether %s, who is %s, signs in by the user name", u.id, u.status)
	}
}

// signInEmail is the key of the address a person would sign in by.
func (s *snapshot) signInEmail(t testing.TB, u *userRow) string {
	t.Helper()
	var person domain.User
	for _, m := range document(t, u.document).Get("emails").Members() {
		person.Emails = append(person.Emails, domain.Email{
			Address: domain.NewName(m.Value.Get("value").Text()), Primary: m.Value.Get("primary").Truth(),
		})
	}
	name, _ := person.SignInEmail()
	return name.Key
}

// checkSearch compares SQLite's index of trigrams with what it is made of. PostgreSQL's are indexes on columns.
func (s *snapshot) checkSearch(t testing.TB) {
	t.Helper()
	if !s.sqlite {
		return
	}
	for _, u := range s.users {
		if !u.live() {
			require.Empty(t, s.words[u.searchRow], "trigrams of the archived %s", u.id)
			continue
		}
		texts := []string{u.userNameKey}
		if u.displayNameKey.Valid {
			texts = append(texts, u.displayNameKey.String)
		}
		for _, e := range s.emails[u.id] {
			if e.key != u.userNameKey {
				texts = append(texts, e.key)
			}
		}
		require.Equal(t, trigrams(strings.Join(texts, "\n")), terms(s.words[u.searchRow]), "trigrams of %s", u.id)
	}
}

// trigrams of a text, sorted.
func trigrams(text string) []string {
	set := map[string]bool{}
	for from := range text {
		to := from
		for range 3 {
			_, size := utf8.DecodeRuneInString(text[to:])
			to += size
			if size == 0 {
				return terms(set)
			}
		}
		set[text[from:to]] = true
	}
	return terms(set)
}

func terms(set map[string]bool) []string {
	list := make([]string, 0, len(set))
	for term := range set {
		list = append(list, term)
	}
	sort.Strings(list)
	return list
}
