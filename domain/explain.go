package domain

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// Explanation says of one person why they are as they are, and what they are given and may do: what Explain tells.
type Explanation struct {
	User     User
	At       time.Time
	Status   StatusReason
	Rulings  []ExplainedRuling // role, profile, team, licence, and one for each queue that anything names
	Rights   Rights
	Decision map[AccessMethod]ExplainedDecision // whether they could come in at this moment
	SignIns  []ExplainedSignIn                  // at identity providers, which are theirs, the oldest first
	Block    Block                              // zero: none
	Window   Window

	Unmatched  []Unmatched // what the directory says and nothing here is called
	Lookalikes []PersonRef // others with an e-mail of the person: perhaps one person
	Wish       LicenceWish // a licence that is decided and has no free seat; zero: none
	Waiting    WaitingPlace
	Line       int // the place in the line for a seat, from 1; 0: not in it

	ends time.Time // of a temporary password
}

// StatusReason is why a person has their status.
type StatusReason struct {
	Status Status
	Rule   string // the rule by which it is so
	Source Source // administrator, directory, person
	By     Actor  // where it is known; the zero Actor otherwise
	Since  time.Time
	Reason string // one sentence
}

// Who gave a person their status, where it was not an administrator.
const (
	SourceDirectory Source = "directory" // by a push
	SourcePerson    Source = "person"    // who came, or accepted
)

// ExplainedDecision is a decision about access with what it rests on.
type ExplainedDecision struct {
	Decision

	Rule  string    // the rule by which it is so
	By    Actor     // whose doing it is, where it is somebody's; the zero Actor otherwise
	Since time.Time // zero: for no known time, or always

	Also []ExplainedDecision // what else is in the way, in the order in which it would be told
}

// ExplainedRuling is a ruling with the names of what it is about.
type ExplainedRuling struct {
	Ruling

	Rule   string                // that decided
	Names  map[uuid.UUID]string  // of what the candidates name, and of the groups of their mappings
	Labels map[Loss]string       // why a candidate lost, in words
	Object *ExplainedRulingThing // what the person has; nil: none
}

// ExplainedRulingThing is what a person has of a kind.
type ExplainedRulingThing struct {
	ID   uuid.UUID // zero for a licence
	Name string
}

// ExplainedSignIn is how somebody came to be found by a sign-in at an identity provider.
type ExplainedSignIn struct {
	Connection string // its name
	Issuer     string
	Subject    string
	By         LinkedBy
	Since      time.Time
}

// Rights are what a person may do, and what it is put together from (rule permission.effective). Since when they have the profile
// its ruling says.
type Rights struct {
	Owner        bool
	Ownership    Ownership // zero: no owner, or it was not noted
	Effective    Permissions
	Profile      Permissions // of the profile
	Baseline     Permissions // of the profiles that everybody active has
	Granted      Permissions
	GrantedAt    time.Time // when an administrator changed them last; zero: never, or it was not noted
	Revoked      Permissions
	RevokedAt    time.Time   // likewise
	OutOfLicence Permissions // would be permitted, and the licence does not reach it
}

// Unmatched is a value of SCIM roles or entitlements that grants nothing.
type Unmatched struct {
	Attribute string // roles, entitlements
	Value     string
	Reason    string // one sentence
}

// Bounds of what is told.
const (
	maxLookalikes   = 20
	maxLookedEmails = 20
)

// Explain says why a person is as they are, as one state of the store has it. It needs users:view on the person. NotFound.
func (ad *Administration) Explain(ctx context.Context, who Administrator, id UserID) (Explanation, error) {
	var found Explanation
	err := ad.look(ctx, who, ModuleUsers, ActionView, id.String(), func(tx Tx) (err error) {
		found, err = explain(tx, who.Organisation, id, ad.env.instant())
		return err
	})
	if err != nil {
		return Explanation{}, err
	}
	// Of others only those may be named whom the administrator may see.
	found.Lookalikes = slices.DeleteFunc(found.Lookalikes, func(p PersonRef) bool {
		return !who.May(Permission{ModuleUsers, ActionView}, p.ID.String())
	})
	return found, nil
}

// Explain is [Administration.Explain] for the operator, who names the person by id or user name. NotFound.
func (in *Installation) Explain(ctx context.Context, slug, person string) (Explanation, error) {
	var found Explanation
	err := in.store.Read(ctx, func(tx Tx) error {
		o, err := tx.Organisations().BySlug(slug)
		if err != nil {
			return err
		}
		id, err := personNamed(tx, o.ID, person)
		if err != nil {
			return err
		}
		found, err = explain(tx, o.ID, id, in.env.instant())
		return err
	})
	return found, err
}

// personNamed finds a person who is here by id, else by user name. NotFound.
func personNamed(tx Tx, org OrganisationID, person string) (UserID, error) {
	unknown := &Error{Kind: NotFound, Code: CodeNotFound, Field: "user", Message: "there is nobody with this id or user name; see the list of people"}
	if id, ok := ParseID[User](person); ok {
		_, err := tx.Users().Find(org, id)
		if IsKind(err, NotFound) {
			err = unknown
		}
		return id, err
	}
	page, err := tx.Users().Page(Query{Scope: Scope{Organisation: org, Whole: true}, Limit: 1, Where: Compare{
		Attribute: Attribute{Path: Path{Name: "userName"}}, Operator: Equal, Operand: Operand{Value: attribute.NewString(NewName(person).Text)},
	}})
	if err != nil {
		return UserID{}, err
	}
	if len(page.Items) == 0 {
		return UserID{}, unknown
	}
	return page.Items[0].ID, nil
}

