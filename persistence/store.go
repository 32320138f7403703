// Package persistence keeps the domain's nouns in SQLite or PostgreSQL. It owns rows, queries, transactions, retries
// and migrations; it leaves every rule to the domain. A file per noun holds its statements for both databases; the two
// databases differ in how a unit of work runs (sqlite.go, postgres.go) and in little else. GORM carries the cold paths;
// the hot statements are written out.
//
//	store, err := persistence.Open(ctx, persistence.Config{URL: "sqlite:usher.db"})
//	defer store.Close()
//	err = store.Migrate(ctx)
package persistence

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"usher/domain"
)

// Config says where the data is.
type Config struct {
	// URL is sqlite:FILE, or postgres://USER:PASSWORD@HOST[:PORT][,HOST2…]/DATABASE[?option=value…] as libpq takes it.
	URL string
	// Connections is how many connections are kept at most: PostgreSQL's pool, SQLite's readers. 0: a default that fits.
	Connections int
}

// Store implements domain.Store.
type Store struct {
	engine
	closed atomic.Bool
}

// engine is a database: how it runs units of work. It hides which one.
type engine interface {
	read(ctx context.Context, fn func(session) error) error
	write(ctx context.Context, fn func(session) error) error
	ping(ctx context.Context) error
	migrations() (gooseDialect string, db *sql.DB, folder string)
	stat() Stat
	close() error
}

// Stat is the state of the connections.
type Stat struct {
	Kind  string // "sqlite" or "postgres"
	Max   int    // connections at most
	Open  int    // connections there are
	InUse int    // connections at work
	Queue int    // writes waiting for the next group commit (SQLite)
}

// Open connects to the database. It creates an SQLite file that does not exist, and changes no schema: see Migrate.
// Errors name the setting (database) and the remedy.
func Open(ctx context.Context, c Config) (*Store, error) {
	var e engine
	var err error
	switch kind, file := Kind(c.URL); kind {
	case "sqlite":
		e, err = openSQLite(ctx, file, c.Connections)
	case "postgres":
		e, err = openPostgres(ctx, c.URL, c.Connections)
	default:
		return nil, configError("%s is no database URL; use sqlite:FILE or postgres://USER@HOST/DATABASE", Redacted(c.URL))
	}
	if err != nil {
		return nil, err
	}
	return &Store{engine: e}, nil
}

// Kind of a database URL, "sqlite" or "postgres"; empty for neither. For SQLite file is the path.
func Kind(databaseURL string) (kind, file string) {
	scheme, rest, _ := strings.Cut(databaseURL, ":")
	switch scheme {
	case "sqlite":
		return "sqlite", rest
	case "postgres", "postgresql":
		return "postgres", ""
	}
	return "", ""
}

// Redacted is a database URL for logs: SQLite's as it is, PostgreSQL's without password and options, and of anything else
// no more than its scheme, since nobody knows where in it the secret stands.
func Redacted(databaseURL string) string {
	scheme, _, ok := strings.Cut(databaseURL, "://")
	switch kind, _ := Kind(databaseURL); {
	case kind == "sqlite":
		return databaseURL
	case !ok || !schemeForm.MatchString(scheme):
		return "(unreadable)"
	case kind == "":
		return scheme + "://…"
	}
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return scheme + "://(unreadable)"
	}
	hosts := []string{address(config.Host, config.Port)}
	for _, f := range config.Fallbacks { // a host may be there twice, with TLS and without
		if host := address(f.Host, f.Port); !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return scheme + "://" + url.User(config.User).String() + "@" + strings.Join(hosts, ",") + "/" + url.PathEscape(config.Database)
}

var schemeForm = regexp.MustCompile(`^[a-z][a-z0-9+.-]{0,20}$`)

func address(host string, port uint16) string { return net.JoinHostPort(host, strconv.Itoa(int(port))) }

// Read implements domain.Store.
func (s *Store) Read(ctx context.Context, fn func(domain.Tx) error) error {
	return s.outcome(s.read(ctx, func(session session) error { return fn(tx{session}) }))
}

// Write implements domain.Store.
func (s *Store) Write(ctx context.Context, fn func(domain.Tx) error) error {
	return s.outcome(s.write(ctx, func(session session) error { return fn(tx{session}) }))
}

// Ping asks the database for a sign of life. Unavailable.
func (s *Store) Ping(ctx context.Context) error { return s.outcome(s.ping(ctx)) }

// Stat reports on the connections.
func (s *Store) Stat() Stat { return s.stat() }

