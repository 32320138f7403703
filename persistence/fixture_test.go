package persistence_test

import (
	"bytes"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

var update = flag.Bool("update", false, "write what a database of the newest schema holds to testdata/schema")

func fixtureOf(kind string, version int64) string {
	return filepath.Join("testdata", "schema", kind, fmt.Sprintf("%05d.sql", version))
}

// storySecret is the random of the story's tokens.
var storySecret = bytes.Repeat([]byte("usher"), 100)

// story is an organisation in which everything is there once: it is what the fixtures of a version hold. Each run of it
// makes the same rows.
func story(t *testing.T, store *persistence.Store) {
	t.Helper()
	var counter uint64
	clock := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	env := domain.Environment{
		Now: func() time.Time { clock = clock.Add(time.Second); return clock },
		NewID: func() (uuid.UUID, error) {
			counter++
			id := uuid.MustParse("01900000-0000-7000-8000-000000000000")
			binary.BigEndian.PutUint32(id[12:], uint32(counter))
			return id, nil
		},
	}
	ctx := t.Context()
	installation := domain.NewInstallation(store, env, bytes.NewReader(storySecret))
	directory := domain.NewDirectory(store, env)
	made, err := installation.CreateOrganisation(ctx, domain.OrganisationSpec{
		Slug: "acme", Name: "Ačme & Söhne", OwnerEmail: "owner@acme.test",
		Seats: []domain.SeatPlan{{Licence: "full", Limit: 6}, {Licence: "simulator", Unlimited: true}},
	})
	require.NoError(t, err)
	_, err = installation.CreateConnection(ctx, "acme", domain.ConnectionSpec{
		Name: "Okta", Kind: domain.KindOkta, OIDC: domain.OIDCSpec{Issuer: "https://acme.okta.test", ClientID: "c1"},
	})
	require.NoError(t, err)
	_, err = installation.DisableConnection(ctx, "acme", "okta")
	require.NoError(t, err)
	_, err = installation.AddSchema(ctx, "acme", domain.Schema{URN: "urn:acme:badge", Definition: []byte(`{"id":"urn:acme:badge"}`)})
	require.NoError(t, err)
	caller, err := directory.Authenticate(ctx, storyBearer(t))
	require.NoError(t, err)

	provision := func(userName string, more ...string) domain.User {
		tree := storetest.Person(userName, storetest.Name("Ana's", "Łuk"), storetest.Text("displayName", "Ana's "+userName))
		for i := 0; i+1 < len(more); i += 2 {
			tree.Set(more[i], storetest.Text("", more[i+1]).Value)
		}
		tree.Set("emails", storetest.Emails("mail."+userName, "shared@acme.test").Value)
		u, err := directory.Provision(ctx, caller, tree)
		require.NoError(t, err)
		return u
	}
	change := func(u domain.User, name string, set func() error) {
		require.NoError(t, set(), name)
		require.NotZero(t, u.Version)
	}
	boss, ana := provision("boss@acme.test", "externalId", "e1"), provision("ÄNA@acme.test", "externalId", "e2")
	off, gone := provision("off@acme.test"), provision("gone@acme.test")
	change(ana, "manager", func() error {
		_, err := directory.ChangeUser(ctx, caller, ana.ID, domain.IfMatch{}, nil, storetest.Setting(storetest.Manager(boss.ID.String())))
		return err
	})
	change(off, "deactivate", func() error {
		_, err := directory.ChangeUser(ctx, caller, off.ID, domain.IfMatch{}, nil, storetest.Setting(storetest.Truth("active", false)))
		return err
	})
	nested, err := directory.CreateGroup(ctx, caller, storetest.GroupNamed("Nested", storetest.Text("externalId", "g1")), []uuid.UUID{ana.ID.UUID, gone.ID.UUID})
	require.NoError(t, err)
	everybody, err := directory.CreateGroup(ctx, caller, storetest.GroupNamed("Jede*r"), []uuid.UUID{boss.ID.UUID, ana.ID.UUID, nested.ID.UUID})
	require.NoError(t, err)
	storyOfAccess(t, domain.NewAdministration(store, env, bytes.NewReader(storySecret)), made, ana.ID)
	storyOfDoors(t, store, ana, clock)
	storyOfProvider(t, store, caller, clock)
	require.NoError(t, directory.Deprovision(ctx, caller, gone.ID, domain.IfMatch{}))
	require.NotEqual(t, nested.ID, everybody.ID)
	require.NoError(t, store.Write(ctx, func(tx domain.Tx) error {
		return tx.ClaimedGroups().Save(ana.Organisation, ana.ID, nil, []domain.GroupID{everybody.ID}, clock)
	}))
	require.NoError(t, store.Write(ctx, func(tx domain.Tx) error {
		if err := tx.Tokens().Used(caller.Organisation, caller.Token, clock); err != nil {
			return err
		}
		if _, err := tx.Rates().Add(caller.Scope(), 1, 1); err != nil {
			return err
		}
		return tx.Tallies().Add(domain.Tally{
			Organisation: caller.Organisation, Connection: caller.Connection, Kind: domain.TallyRefused, What: "POST /Users 409", Count: 2,
			FirstAt: clock, LastAt: clock, Detail: "it's taken", RequestID: "r1",
		})
	}))
	require.Equal(t, made.Organisation.ID, caller.Organisation)

	administration := domain.NewAdministration(store, env, bytes.NewReader(storySecret))
	who := domain.Administrator{Organisation: caller.Organisation, Actor: domain.Actor{Kind: "user", ID: boss.ID.UUID}, Owner: true, RequestID: "r2", From: "2001:db8::7"}
	_, err = administration.ChangePolicy(ctx, who, domain.IfMatch{}, func(p domain.Policy) (domain.Policy, error) {
		p.InactivityDays = 60
		return p, nil
	})
	require.NoError(t, err)
	_, err = administration.SetWindow(ctx, who, ana.ID, domain.IfMatch{}, domain.WindowSpec{TimeZone: "Europe/Madrid", ValidUntil: "2030-12-31", Schedule: "mon 09:00-17:00"})
	require.NoError(t, err)
	require.NoError(t, administration.Block(ctx, who, boss.ID, domain.IfMatch{}))
	_, err = administration.Edit(ctx, who, off.ID, domain.IfMatch{}, domain.PersonChange{Fields: domain.FieldChange{Manager: &made.Owner.ID}})
	require.NoError(t, err)
	suspended := provision("suspended@acme.test", "externalId", "e3")
	_, err = administration.Deactivate(ctx, who, suspended.ID, domain.IfMatch{})
	require.NoError(t, err)
	require.NoError(t, directory.Deprovision(ctx, caller, suspended.ID, domain.IfMatch{}))
	_, err = administration.Activate(ctx, who, off.ID, domain.IfMatch{})
	require.NoError(t, err)
	_, err = directory.ChangeUser(ctx, caller, off.ID, domain.IfMatch{}, nil, storetest.Setting(storetest.Truth("active", false)))
	require.NoError(t, err)
	_, err = installation.Sweep(ctx, "acme", false)
	require.NoError(t, err)
	key, _, err := installation.CreateAPIKey(ctx, "acme", domain.APIKeySpec{Name: "HR's", Permissions: []domain.Permission{{Module: "users", Action: "view"}}})
	require.NoError(t, err)
	asker := domain.Administrator{Organisation: made.Organisation.ID, Actor: domain.Actor{Kind: domain.ActorAPIKey, ID: key.ID.UUID}}
	_, _, err = administration.Claim(ctx, asker, "k-1", [32]byte{1})
	require.NoError(t, err)
	client, secret, err := installation.CreateOAuthClient(ctx, "acme", "default", domain.OAuthClientSpec{Lifetime: time.Hour})
	require.NoError(t, err)
	_, _, err = domain.NewOAuth(store, env, bytes.NewReader(storySecret[1:])).Token(ctx, client.ID.String(), secret, domain.Visitor{Address: "192.0.2.3", RequestID: "r3"})
	require.NoError(t, err)
}

// storyOfProvider gives a connection all that there is to set about its OpenID provider, and the installation a key.
func storyOfProvider(t *testing.T, store *persistence.Store, caller domain.Caller, at time.Time) {
	t.Helper()
	require.NoError(t, store.Write(t.Context(), func(tx domain.Tx) error {
		if _, err := tx.UsedTokens().Use(caller.Organisation, domain.TokenHash{3}, at.Add(time.Hour), at); err != nil {
			return err
		}
		if err := tx.SigningKeys().Insert(domain.SigningKey{
			Organisation: caller.Organisation, Algorithm: "ES256", Generation: 1, ID: "k1", Public: []byte{0, 1}, Sealed: []byte{2}, CreatedAt: at, UsedFrom: at,
		}); err != nil {
			return err
		}
		return tx.ProviderSettings().Save(domain.ProviderSettings{}, domain.ProviderSettings{
			Organisation: caller.Organisation, Connection: caller.Connection, Revision: 1, Authentication: "private_key_jwt", UserInfo: true,
			Claims: map[string]string{"groups": "/it's/there", "email": ""}, Scopes: []string{"profile", "groups"}, HostedDomains: []string{},
			KeyID: "c1", PublicKey: []byte{3}, SealedKey: []byte{4, 0},
		})
	}))
}

// storyOfDoors gives a person one of everything to get in by.
func storyOfDoors(t *testing.T, store *persistence.Store, u domain.User, at time.Time) {
	t.Helper()
	org, id, hash := u.Organisation, u.ID.UUID, domain.TokenHash{1, 2}
	require.NoError(t, store.Write(t.Context(), func(tx domain.Tx) error {
		held, err := tx.SignIns().Hold(org, u.ID)
		held.Password, held.PasswordSetAt, held.Previous, held.Failures = "$argon2id$", at, []string{"$1", "$2"}, 2
		for _, err := range []error{
			err,
			tx.SignIns().Save(held),
			tx.Links().Insert(domain.Link{
				ID: domain.LinkID{UUID: id}, Organisation: org, User: u.ID, Kind: domain.LinkReset, Hash: hash, State: domain.LinkAccepted, CreatedAt: at,
				ExpiresAt: at.Add(time.Hour), EndedAt: at,
			}),
			tx.ResetRequests().Put(domain.ResetRequest{Organisation: org, User: u.ID, RequestID: "it's one", Address: "192.0.2.1", At: at}),
			tx.Sessions().Insert(domain.Session{
				ID: domain.SessionID{UUID: id}, Organisation: org, User: u.ID, Hash: hash, Method: domain.ByPassword, Agent: "it's one", CreatedAt: at, SeenAt: at,
				ProvedAt: at, Factor: domain.FactorCode,
			}),
			tx.Devices().Insert(domain.Device{ID: domain.DeviceID{UUID: id}, Organisation: org, User: u.ID, Hash: hash, CreatedAt: at, ExpiresAt: at}),
			tx.SecondFactors().Put(domain.SecondFactor{Organisation: org, User: u.ID, Kind: "totp", Sealed: []byte{0, 1}, ConfirmedAt: at, Step: 7}),
			tx.RecoveryCodes().Replace(org, u.ID, []domain.TokenHash{hash}, at),
			tx.Passkeys().Insert(domain.Passkey{
				ID: domain.PasskeyID{UUID: id}, Organisation: org, User: u.ID, Credential: []byte{0, 1}, PublicKey: []byte{2}, Transports: []string{"usb", "nfc"},
				Signatures: 7, Name: "it's one", CreatedAt: at, UsedAt: at,
			}),
			tx.Identities().Link(domain.Identity{Organisation: org, Connection: u.Connection, Issuer: "https://idp.test", Subject: "s'1", User: u.ID, LinkedAt: at}),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

// storyOfAccess gives a person one of everything that there is to give.
func storyOfAccess(t *testing.T, ad *domain.Administration, made domain.NewOrganisation, user domain.UserID) {
	t.Helper()
	ctx, who := t.Context(), domain.Administrator{Organisation: made.Organisation.ID, Actor: domain.ActorOperator(), Owner: true}
	_, err := ad.RegisterModule(ctx, who, domain.ModuleSpec{ID: "campaigns", Actions: []string{"dial"}, HasObjects: true}, domain.IfMatch{}, false)
	require.NoError(t, err)
	team, err := ad.CreateTeam(ctx, who, domain.GroupingSpec{Name: "Blå", Description: "They're here"})
	require.NoError(t, err)
	queue, err := ad.CreateQueue(ctx, who, domain.GroupingSpec{Name: "Sales"})
	require.NoError(t, err)
	role, profile := made.Roles[len(made.Roles)-1].ID, made.Profiles[len(made.Profiles)-1].ID
	_, err = ad.CreateApplication(ctx, who, domain.ApplicationSpec{
		Name: "Acme's CRM", Origins: []string{"https://crm.acme.test", "https://crm.acme.test:8443"}, Algorithm: domain.SignedES256, Modules: []string{"campaigns"},
	})
	require.NoError(t, err)
	accent, language := "#0a6cff", domain.LanguageSpanish
	_, err = ad.ChangeAppearance(ctx, who, domain.IfMatch{}, domain.AppearanceChange{Accent: &accent, Language: &language})
	require.NoError(t, err)
	_, err = ad.SetDefaults(ctx, who, domain.IfMatch{}, role, profile)
	require.NoError(t, err)
	_, err = ad.SetLicenceModules(ctx, who, domain.LicenceSimulator, domain.IfMatch{}, domain.TheseObjects("campaigns", "users"))
	require.NoError(t, err)
	granted := domain.Permissions{{Module: "campaigns", Action: "dial"}: domain.TheseObjects("it's one")}
	revoked := domain.Permissions{{Module: "teams", Action: "view"}: domain.AllObjects()}
	_, err = ad.Assign(ctx, who, user, domain.IfMatch{}, domain.AccessChange{
		Role: domain.Choose(role), Profile: domain.Choose(domain.ProfileID{}), Team: domain.Choose(team.ID),
		Queues: &[]domain.QueueID{queue.ID}, Granted: &granted, Revoked: &revoked, Locked: true,
	})
	require.NoError(t, err)
}

// storyBearer is the token of the story's default connection, which is the first that is made.
func storyBearer(t *testing.T) domain.Bearer {
	t.Helper()
	var secret [32]byte
	_, err := io.ReadFull(bytes.NewReader(storySecret), secret[:])
	require.NoError(t, err)
	text, _ := domain.NewDirectoryToken(domain.OrganisationID{UUID: uuid.MustParse("01900000-0000-7000-8000-000000000001")}, secret)
	bearer, err := domain.ParseBearer(text)
	require.NoError(t, err)
	return bearer
}

// checkStory reads the story back through the use cases, and goes on with it.
func checkStory(t *testing.T, store *persistence.Store) {
	t.Helper()
	ctx := t.Context()
	directory := domain.NewDirectory(store, storetest.Environment())
	caller, err := directory.Authenticate(ctx, storyBearer(t))
	require.NoError(t, err)
	storetest.Consistent(t, store, caller.Organisation)
	page, err := directory.Users(ctx, caller, domain.Query{Limit: 100, Total: true})
	require.NoError(t, err)
	require.Equal(t, 3, page.Total)
	var names []string
	for _, u := range page.Items {
		names = append(names, u.UserName.Text)
		require.Contains(t, string(u.Document), "shared@acme.test")
	}
	sort.Strings(names)
	require.Equal(t, []string{"boss@acme.test", "off@acme.test", "ÄNA@acme.test"}, names)
	ana := page.Items[slices.IndexFunc(page.Items, func(u domain.User) bool { return u.UserName.Key == "äna@acme.test" })]
	require.Equal(t, "Ana's boss@acme.test", ana.ManagerRef.Display)
	require.Len(t, ana.Groups, 2)
	groups, err := directory.Groups(ctx, caller, domain.Query{Limit: 100})
	require.NoError(t, err)
	require.Len(t, groups.Items, 2)
	owners, err := domain.NewAdministration(store, storetest.Environment(), rand.Reader).People(ctx,
		domain.Administrator{Organisation: caller.Organisation, Owner: true}, domain.PeopleQuery{Search: "owner@acme.test", Limit: 2})
	require.NoError(t, err)
	require.Equal(t, domain.Ownership{
		Organisation: caller.Organisation, User: owners.Items[0].ID, By: domain.ActorOperator(), Since: owners.Items[0].CreatedAt,
	}, owners.Items[0].Ownership)

	for i, free := range []bool{true, true, true, false} { // owner, boss and Ana hold half of the six seats
		_, err := directory.Provision(ctx, caller, storetest.Person(fmt.Sprintf("new%d@acme.test", i), storetest.Text("externalId", fmt.Sprint("n", i))))
		if !free {
			require.True(t, domain.IsCode(err, domain.CodeSeatsExhausted), "%v", err)
			continue
		}
		require.NoError(t, err)
	}
	_, err = directory.Provision(ctx, caller, storetest.Person("Boss@ACME.test"))
	require.True(t, domain.IsCode(err, domain.CodeUserNameTaken), "%v", err)
	require.NoError(t, directory.Deprovision(ctx, caller, ana.ID, domain.IfMatch{}))
	storetest.Consistent(t, store, caller.Organisation)
}

// wordsSQL fills SQLite's search index, which keeps no text that could be written down.
const wordsSQL = `INSERT INTO users_text (rowid, words) SELECT search_row, user_name_key || COALESCE(char(10) || display_name_key, '') ||
COALESCE((SELECT group_concat(char(10) || address_key, '') FROM (SELECT address_key FROM user_emails e WHERE e.organisation_id = u.organisation_id
AND e.user_id = u.user_id AND e.address_key <> u.user_name_key ORDER BY e.position)), '') FROM users u WHERE archived_at IS NULL`

// writeFixture runs the story in a store and writes every row that is there to a file, a statement a line.
func writeFixture(t *testing.T, store *persistence.Store, databaseURL, file string) {
	t.Helper()
	story(t, store)
	db := storetest.RawURL(t, databaseURL)
	sqlite := isSQLite(db)
	var out bytes.Buffer
	for _, table := range storetest.TenantTables(t, db) {
		for _, line := range inserts(t, db, table, sqlite) {
			out.WriteString(line + "\n")
		}
	}
	if sqlite {
		out.WriteString(strings.ReplaceAll(wordsSQL, "\n", " ") + ";\n")
	}
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, out.Bytes(), 0o644))
}

// inserts spells the rows of a table.
func inserts(t *testing.T, db *sql.DB, table string, sqlite bool) []string {
	t.Helper()
	rows, err := db.Query("SELECT * FROM " + table)
	require.NoError(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	var lines []string
	for rows.Next() {
		values, dest := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		require.NoError(t, rows.Scan(dest...))
		literals := make([]string, len(values))
		for i, v := range values {
			literals[i] = literal(v, sqlite)
		}
		lines = append(lines, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s);", table, strings.Join(columns, ", "), strings.Join(literals, ", ")))
	}
	require.NoError(t, rows.Err())
	sort.Strings(lines)
	return lines
}

func literal(v any, sqlite bool) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case []byte:
		if sqlite {
			return "x'" + hex.EncodeToString(v) + "'"
		}
		return `'\x` + hex.EncodeToString(v) + "'"
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	default:
		return fmt.Sprint(v)
	}
}

// readFixture runs the statements of a file, in whatever order the tables stand there.
func readFixture(t *testing.T, db *sql.DB, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err, "a version of the schema without data to migrate from; go test ./persistence -run TestMigrateFromEveryVersion -update writes it")
	anyOrder := "PRAGMA foreign_keys = 0"
	if !isSQLite(db) {
		anyOrder = "SET session_replication_role = replica"
	}
	_, err = db.Exec(anyOrder)
	require.NoError(t, err)
	for line := range strings.SplitAfterSeq(string(text), ";\n") { // a text may hold line breaks
		_, err := db.Exec(line)
		require.NoError(t, err, line)
	}
}
