package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

// Consistent reads every row of an organisation in one snapshot and compares what must agree: the columns of people and
// groups with their documents, user_emails, sign_in_names and the search index with the people, the counts of resources
// with the rows, memberships with both ends, seats with those who hold one, and the event log with everything: one
// event for each version of a person, and memberships that are the sum of what the events say.
//
// People and groups must have been changed by the use cases of domain.Directory only, which write the events.
func Consistent(t testing.TB, store *persistence.Store, org domain.OrganisationID) {
	t.Helper()
	s := read(t, store, org)
	s.checkRows(t)
	s.checkUserEvents(t)
	s.checkGroupEvents(t)
}

// rowsAgree is Consistent without the event log: for tests of the ports by themselves.
func rowsAgree(t testing.TB, store *persistence.Store, org domain.OrganisationID) {
	t.Helper()
	s := read(t, store, org)
	s.checkRows(t)
}

// snapshot is all that is kept of an organisation's people and groups.
type snapshot struct {
	sqlite      bool
	users       map[string]*userRow
	emails      map[string][]emailRow // by user
	extensions  map[string]string     // by person
	names       []nameRow
	groups      map[string]*groupRow
	memberships []membershipRow
	limits      map[string]sql.NullInt64 // by licence
	seats       []seatRow
	waiting     map[string]string // licence by user
	counts      map[countKey]int
	events      []eventRow
	words       map[int64]map[string]bool // trigrams by search_row; SQLite only
}

func (s *snapshot) checkRows(t testing.TB) {
	t.Helper()
	s.checkUsers(t)
	s.checkSignInNames(t)
	s.checkSearch(t)
	s.checkGroups(t)
	s.checkMemberships(t)
	s.checkSeats(t)
	s.checkCounts(t)
}

type userRow struct {
	id, status, licence, userName, userNameKey, document string
	connection, externalID, displayName, displayNameKey  sql.NullString
	givenNameKey, familyNameKey, manager, managerID      sql.NullString
	owner                                                bool
	version, createdAt, modifiedAt, searchRow            int64
	acceptedAt, archivedAt                               sql.NullInt64
}

type emailRow struct {
	position int
	key      string
	typeKey  sql.NullString
	primary  bool
}

type nameRow struct {
	key, user, kind string
	connection      sql.NullString
}

type groupRow struct {
	id, connection, displayName, displayNameKey, document string
	externalID, claimValue                                sql.NullString
	version, createdAt, modifiedAt                        int64
	archivedAt                                            sql.NullInt64
}

type membershipRow struct {
	group, member string
	kind          domain.MemberKind
}

type seatRow struct {
	licence string
	number  int
	holder  sql.NullString
}

type countKey struct{ connection, kind string }

type eventRow struct {
	id, kind, subjectKind, subject string
	before, after                  sql.NullString
}

// live reports whether the person is here.
func (u *userRow) live() bool { return !u.archivedAt.Valid }

func (g *groupRow) live() bool { return !g.archivedAt.Valid }

