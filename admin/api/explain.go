package api

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"usher/domain"
)

// explanation is why a person is as they are.
type explanation struct {
	At         time.Time       `json:"at" doc:"The moment of which this tells."`
	UserID     string          `json:"user_id" format:"uuid"`
	Name       string          `json:"display_name"`
	Status     statusReason    `json:"status"`
	Role       ruling          `json:"role"`
	Profile    ruling          `json:"profile"`
	Team       ruling          `json:"team"`
	Queues     []ruling        `json:"queues" nullable:"false" doc:"Every queue that anything names, whether or not the person is in it."`
	Licence    ruling          `json:"licence"`
	Rights     rights          `json:"permissions"`
	SignIn     signInNow       `json:"sign_in"`
	Unmatched  []unmatched     `json:"unmatched" nullable:"false" doc:"Values of SCIM roles and entitlements that grant nothing."`
	Lookalikes []relative      `json:"perhaps_one_person" nullable:"false" doc:"Others who have an e-mail of this person."`
	Wish       *licenceWish    `json:"licence_wanted" doc:"A licence that is decided and has no free seat; null: none."`
	Waiting    *placeInTheLine `json:"waiting" doc:"null: the person is not in line for a seat."`
}

type statusReason struct {
	Status string      `json:"status" enum:"pending,active,inactive"`
	Rule   string      `json:"rule" doc:"The rule by which it is so." example:"suspend.sticks"`
	Source string      `json:"source" enum:"administrator,directory,person" doc:"person: by coming, or by accepting the invitation."`
	By     participant `json:"by" doc:"Who made it so; a null id: the operator of the service, the service itself, or not known."`
	Since  *time.Time  `json:"since" doc:"null: not known."`
	Reason string      `json:"reason"`
}

// ruling is what a person has of a kind, and what decided it.
type ruling struct {
	ID     *string     `json:"id" doc:"Of what the person has; null: nothing, or a licence."`
	Name   *string     `json:"name" doc:"null: the person has nothing of the kind."`
	Rule   string      `json:"rule" doc:"The rule that decided." example:"mapping.precedence"`
	Winner *candidate  `json:"winner" doc:"null: nobody has decided, or nothing that was said holds."`
	Losers []candidate `json:"losers" nullable:"false" doc:"What else was said, the strongest first."`
}

// candidate is one thing that was said about what a person is to have.
type candidate struct {
	ID       *string    `json:"id" doc:"Of what it names; null: none, a licence, or nothing that is here."`
	Name     *string    `json:"name" doc:"null: that the person is to have none."`
	Source   string     `json:"source" enum:"administrator,extension,roles,mapping,default"`
	Locked   bool       `json:"locked"`
	Claimed  bool       `json:"claimed" doc:"The person is in the mapping's group by the claims of their last sign-in, and not as the directory has it."`
	Mapping  *string    `json:"mapping_id"`
	Group    *named     `json:"group" doc:"Whose mapping it is."`
	Priority *int       `json:"priority" doc:"Of the mapping: the lowest wins."`
	Since    *time.Time `json:"since"`
	Lost     *string    `json:"lost" enum:"outranked,limits,owner_licence,inactive,unmatched" doc:"null: it won."`
	Reason   *string    `json:"reason" doc:"Why it lost, in words."`
}

// rights is what a person may do, and what it is put together from.
type rights struct {
	Owner        bool        `json:"owner" doc:"A system owner, who may do everything."`
	Ownership    *owned      `json:"ownership" doc:"Since when, and who made them one; null: no owner, or it was not noted."`
	Effective    permissions `json:"effective" doc:"What they hold. Who is inactive or may not come in does nothing with it, which status and sign_in say."`
	Profile      permissions `json:"profile"`
	Baseline     permissions `json:"baseline" doc:"Of the profiles that everybody active has; empty where the person is not active."`
	Granted      permissions `json:"granted"`
	GrantedAt    *time.Time  `json:"granted_at" doc:"When an administrator changed them last; null: never, or it was not noted."`
	Revoked      permissions `json:"revoked"`
	RevokedAt    *time.Time  `json:"revoked_at" doc:"When an administrator changed them last; null: never, or it was not noted."`
	OutOfLicence permissions `json:"out_of_licence" doc:"What the licence does not reach."`
}

