package domain

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"usher/domain/attribute"
)

// OrganisationSpec describes an organisation to be made.
type OrganisationSpec struct {
	Slug       string
	Name       string     // empty: the slug
	OwnerEmail string     // empty: no owner yet
	Seats      []SeatPlan // empty: the licences full and simulator, both unlimited
	Plan       Plan       // empty: standard
}

// LicenceSimulator is the licence type of people who use only what that type lists.
const LicenceSimulator = "simulator"

// DefaultConnection is the name of the connection that an organisation is born with.
const DefaultConnection = "default"

// NewOrganisation is what CreateOrganisation made. TokenText is shown once and kept nowhere.
type NewOrganisation struct {
	Organisation Organisation
	Plan         Plan
	Connection   Connection
	Token        Token
	TokenText    string
	Owner        *User // nil without OwnerEmail
	Setup        Link  // the owner's invitation, of 7 days; zero where nothing can be invited by
	SetupToken   string
	Roles        []Role
	Profiles     []Profile
}

// CreateOrganisation makes an organisation with its seats, a generic connection named default with a token that does
// not expire, roles and profiles to begin with (rule user.starter), and, where an address is given, a pending owner who
// holds a full seat. SlugTaken, Invalid, SeatsExhausted.
func (in *Installation) CreateOrganisation(ctx context.Context, spec OrganisationSpec) (NewOrganisation, error) {
	made, err := in.planOrganisation(spec)
	if err != nil {
		return NewOrganisation{}, err
	}
	err = in.store.Write(ctx, func(tx Tx) error { return in.insertOrganisation(tx, made, spec.seats()) })
	if err != nil {
		return NewOrganisation{}, err
	}
	return made, nil
}

// Check says what is wrong with a description, without a store. Invalid.
func (s OrganisationSpec) Check() error {
	if _, err := ParseSlug(s.Slug); err != nil {
		return err
	}
	if slices.Contains(ReservedSlugs(), s.Slug) {
		return InvalidField("slug", "this word is part of the addresses at which people sign in; choose another one")
	}
	if _, err := label("name", s.name()); err != nil {
		return err
	}
	if _, ok := ParseEmail(s.OwnerEmail); s.OwnerEmail != "" && !ok {
		return InvalidField("owner-email", "use an e-mail address such as owner@acme.test")
	}
	if _, err := ParsePlan(string(s.Plan)); err != nil {
		return err
	}
	return checkSeats(s.seats())
}

func (s OrganisationSpec) name() string { return cmp.Or(s.Name, s.Slug) }

func (s OrganisationSpec) seats() []SeatPlan {
	if len(s.Seats) == 0 {
		return []SeatPlan{{Licence: LicenceFull, Unlimited: true}, {Licence: LicenceSimulator, Unlimited: true}}
	}
	return s.Seats
}

// planOrganisation makes everything that needs no store.
func (in *Installation) planOrganisation(spec OrganisationSpec) (made NewOrganisation, err error) {
	if err := spec.Check(); err != nil {
		return made, err
	}
	now := in.env.instant()
	o := Organisation{Slug: spec.Slug, CreatedAt: now}
	if o.Name, err = label("name", spec.name()); err != nil {
		return made, err
	}
	if o.ID, err = newID[Organisation](in.env); err != nil {
		return made, err
	}
	c := Connection{Organisation: o.ID, Name: DefaultConnection, Kind: KindGeneric, Activation: ActivateAtOnce, CreatedAt: now}
	if c.ID, err = newID[Connection](in.env); err != nil {
		return made, err
	}
	made = NewOrganisation{Organisation: o, Plan: cmp.Or(spec.Plan, PlanStandard), Connection: c}
	if made.Token, made.TokenText, err = makeToken(in.env, in.random, c, time.Time{}, now); err != nil {
		return made, err
	}
	if made.Roles, made.Profiles, err = in.starter(o); err != nil {
		return made, err
	}
	if spec.OwnerEmail != "" {
		if made.Owner, err = in.firstOwner(o, spec.OwnerEmail, now); err != nil {
			return made, err
		}
	}
	if made.Owner != nil && !in.env.Links.IsZero() {
		made.Setup, err = newLink(in.env, o.ID, made.Owner.ID, LinkInvitation, setupLifetime, now)
		made.SetupToken = in.env.Links.Token(o.ID, LinkInvitation, made.Setup.ID)
	}
	return made, err
}

// setupLifetime is how long the first owner's invitation is good for.
const setupLifetime = 7 * 24 * time.Hour

// firstOwner is a local person, of no directory, who may do everything once they have been here.
func (in *Installation) firstOwner(o Organisation, email string, now time.Time) (*User, error) {
	id, err := newID[User](in.env)
	if err != nil {
		return nil, err
	}
	owner := &User{
		ID: id, Organisation: o.ID, Status: Pending, Owner: true, Licence: LicenceFull,
		Version: 1, CreatedAt: now, ModifiedAt: now,
	}
	err = owner.describe(attribute.NewComplex(
		attribute.Member{Name: "userName", Value: attribute.NewString(email)},
		attribute.Member{Name: "active", Value: attribute.NewBool(true)},
		attribute.Member{Name: "emails", Value: attribute.NewList(attribute.NewComplex(
			attribute.Member{Name: "value", Value: attribute.NewString(email)},
			attribute.Member{Name: "type", Value: attribute.NewString("work")},
			attribute.Member{Name: "primary", Value: attribute.NewBool(true)},
		))},
	))
	return owner, err
}

