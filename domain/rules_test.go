package domain_test

import (
	"crypto/rand"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
	"usher/persistence/storetest"
)

// The rules of domain.md that this package keeps, each under its name, over every database:
//
//	go test ./domain -run TestRules/seat.release
//
// What every rule leaves behind must be consistent, down to one event per change.
func TestRules(t *testing.T) {
	t.Parallel()
	each := storetest.Shared(t)
	for name, rule := range map[string]func(*scene){
		"seat.required":                   seatRequired,
		"seat.never-oversold":             seatNeverOversold,
		"seat.release":                    seatRelease,
		"seat.unlimited":                  seatUnlimited,
		"activate.seat":                   activateSeat,
		"activate.seat-by-hand":           activateSeatByHand,
		"activate.block-kept":             activateBlockKept,
		"user.required":                   userRequired,
		"user.required-policy":            userRequiredPolicy,
		"user.extension-auto":             userExtensionAuto,
		"user.extension-auto-beside":      userExtensionAutoBeside,
		"explain.precedence":              explainPrecedence,
		"explain.status":                  explainStatus,
		"explain.steps":                   explainSteps,
		"explain.when":                    explainWhen,
		"explain.owner":                   explainOwner,
		"user.fields":                     userFields,
		"user.manager":                    userManager,
		"user.manager-refused":            userManagerRefused,
		"user.manager-at-once":            userManagerAtOnce,
		"user.email-immutable":            userEmailImmutable,
		"invite.confirm":                  inviteConfirm,
		"email.unique-by-hand":            emailUniqueByHand,
		"policy.bounds":                   policyBounds,
		"permission.needed":               permissionNeeded,
		"deactivate.by-hand":              deactivateByHand,
		"delete.purge":                    deletePurge,
		"block.unblock":                   blockUnblock,
		"block.inactivity":                blockInactivity,
		"block.inactivity-once":           blockInactivityOnce,
		"block.inactivity-only-who-could": blockInactivityOnlyWhoCould,
		"owner.last-by-hand":              ownerLastByHand,
		"owner.escalation-owners":         ownerMadeByOwners,
		"owner.escalation-operator":       ownerByOperator,
		"suspend.sticks":                  suspendSticks,
		"suspend.sticks-until-readmitted": suspendSticksUntilReadmitted,
		"suspend.sticks-loosely":          suspendSticksLoosely,
		"access.window":                   accessWindow,
		"access.decision":                 accessDecision,
		"seat.reduce":                     seatReduce,
		"seat.reduce-at-once":             seatReduceAtOnce,
		"seat.limited-at-once":            seatLimitedAtOnce,
		"seat.limited-while-waiting":      seatLimitedWhileWaiting,
		"seat.type-change":                seatTypeChange,
		"seat.type-change-at-once":        seatTypeChangeAtOnce,
		"seat.wait":                       seatWait,
		"seat.wait-at-once":               seatWaitAtOnce,
		"seat.wait-suspended":             seatWaitSuspended,
		"block.inactivity-activated":      blockInactivityActivated,
		"scim.active":                     scimActive,
		"provision.activation":            provisionActivation,
		"provision.defaults":              provisionDefaults,
		"provision.password":              provisionPassword,
		"link.scope":                      linkScope,
		"link.adopt":                      linkAdopt,
		"email.unique":                    emailUnique,
		"owner.last":                      ownerLast,
		"suspend.organisation":            suspendOrganisation,
		"deactivate.keeps":                deactivateKeeps,
		"delete.names":                    deleteNames,
		"delete.memberships":              deleteMemberships,
		"delete.manager":                  deleteManager,
		"delete.manager-by-hand":          deleteManagerByHand,
		"change.nothing":                  changeNothing,
		"change.group-nothing":            changeGroupNothing,
		"change.version":                  changeVersion,
		"change.group-version":            changeGroupVersion,
		"change.if-match":                 changeIfMatch,
		"change.if-match-by-hand":         changeIfMatchByHand,
		"change.events":                   changeEvents,
		"change.clock-backwards":          changeClockBackwards,
		"group.steps":                     groupSteps,
		"token.expiry":                    tokenExpiry,
		"token.recall":                    tokenRecall,
		"permission.effective":            permissionEffective,
		"permission.effective-inactive":   permissionEffectiveInactive,
		"profile.summary":                 profileSummary,
		"profile.edit":                    profileEdit,
		"profile.delete":                  profileDelete,
		"profile.delete-licence":          profileDeleteLicence,
		"profile.delete-licence-at-once":  profileDeleteLicenceAtOnce,
		"profile.delete-licence-bounds":   profileDeleteLicenceBounds,
		"role.sees":                       roleSees,
		"role.tree":                       roleTree,
		"owner.escalation":                ownerEscalation,
		"owner.escalation-licence":        ownerEscalationLicence,
		"user.baseline":                   userBaseline,
		"user.copy-permissions":           userCopyPermissions,
		"user.starter":                    userStarter,
		"licence.modules":                 licenceModules,
		"module.catalogue":                moduleCatalogue,
		"access.assign":                   accessAssign,
		"access.unknown":                  accessUnknown,
		"access.version":                  accessVersion,
		"access.turns":                    accessTurns,
		"access.immediate":                accessImmediate,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, store *persistence.Store) {
				s := newScene(t, store, -1)
				rule(s)
				if !t.Failed() {
					storetest.Consistent(t, store, s.org())
				}
			})
		})
	}
}