// signInNow is whether the person could come in at this moment.
type signInNow struct {
	Password     explainedDecision `json:"password"`
	SingleSignOn explainedDecision `json:"single_sign_on"`
	Session      explainedDecision `json:"session"`
	Block        *block            `json:"block"`

	Identities []linkedIdentity `json:"identities" nullable:"false" doc:"Sign-ins of identity providers that are the person's, and how they came to be, the oldest first."`
	Window     window           `json:"window"`
}

// explainedDecision is a decision about access with what it rests on.
type explainedDecision struct {
	Decision
	Basis

	Also []hindrance `json:"also" nullable:"false" doc:"What else is in the way, in the order in which it would be told when what is before it is gone."`
}

// Basis is by what something keeps a person out, or nothing does.
type Basis struct {
	Rule  string       `json:"rule" doc:"The rule by which it is so." example:"block.inactivity"`
	By    *participant `json:"by" doc:"Whose doing it is, as of a block or a status; null: nobody's."`
	Since *time.Time   `json:"since" doc:"null: always, or for no known time."`
}

// hindrance is something that keeps a person out.
type hindrance struct {
	Reason      string     `json:"reason" doc:"One stable word."`
	Sentence    string     `json:"sentence" doc:"For the person."`
	Remedy      string     `json:"remedy" doc:"What would change it, and who can."`
	NextOpening *time.Time `json:"next_opening" doc:"When it passes by itself; null: it does not."`
	Basis
}

type linkedIdentity struct {
	Connection string    `json:"connection" doc:"Its name."`
	Issuer     string    `json:"issuer"`
	Subject    string    `json:"subject"`
	By         string    `json:"by" enum:"external_id,invitation,email,just_in_time" doc:"How the person was found when it came for the first time, or made."`
	Since      time.Time `json:"since"`
}

type unmatched struct {
	Attribute string `json:"attribute" enum:"roles,entitlements"`
	Value     string `json:"value"`
	Reason    string `json:"reason"`
}

type licenceWish struct {
	Licence string    `json:"licence"`
	Since   time.Time `json:"since"`
}

type placeInTheLine struct {
	Licence string    `json:"licence"`
	Since   time.Time `json:"since"`
	Place   int       `json:"place" doc:"1 is next."`
}

func (s *service) addExplain() {
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}/explain", id: "explain-user", tag: "Access", summary: "Explain why a person is as they are",
		description: "For status, role, profile, team, queues, licence, permissions and sign-in: the rule that decided, who said so, since when, and what else was said and why it lost.",
		needs:       "users:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*plain[explanation], error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		e, err := s.Administration.Explain(ctx, who, id)
		if err != nil {
			return nil, err
		}
		return &plain[explanation]{Body: showExplanation(e)}, nil
	})
}