// Close ends all connections, after the writes that were accepted. What is asked after it is Unavailable.
func (s *Store) Close() error {
	s.closed.Store(true)
	return s.close()
}

// outcome classifies an error. The drivers have no common one for what was closed.
func (s *Store) outcome(err error) error {
	var known *domain.Error
	if err != nil && s.closed.Load() && !errors.As(err, &known) {
		err = fmt.Errorf("%w: %w", errClosed, err)
	}
	return classified(err)
}

func configError(format string, args ...any) *domain.Error {
	return &domain.Error{Kind: domain.Invalid, Code: domain.CodeInvalidValue, Field: "database", Message: fmt.Sprintf(format, args...)}
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// tx gives a session its nouns.
type tx struct{ session }

func (t tx) Organisations() domain.Organisations { return organisations(t) }
func (t tx) Connections() domain.Connections     { return connections(t) }
func (t tx) Tokens() domain.Tokens               { return tokens(t) }
func (t tx) Schemas() domain.Schemas             { return schemas(t) }
func (t tx) Users() domain.Users                 { return users(t) }
func (t tx) Groups() domain.Groups               { return groups(t) }
func (t tx) Seats() domain.Seats                 { return seats(t) }
func (t tx) Events() domain.Events               { return events(t) }
func (t tx) Tallies() domain.Tallies             { return tallies(t) }
func (t tx) APIKeys() domain.APIKeys             { return apiKeys(t) }
func (t tx) Answers() domain.Answers             { return answers(t) }
func (t tx) Rates() domain.Rates                 { return rates(t) }

// What people may do (domain.AccessTx).

func (t tx) Modules() domain.Modules                  { return modules(t) }
func (t tx) Roles() domain.Entries[domain.Role]       { return roles(t.session) }
func (t tx) Profiles() domain.Entries[domain.Profile] { return profiles(t.session) }
func (t tx) Teams() domain.Entries[domain.Team]       { return teams(t.session) }
func (t tx) Queues() domain.Entries[domain.Queue]     { return queues(t.session) }
func (t tx) LicenceTypes() domain.LicenceTypes        { return licenceTypes(t) }
func (t tx) Assignments() domain.Assignments          { return assignments(t) }
func (t tx) Policies() domain.Policies                { return policies(t) }
func (t tx) Blocks() domain.Blocks                    { return blocks(t) }
func (t tx) Suspensions() domain.Suspensions          { return suspensions(t) }
func (t tx) StatusSteps() domain.StatusSteps          { return statusSteps(t) }
func (t tx) Windows() domain.Windows                  { return windows(t) }
func (t tx) Waiting() domain.Waiting                  { return waiting(t) }
func (t tx) Inactivity() domain.Inactivity            { return inactivity(t) }
func (t tx) Sweeps() domain.Sweeps                    { return sweeps(t) }
func (t tx) Records() domain.Records                  { return records(t) }
func (t tx) Plans() domain.Plans                      { return plans(t) }
func (t tx) Calls() domain.Calls                      { return calls(t) }
func (t tx) Reviews() domain.Reviews                  { return reviews(t) }
func (t tx) Onboarding() domain.Onboarding            { return onboarding(t) }
func (t tx) UserFields() domain.UserFields            { return userFields(t) }
func (t tx) Managers() domain.Managers                { return managers(t) }
func (t tx) Ownerships() domain.Ownerships            { return ownerships(t) }

// What people get in by (domain.DoorsTx).

func (t tx) SignIns() domain.SignIns             { return signIns(t) }
func (t tx) Links() domain.Links                 { return links(t) }
func (t tx) ResetRequests() domain.ResetRequests { return resetRequests(t) }
func (t tx) Sessions() domain.Sessions           { return signedIn(t) }
func (t tx) Devices() domain.Devices             { return devices(t) }
func (t tx) SecondFactors() domain.SecondFactors { return secondFactors(t) }
func (t tx) RecoveryCodes() domain.RecoveryCodes { return recoveryCodes(t) }
func (t tx) Passkeys() domain.Passkeys           { return passkeys(t) }
func (t tx) Identities() domain.Identities       { return identities(t) }

// What leaves the house (domain.DeliveryTx).

func (t tx) Cursors() domain.Cursors       { return cursors(t) }
func (t tx) Webhooks() domain.Webhooks     { return webhooks(t) }
func (t tx) Deliveries() domain.Deliveries { return deliveries(t) }
func (t tx) Letters() domain.Letters       { return letters(t) }