// scene is an organisation with a directory that pushes into it.
type scene struct {
	*testing.T
	store     *persistence.Store
	clock     *storetest.Clock
	directory *domain.Directory
	admin     *domain.Administration
	tenant    storetest.Tenant
	caller    domain.Caller
}

func newScene(t *testing.T, store *persistence.Store, seats int) *scene {
	t.Helper()
	return newSceneIn(t, store, storetest.OwnTenant(t, store, seats))
}

// newSceneIn is a scene in an organisation that is there.
func newSceneIn(t *testing.T, store *persistence.Store, tenant storetest.Tenant) *scene {
	t.Helper()
	clock := storetest.NewClock()
	s := &scene{T: t, store: store, clock: clock, directory: domain.NewDirectory(store, clock.Environment())}
	s.admin = domain.NewAdministration(store, clock.Environment(), rand.Reader)
	s.tenant, s.caller = tenant, tenant.Caller
	return s
}

// withSeats is the scene in another organisation, which has so many seats. It becomes the one that is checked.
func (s *scene) withSeats(seats int) {
	s.Helper()
	s.tenant = storetest.NewTenant(s, s.store, storetest.Slug(s)+"-seats", seats)
	s.caller = s.tenant.Caller
}

func (s *scene) org() domain.OrganisationID { return s.tenant.Organisation.ID }

// callerOf adds another connection to the organisation.
func (s *scene) another(name string) domain.Caller {
	s.Helper()
	_, _, caller := storetest.NewConnection(s, s.store, s.org(), name)
	return caller
}

// registered lets people sign in by a connection.
func (s *scene) registered(connection domain.ConnectionID, issuer string) {
	s.Helper()
	client := "usher"
	_, err := s.admin.ChangeConnectionClient(s.Context(), s.boss(), connection, domain.IfMatch{}, domain.OIDCChange{Issuer: &issuer, ClientID: &client})
	require.NoError(s, err)
}

// knownAt makes somebody known to a provider.
func (s *scene) knownAt(u domain.User, connection domain.ConnectionID, issuer string) {
	s.Helper()
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error {
		if _, err := tx.SignIns().Hold(s.org(), u.ID); err != nil {
			return err
		}
		return tx.Identities().Link(domain.Identity{
			Organisation: s.org(), Connection: connection, Issuer: issuer, Subject: u.ID.String(), User: u.ID, LinkedAt: s.clock.Now(),
		})
	}))
}

func (s *scene) provision(userName string, more ...attribute.Member) domain.User {
	s.Helper()
	u, err := s.directory.Provision(s.Context(), s.caller, storetest.Person(userName, more...))
	require.NoError(s, err)
	return u
}

func (s *scene) tryProvision(userName string, more ...attribute.Member) error {
	_, err := s.directory.Provision(s.Context(), s.caller, storetest.Person(userName, more...))
	return err
}