func showExplanation(e domain.Explanation) explanation {
	shown := explanation{
		At: e.At, UserID: e.User.ID.String(), Name: e.User.Display(),
		Status: statusReason{
			Status: string(e.Status.Status), Rule: e.Status.Rule, Source: string(e.Status.Source),
			By: participant{e.Status.By.Kind, idOrNil(e.Status.By.ID)}, Since: moment(e.Status.Since), Reason: e.Status.Reason,
		},
		Rights: rights{
			Owner: e.Rights.Owner, Ownership: showOwnership(e.Rights.Ownership), Effective: showPermissions(e.Rights.Effective), Profile: showPermissions(e.Rights.Profile),
			Baseline: showPermissions(e.Rights.Baseline), Granted: showPermissions(e.Rights.Granted), GrantedAt: moment(e.Rights.GrantedAt),
			Revoked: showPermissions(e.Rights.Revoked), RevokedAt: moment(e.Rights.RevokedAt), OutOfLicence: showPermissions(e.Rights.OutOfLicence),
		},
		SignIn: signInNow{
			Password: explainDecision(e.Decision[domain.ByPassword]), SingleSignOn: explainDecision(e.Decision[domain.BySingleSignOn]),
			Session: explainDecision(e.Decision[domain.BySession]), Block: showBlock(e.Block), Window: showWindow(e.Window),
		},
		Queues: []ruling{}, Unmatched: []unmatched{}, Lookalikes: []relative{},
	}
	for _, r := range e.Rulings {
		switch of := showRuling(r); r.Kind {
		case domain.GivenRole:
			shown.Role = of
		case domain.GivenProfile:
			shown.Profile = of
		case domain.GivenTeam:
			shown.Team = of
		case domain.GivenSeat:
			shown.Licence = of
		case domain.GivenQueue:
			shown.Queues = append(shown.Queues, of)
		}
	}
	shown.SignIn.Identities = []linkedIdentity{}
	for _, i := range e.SignIns {
		shown.SignIn.Identities = append(shown.SignIn.Identities, linkedIdentity{i.Connection, i.Issuer, i.Subject, string(i.By), i.Since})
	}
	for _, u := range e.Unmatched {
		shown.Unmatched = append(shown.Unmatched, unmatched(u))
	}
	for _, p := range e.Lookalikes {
		shown.Lookalikes = append(shown.Lookalikes, relative{ID: p.ID.String(), Name: p.Display})
	}
	if e.Wish.Licence != "" {
		shown.Wish = &licenceWish{Licence: e.Wish.Licence, Since: e.Wish.Since}
	}
	if e.Line > 0 {
		shown.Waiting = &placeInTheLine{Licence: e.Waiting.Licence, Since: e.Waiting.Since, Place: e.Line}
	}
	return shown
}

func showDecision(d domain.Decision) Decision {
	return Decision{
		Allowed: d.Allowed, Reason: orNil(d.Reason), Sentence: orNil(d.Sentence), Remedy: orNil(d.Remedy), NextOpening: moment(d.NextOpening),
	}
}

func explainDecision(d domain.ExplainedDecision) explainedDecision {
	shown := explainedDecision{Decision: showDecision(d.Decision), Basis: showBasis(d), Also: []hindrance{}}
	for _, other := range d.Also {
		shown.Also = append(shown.Also, hindrance{other.Reason, other.Sentence, other.Remedy, moment(other.NextOpening), showBasis(other)})
	}
	return shown
}

func showBasis(d domain.ExplainedDecision) Basis {
	shown := Basis{Rule: d.Rule, Since: moment(d.Since)}
	if d.By.Kind != "" {
		shown.By = &participant{d.By.Kind, idOrNil(d.By.ID)}
	}
	return shown
}

func showRuling(r domain.ExplainedRuling) ruling {
	shown := ruling{Rule: r.Rule, Losers: []candidate{}}
	if r.Object != nil {
		shown.ID, shown.Name = idOrNil(r.Object.ID), orNil(r.Object.Name)
	}
	if r.Won {
		w := showCandidate(r, r.Winner)
		shown.Winner = &w
	}
	for _, c := range r.Losers {
		shown.Losers = append(shown.Losers, showCandidate(r, c))
	}
	return shown
}

func showCandidate(r domain.ExplainedRuling, c domain.Candidate) candidate {
	shown := candidate{
		ID: idOrNil(c.Object), Name: orNil(c.Text), Source: string(c.Source), Locked: c.Locked, Claimed: c.Claimed, Since: moment(c.At),
		Lost: orNil(string(c.Lost)), Reason: orNil(r.Labels[c.Lost]),
	}
	if c.Object != uuid.Nil {
		shown.Name = orNil(r.Names[c.Object])
	}
	if !c.Mapping.IsZero() {
		id, priority := c.Mapping.String(), c.Priority
		shown.Mapping, shown.Priority = &id, &priority
		shown.Group = &named{ID: c.Group.String(), Name: r.Names[c.Group.UUID]}
	}
	return shown
}