// maxLooks is how often a person is looked at anew who changes while being looked at.
const maxLooks = 5

// explain looks until what it has seen is one state: the person's versions are the same before and after.
func explain(tx Tx, org OrganisationID, id UserID, now time.Time) (Explanation, error) {
	for look := 1; ; look++ {
		before, err := versionsOf(tx, org, id)
		if err != nil {
			return Explanation{}, err
		}
		found, err := explainOnce(tx, org, id, now)
		if err != nil {
			return Explanation{}, err
		}
		after, err := versionsOf(tx, org, id)
		if err != nil || before == after {
			return found, err
		}
		if look == maxLooks {
			return Explanation{}, &Error{Kind: Unavailable, Code: CodeUnavailable, Message: "the person changes all the time; ask again in a moment"}
		}
	}
}

// versionsOf are the versions of a person and of what they are given.
func versionsOf(tx Tx, org OrganisationID, id UserID) ([2]int64, error) {
	u, err := tx.Users().Find(org, id)
	if err != nil {
		return [2]int64{}, err
	}
	given, err := tx.Assignments().Of(org, id)
	return [2]int64{u.Version, given.Version}, err
}

func explainOnce(tx Tx, org OrganisationID, id UserID, now time.Time) (Explanation, error) {
	u, err := tx.Users().Find(org, id)
	if err != nil {
		return Explanation{}, err
	}
	tree, err := u.Attributes()
	if err != nil {
		return Explanation{}, err
	}
	u.recall(tree)
	e := Explanation{User: u, At: now}
	dossier, rulings, err := rulingsOf(tx, org, id)
	if err != nil {
		return e, err
	}
	e.Wish = dossier.Wish
	if err := e.admission(tx, dossier, now); err != nil {
		return e, err
	}
	names, err := namesOf(tx, org, rulings)
	if err != nil {
		return e, err
	}
	for _, r := range rulings {
		e.Rulings = append(e.Rulings, explained(r, dossier, names))
	}
	if e.Unmatched, err = unmatched(tx, org, tree); err != nil {
		return e, err
	}
	if e.Lookalikes, err = lookalikes(tx, u); err != nil {
		return e, err
	}
	if e.SignIns, err = signInsOf(tx, org, id); err != nil {
		return e, err
	}
	if err := e.status(tx); err != nil {
		return e, err
	}
	err = e.ruleDecisions(tx)
	return e, err
}

// signInsOf says by what the sign-ins of a person are theirs.
func signInsOf(tx Tx, org OrganisationID, id UserID) ([]ExplainedSignIn, error) {
	identities, err := identitiesOf(tx, org, id)
	list := make([]ExplainedSignIn, len(identities))
	for i, known := range identities {
		list[i] = ExplainedSignIn{Connection: known.ConnectionName, Issuer: known.Issuer, Subject: known.Subject, By: known.LinkedBy, Since: known.LinkedAt}
	}
	return list, err
}

// admission reads whether the person may come in and what they may do.
func (e *Explanation) admission(tx Tx, d Dossier, now time.Time) error {
	org, id := e.User.Organisation, e.User.ID
	found, err := admissionOf(tx, org, id)
	if err != nil {
		return err
	}
	e.Decision = map[AccessMethod]ExplainedDecision{}
	for _, method := range []AccessMethod{ByPassword, BySingleSignOn, BySession} {
		decided := ExplainedDecision{Decision: found.Decide(method, now)}
		for i, other := range found.Hindrances(method, now) {
			if i > 0 {
				decided.Also = append(decided.Also, ExplainedDecision{Decision: other})
			}
		}
		e.Decision[method] = decided
	}
	e.ends = found.Facts.Means.PasswordEndsAt
	e.Window = found.Facts.Window
	if e.Block, _, err = tx.Blocks().Get(org, id); err != nil {
		return err
	}
	a := found.Access
	e.Rights = Rights{
		Owner: a.Owner, Effective: a.Effective(), Profile: a.Profile,
		Granted: a.Granted, GrantedAt: d.Access.GrantedAt, Revoked: a.Revoked, RevokedAt: d.Access.RevokedAt,
	}
	if a.Status == Active {
		e.Rights.Baseline = a.Baseline
	}
	everything := a
	everything.Modules = Objects{All: true}
	e.Rights.OutOfLicence = everything.Effective().Minus(e.Rights.Effective)
	if !a.Owner {
		return nil
	}
	if e.Rights.Ownership, err = ownershipOf(tx, org, id); err != nil {
		return err
	}
	known, err := loadCatalogue(tx, org)
	e.Rights.Effective, e.Rights.OutOfLicence = known.Everything(), nil
	return err
}

// lookalikes are others with an e-mail of the person (rule email.unique).
func lookalikes(tx Tx, u User) ([]PersonRef, error) {
	var terms []Predicate
	for _, e := range u.Emails[:min(len(u.Emails), maxLookedEmails)] {
		terms = append(terms, Compare{
			Attribute: Attribute{Path: Path{Name: "emails", Sub: "value"}, Many: true}, Operator: Equal,
			Operand: Operand{Value: attribute.NewString(e.Address.Text)},
		})
	}
	if len(terms) == 0 {
		return nil, nil
	}
	page, err := tx.Users().Page(Query{
		Scope: Scope{Organisation: u.Organisation, Whole: true}, Where: Or{Terms: terms}, Limit: maxLookalikes + 1,
	})
	var others []PersonRef
	for _, other := range page.Items {
		if other.ID != u.ID && len(others) < maxLookalikes {
			others = append(others, PersonRef{ID: other.ID, Display: other.Display()})
		}
	}
	return others, err
}