// read takes the snapshot.
func read(t testing.TB, store *persistence.Store, org domain.OrganisationID) *snapshot {
	t.Helper()
	db := Raw(t, store)
	defer func() { _ = db.Close() }()
	s := &snapshot{
		sqlite: isSQLite(db), users: map[string]*userRow{}, emails: map[string][]emailRow{}, groups: map[string]*groupRow{},
		limits: map[string]sql.NullInt64{}, counts: map[countKey]int{}, waiting: map[string]string{}, words: map[int64]map[string]bool{}, extensions: map[string]string{},
	}
	var options *sql.TxOptions
	if !s.sqlite { // there every transaction sees one state
		options = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	tx, err := db.BeginTx(context.Background(), options)
	require.NoError(t, err)
	defer func() { _ = tx.Rollback() }()
	id := org.String()
	require.NoError(t, s.readUsers(tx, id))
	require.NoError(t, s.readGroups(tx, id))
	require.NoError(t, s.readSeats(tx, id))
	require.NoError(t, s.readEvents(tx, id))
	return s
}

func (s *snapshot) readUsers(tx *sql.Tx, org string) error {
	searchRow := "0"
	if s.sqlite {
		searchRow = "search_row"
	}
	err := eachOf(tx, func(scan func(...any) error) error {
		u := &userRow{}
		err := scan(&u.id, &u.connection, &u.status, &u.owner, &u.licence, &u.userName, &u.userNameKey, &u.externalID,
			&u.displayName, &u.displayNameKey, &u.givenNameKey, &u.familyNameKey, &u.manager, &u.managerID, &u.document,
			&u.version, &u.createdAt, &u.modifiedAt, &u.acceptedAt, &u.archivedAt, &u.searchRow)
		s.users[u.id] = u
		return err
	}, `SELECT CAST(user_id AS text), CAST(connection_id AS text), status, owner, licence, user_name, user_name_key, external_id,
display_name, display_name_key, given_name_key, family_name_key, manager, CAST(manager_id AS text), document,
version, created_at, modified_at, accepted_at, archived_at, `+searchRow+` FROM users WHERE organisation_id = $1`, org)
	if err != nil {
		return err
	}
	err = eachOf(tx, func(scan func(...any) error) error {
		var user string
		var e emailRow
		err := scan(&user, &e.position, &e.key, &e.typeKey, &e.primary)
		s.emails[user] = append(s.emails[user], e)
		return err
	}, `SELECT CAST(user_id AS text), position, address_key, type_key, is_primary FROM user_emails WHERE organisation_id = $1
ORDER BY user_id, position`, org)
	if err != nil {
		return err
	}
	err = eachOf(tx, func(scan func(...any) error) error {
		var user string
		var number int
		err := scan(&user, &number)
		s.extensions[user] = fmt.Sprintf("%04d", number)
		return err
	}, "SELECT CAST(user_id AS text), extension FROM user_fields WHERE organisation_id = $1 AND extension IS NOT NULL", org)
	if err != nil {
		return err
	}
	err = eachOf(tx, func(scan func(...any) error) error {
		var n nameRow
		err := scan(&n.key, &n.user, &n.connection, &n.kind)
		s.names = append(s.names, n)
		return err
	}, `SELECT name_key, CAST(user_id AS text), CAST(connection_id AS text), kind FROM sign_in_names WHERE organisation_id = $1`, org)
	if err != nil || !s.sqlite {
		return err
	}
	return s.readWords(tx)
}

// readWords reads which trigrams the search index has for which row, of all organisations.
func (s *snapshot) readWords(tx *sql.Tx) error {
	if _, err := tx.Exec("CREATE VIRTUAL TABLE temp.words_seen USING fts5vocab('main', 'users_text', 'instance')"); err != nil {
		return err
	}
	return eachOf(tx, func(scan func(...any) error) error {
		var term string
		var row int64
		err := scan(&term, &row)
		if s.words[row] == nil {
			s.words[row] = map[string]bool{}
		}
		s.words[row][term] = true
		return err
	}, "SELECT term, doc FROM temp.words_seen")
}

func (s *snapshot) readGroups(tx *sql.Tx, org string) error {
	err := eachOf(tx, func(scan func(...any) error) error {
		g := &groupRow{}
		err := scan(&g.id, &g.connection, &g.externalID, &g.claimValue, &g.displayName, &g.displayNameKey, &g.document, &g.version, &g.createdAt,
			&g.modifiedAt, &g.archivedAt)
		s.groups[g.id] = g
		return err
	}, `SELECT CAST(group_id AS text), CAST(connection_id AS text), external_id, claim_value, display_name, display_name_key, document,
version, created_at, modified_at, archived_at FROM groups WHERE organisation_id = $1`, org)
	if err != nil {
		return err
	}
	err = eachOf(tx, func(scan func(...any) error) error {
		var m membershipRow
		err := scan(&m.group, &m.member, &m.kind)
		s.memberships = append(s.memberships, m)
		return err
	}, "SELECT CAST(group_id AS text), CAST(member_id AS text), member_kind FROM memberships WHERE organisation_id = $1", org)
	if err != nil {
		return err
	}
	return eachOf(tx, func(scan func(...any) error) error {
		var k countKey
		var n int
		err := scan(&k.connection, &k.kind, &n)
		s.counts[k] += n
		return err
	}, "SELECT CAST(connection_id AS text), kind, n FROM resource_counts WHERE organisation_id = $1", org)
}

func (s *snapshot) readSeats(tx *sql.Tx, org string) error {
	err := eachOf(tx, func(scan func(...any) error) error {
		var licence string
		var limit sql.NullInt64
		err := scan(&licence, &limit)
		s.limits[licence] = limit
		return err
	}, "SELECT licence, seat_limit FROM licences WHERE organisation_id = $1", org)
	if err != nil {
		return err
	}
	err = eachOf(tx, func(scan func(...any) error) error {
		var user, licence string
		err := scan(&user, &licence)
		s.waiting[user] = licence
		return err
	}, "SELECT CAST(user_id AS text), licence FROM waiting_people WHERE organisation_id = $1", org)
	if err != nil {
		return err
	}
	return eachOf(tx, func(scan func(...any) error) error {
		var r seatRow
		err := scan(&r.licence, &r.number, &r.holder)
		s.seats = append(s.seats, r)
		return err
	}, "SELECT licence, seat_number, CAST(holder_id AS text) FROM seats WHERE organisation_id = $1", org)
}

func (s *snapshot) readEvents(tx *sql.Tx, org string) error {
	return eachOf(tx, func(scan func(...any) error) error {
		var e eventRow
		err := scan(&e.id, &e.kind, &e.subjectKind, &e.subject, &e.before, &e.after)
		s.events = append(s.events, e)
		return err
	}, `SELECT CAST(e.event_id AS text), e.type, e.subject_kind, CAST(e.subject_id AS text), v.before_values, v.after_values
FROM events e LEFT JOIN event_values v ON v.organisation_id = e.organisation_id AND v.subject_id = e.subject_id AND v.event_id = e.event_id
WHERE e.organisation_id = $1 ORDER BY e.event_id`, org)
}