func (s *scene) change(id domain.UserID, change func(attribute.Value) (attribute.Value, error)) domain.User {
	s.Helper()
	u, err := s.tryChange(id, change)
	require.NoError(s, err)
	return u
}

func (s *scene) tryChange(id domain.UserID, change func(attribute.Value) (attribute.Value, error)) (domain.User, error) {
	return s.directory.ChangeUser(s.Context(), s.caller, id, domain.IfMatch{}, nil, change)
}

func (s *scene) setActive(id domain.UserID, active bool) domain.User {
	s.Helper()
	return s.change(id, storetest.Setting(storetest.Truth("active", active)))
}

func (s *scene) deprovision(id domain.UserID) {
	s.Helper()
	require.NoError(s, s.directory.Deprovision(s.Context(), s.caller, id, domain.IfMatch{}))
}

func (s *scene) user(id domain.UserID) domain.User {
	s.Helper()
	u, err := s.directory.User(s.Context(), s.caller, id)
	require.NoError(s, err)
	return u
}

func (s *scene) group(displayName string, members ...uuid.UUID) domain.Group {
	s.Helper()
	g, err := s.directory.CreateGroup(s.Context(), s.caller, storetest.GroupNamed(displayName), members)
	require.NoError(s, err)
	return g
}

func (s *scene) readGroup(id domain.GroupID) domain.Group {
	s.Helper()
	g, err := s.directory.Group(s.Context(), s.caller, id)
	require.NoError(s, err)
	return g
}

func (s *scene) changeGroup(id domain.GroupID, steps ...domain.GroupStep) domain.Group {
	s.Helper()
	g, err := s.directory.ChangeGroup(s.Context(), s.caller, id, domain.IfMatch{}, steps)
	require.NoError(s, err)
	return g
}

// members of a group, in order of id.
func (s *scene) members(id domain.GroupID) []uuid.UUID {
	s.Helper()
	list, err := s.directory.Members(s.Context(), s.caller, id, uuid.Nil, 1000)
	require.NoError(s, err)
	ids := []uuid.UUID{}
	for _, m := range list {
		ids = append(ids, m.ID)
	}
	return ids
}

// held counts the seats that somebody holds.
func (s *scene) held() int {
	s.Helper()
	for _, u := range usage(s.T, s.store, s.org()) {
		if u.Licence == domain.LicenceFull {
			return u.Held
		}
	}
	s.Fatal("the organisation has no full licence")
	return 0
}

// events of the organisation, in the order in which they were made.
func (s *scene) events() []domain.Event {
	s.Helper()
	var all []domain.Event
	for {
		var after domain.EventID
		if len(all) > 0 {
			after = all[len(all)-1].ID
		}
		var page []domain.Event
		require.NoError(s, s.store.Read(s.Context(), func(tx domain.Tx) (err error) {
			page, err = tx.Events().List(s.org(), after, 1000)
			return err
		}))
		all = append(all, page...)
		if len(page) < 1000 {
			return all
		}
	}
}

// eventsSince are the events that fn makes.
func (s *scene) eventsSince(fn func()) []domain.Event {
	s.Helper()
	known := map[domain.EventID]bool{}
	for _, e := range s.events() {
		known[e.ID] = true
	}
	fn()
	return slices.DeleteFunc(s.events(), func(e domain.Event) bool { return known[e.ID] })
}

// local adds a person of no directory.
func (s *scene) local(userName string) domain.User {
	s.Helper()
	return storetest.Account(s, s.store, s.tenant, userName, nil)
}

// concurrently runs fn n times at once and gives what each of them returned.
func concurrently(n int, fn func(i int) error) []error {
	outcomes := make([]error, n)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			<-start
			outcomes[i] = fn(i)
		})
	}
	close(start)
	group.Wait()
	return outcomes
}

// outcomes counts how often each code came out; "" is success.
func outcomes(t *testing.T, errs []error) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, err := range errs {
		if err == nil {
			counts[""]++
			continue
		}
		var refusal *domain.Error
		require.ErrorAs(t, err, &refusal)
		require.NotEqual(t, domain.Internal, refusal.Kind, "%v", err)
		require.NotEqual(t, domain.Unavailable, refusal.Kind, "%v", err)
		counts[refusal.Code]++
	}
	return counts
}