func (in *Installation) insertOrganisation(tx Tx, made NewOrganisation, seats []SeatPlan) error {
	o, now := made.Organisation, made.Organisation.CreatedAt
	if err := tx.Organisations().Insert(o); err != nil {
		return err
	}
	for _, plan := range seats {
		if err := tx.Seats().Plan(o.ID, plan); err != nil {
			return err
		}
	}
	after := texts("slug", o.Slug, "name", o.Name)
	if made.Plan != PlanStandard {
		if err := tx.Plans().Set(o.ID, made.Plan); err != nil {
			return err
		}
		after.Set("plan", attribute.NewString(string(made.Plan)))
	}
	after.Set("seats", seatTree(seats))
	if err := in.record(tx, o.ID, OrganisationCreated, "organisation", o.ID.UUID, now, after); err != nil {
		return err
	}
	if err := insertConnection(tx, in.author(made.Organisation), made.Connection); err != nil {
		return err
	}
	if err := insertToken(tx, in.author(made.Organisation), made.Token); err != nil {
		return err
	}
	if err := in.insertStarter(tx, made, seats); err != nil {
		return err
	}
	if made.Owner == nil {
		return nil
	}
	if err := tx.Users().Insert(*made.Owner); err != nil {
		return err
	}
	described, err := made.Owner.Attributes()
	if err != nil {
		return err
	}
	if err := in.record(tx, o.ID, UserCreated, "user", made.Owner.ID.UUID, now, described); err != nil {
		return err
	}
	if err := stepped(tx, User{}, *made.Owner, Event{Type: UserCreated, Actor: ActorOperator(), At: now}); err != nil {
		return err
	}
	if err := noteOwner(tx, *made.Owner, ActorOperator(), now); err != nil {
		return err
	}
	if err := tx.Seats().Take(o.ID, made.Owner.Licence, made.Owner.ID); err != nil || made.Setup.ID.IsZero() {
		return err
	}
	if _, err := tx.SignIns().Hold(o.ID, made.Owner.ID); err != nil {
		return err
	}
	if err := tx.Links().Insert(made.Setup); err != nil {
		return err
	}
	return doorsClosed{write: in.author(o).scribe(), now: now}.say(tx, UserInvited, made.Owner.ID, made.Setup.tree())
}

// ListOrganisations gives all organisations, by slug.
func (in *Installation) ListOrganisations(ctx context.Context) ([]Organisation, error) {
	var all []Organisation
	err := in.store.Read(ctx, func(tx Tx) (err error) {
		all, err = tx.Organisations().List()
		return err
	})
	return all, err
}

// SuspendOrganisation stops an organisation: its directories are refused and nobody signs in, and all data is kept
// (rule suspend.organisation). NotFound.
func (in *Installation) SuspendOrganisation(ctx context.Context, slug string) (Organisation, error) {
	return in.setSuspended(ctx, slug, in.env.instant(), OrganisationSuspended)
}

// ResumeOrganisation ends a suspension. NotFound.
func (in *Installation) ResumeOrganisation(ctx context.Context, slug string) (Organisation, error) {
	return in.setSuspended(ctx, slug, time.Time{}, OrganisationResumed)
}

func (in *Installation) setSuspended(ctx context.Context, slug string, at time.Time, what EventType) (Organisation, error) {
	now := in.env.instant()
	var outcome Organisation
	err := in.change(ctx, slug, func(tx Tx, o Organisation) error {
		outcome = o
		if o.SuspendedAt.IsZero() == at.IsZero() {
			return nil
		}
		outcome.SuspendedAt = at
		if err := tx.Organisations().Suspend(o.ID, at); err != nil {
			return err
		}
		event, err := in.event(o.ID, what, "organisation", o.ID.UUID, now)
		if err != nil {
			return err
		}
		event.Before = texts("suspendedAt", timestamp(o.SuspendedAt))
		event.After = texts("suspendedAt", timestamp(at))
		return tx.Events().Append(event)
	})
	return outcome, err
}

// DeleteOrganisation erases an organisation with everything that belongs to it. Its event log goes with it, so this is
// the one change without an event. Its id never comes back: old tokens stay dead under a new organisation of the same
// name. NotFound.
func (in *Installation) DeleteOrganisation(ctx context.Context, slug string) (Organisation, error) {
	var gone Organisation
	err := in.change(ctx, slug, func(tx Tx, o Organisation) error {
		gone = o
		return tx.Organisations().Delete(o.ID)
	})
	return gone, err
}

// seatTree is a plan as the event log shows it.
func seatTree(seats []SeatPlan) attribute.Value {
	items := make([]attribute.Value, 0, len(seats))
	for _, plan := range seats {
		item := texts("licence", plan.Licence)
		if plan.Unlimited {
			item.Set("unlimited", attribute.NewBool(true))
		} else {
			item.Set("limit", attribute.NewNumber(strconv.Itoa(plan.Limit)))
		}
		items = append(items, item)
	}
	return attribute.NewList(items...)
}
