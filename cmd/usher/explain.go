package main

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"usher/domain"
)

type explainCommand struct {
	Org  string `required:"" placeholder:"SLUG" help:"The organisation."`
	User string `required:"" placeholder:"PERSON" help:"The person's id or user name."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (explainCommand) Help() string {
	return `Says of a person's status, role, profile, team, queues, licence and sign-in which rule decided it, who said so and since when, and what else was said and why it lost.

Examples:

  usher explain --org acme --user ana@acme.test
  usher explain --org acme --user ana@acme.test --json`
}

// shownExplanation is an explanation as JSON.
type shownExplanation struct {
	Organisation string           `json:"organisation"`
	UserID       string           `json:"user_id"`
	UserName     string           `json:"user_name"`
	Status       shownStatus      `json:"status"`
	Decided      []shownRuling    `json:"decided"`
	SignIn       []shownDecision  `json:"sign_in"`
	Permissions  []string         `json:"permissions"`
	Granted      shownOwn         `json:"granted"`
	Revoked      shownOwn         `json:"revoked"`
	Owner        bool             `json:"owner"`
	Ownership    *shownOwnership  `json:"ownership"`
	Unmatched    []shownUnmatched `json:"unmatched"`
	Lookalikes   []shownLookalike `json:"perhaps_one_person"`
	Wanted       *string          `json:"licence_wanted"`
	PlaceInLine  *int             `json:"place_in_line"`
}

type shownStatus struct {
	Status string     `json:"status"`
	Rule   string     `json:"rule"`
	Source string     `json:"source"`
	By     shownActor `json:"by"`
	Since  *string    `json:"since"`
	Reason string     `json:"reason"`
}

// shownOwnership is since when somebody is an owner, and who made them one; null: they are none, or it was not noted.
type shownOwnership struct {
	Since *string    `json:"since"`
	By    shownActor `json:"by"`
}

func showOwnership(o domain.Ownership) *shownOwnership {
	if o.Since.IsZero() {
		return nil
	}
	return &shownOwnership{moment(o.Since), showActor(o.By)}
}

type shownActor struct {
	Kind string  `json:"kind"`
	ID   *string `json:"id"`
}

type shownRuling struct {
	Kind   string           `json:"kind"`
	Name   *string          `json:"name"`
	Rule   string           `json:"rule"`
	Winner *shownCandidate  `json:"winner"`
	Losers []shownCandidate `json:"losers"`
}

type shownCandidate struct {
	Name   *string `json:"name"`
	Source string  `json:"source"`
	Group  *string `json:"group"`
	Locked bool    `json:"locked"`
	Since  *string `json:"since"`
	Lost   *string `json:"lost"`
}

// shownOwn are permissions that somebody was granted, or from whom they were revoked, beside the profile.
type shownOwn struct {
	Permissions []string `json:"permissions"`
	ChangedAt   *string  `json:"changed_at"`
}

type shownDecision struct {
	Method  string           `json:"method"`
	Allowed bool             `json:"allowed"`
	Reason  *string          `json:"reason"`
	Remedy  *string          `json:"remedy"`
	Rule    string           `json:"rule"`
	By      shownActor       `json:"by"`
	Since   *string          `json:"since"`
	Also    []shownHindrance `json:"also"`
}

// shownHindrance is something else that keeps a person out.
type shownHindrance struct {
	Reason string     `json:"reason"`
	Remedy string     `json:"remedy"`
	Rule   string     `json:"rule"`
	By     shownActor `json:"by"`
	Since  *string    `json:"since"`
}

type shownUnmatched struct {
	Attribute string `json:"attribute"`
	Value     string `json:"value"`
	Reason    string `json:"reason"`
}

type shownLookalike struct {
	ID   string `json:"id"`
	Name string `json:"display_name"`
}

// Run explains.
func (c *explainCommand) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		e, err := in.Explain(ctx, c.Org, c.User)
		if err != nil {
			return err
		}
		return c.print(p, c.show(e), func() string { return explainText(e) })
	})
}

func (c *explainCommand) show(e domain.Explanation) shownExplanation {
	shown := shownExplanation{
		Organisation: c.Org, UserID: e.User.ID.String(), UserName: e.User.UserName.Text, Owner: e.Rights.Owner,
		Ownership: showOwnership(e.Rights.Ownership),
		Status: shownStatus{
			Status: string(e.Status.Status), Rule: e.Status.Rule, Source: string(e.Status.Source), By: showActor(e.Status.By),
			Since: moment(e.Status.Since), Reason: e.Status.Reason,
		},
		Decided: []shownRuling{}, Permissions: permissionNames(e.Rights.Effective),
		Granted:   shownOwn{permissionNames(e.Rights.Granted), moment(e.Rights.GrantedAt)},
		Revoked:   shownOwn{permissionNames(e.Rights.Revoked), moment(e.Rights.RevokedAt)},
		Unmatched: []shownUnmatched{}, Lookalikes: []shownLookalike{},
		Wanted: orNull(e.Wish.Licence),
	}
	for _, r := range e.Rulings {
		shown.Decided = append(shown.Decided, showRuling(r))
	}
	for _, method := range methods() {
		shown.SignIn = append(shown.SignIn, showDecision(method, e.Decision[method]))
	}
	for _, u := range e.Unmatched {
		shown.Unmatched = append(shown.Unmatched, shownUnmatched(u))
	}
	for _, o := range e.Lookalikes {
		shown.Lookalikes = append(shown.Lookalikes, shownLookalike{o.ID.String(), o.Display})
	}
	if e.Line > 0 {
		shown.PlaceInLine = &e.Line
	}
	return shown
}

func showDecision(method domain.AccessMethod, d domain.ExplainedDecision) shownDecision {
	shown := shownDecision{
		string(method), d.Allowed, orNull(d.Reason), orNull(d.Remedy), d.Rule, showActor(d.By), moment(d.Since), []shownHindrance{},
	}
	for _, other := range d.Also {
		shown.Also = append(shown.Also, shownHindrance{other.Reason, other.Remedy, other.Rule, showActor(other.By), moment(other.Since)})
	}
	return shown
}

func permissionNames(p domain.Permissions) []string {
	names := []string{}
	for _, m := range p.Tree().Members() {
		names = append(names, m.Name)
	}
	return names
}

func showActor(by domain.Actor) shownActor {
	if by.ID == uuid.Nil {
		return shownActor{Kind: by.Kind}
	}
	id := by.ID.String()
	return shownActor{Kind: by.Kind, ID: &id}
}

func methods() []domain.AccessMethod {
	return []domain.AccessMethod{domain.ByPassword, domain.BySingleSignOn, domain.BySession}
}

func showRuling(r domain.ExplainedRuling) shownRuling {
	shown := shownRuling{Kind: string(r.Kind), Rule: r.Rule, Losers: []shownCandidate{}}
	if r.Object != nil {
		shown.Name = orNull(r.Object.Name)
	}
	candidate := func(c domain.Candidate) shownCandidate {
		return shownCandidate{
			Name: orNull(nameOf(r, c)), Source: string(c.Source), Group: orNull(r.Names[c.Group.UUID]), Locked: c.Locked,
			Since: moment(c.At), Lost: orNull(string(c.Lost)),
		}
	}
	if r.Won {
		winner := candidate(r.Winner)
		shown.Winner = &winner
	}
	for _, c := range r.Losers {
		shown.Losers = append(shown.Losers, candidate(c))
	}
	return shown
}

// nameOf is what a candidate names; empty: that the person has none.
func nameOf(r domain.ExplainedRuling, c domain.Candidate) string {
	if c.Object == uuid.Nil {
		return c.Text
	}
	return r.Names[c.Object]
}

// explainText is an explanation for people.
func explainText(e domain.Explanation) string {
	var b strings.Builder
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format, args...) }
	say("%s (%s)\n", visible(e.User.Display()), e.User.ID)
	say("status: %s, because %s (%s%s%s)\n", e.Status.Status, e.Status.Reason, e.Status.Rule, by(e.Status.By), since(e.Status.Since))
	if e.Line > 0 {
		say("  place in the line for a seat: %d\n", e.Line)
	}
	for _, r := range e.Rulings {
		has := "none"
		if r.Object != nil {
			has = visible(r.Object.Name)
		}
		say("%s: %s (%s%s)\n", r.Kind, has, r.Rule, winnerText(r))
		for _, c := range r.Losers {
			say("  not %s: %s, by %s%s%s\n", visible(dash(nameOf(r, c))), r.Labels[c.Lost], c.Source, groupText(r, c), since(c.At))
		}
	}
	if e.Wish.Licence != "" {
		say("licence wanted, without a free seat: %s%s\n", e.Wish.Licence, since(e.Wish.Since))
	}
	for _, method := range methods() {
		if d := e.Decision[method]; d.Allowed {
			say("by %s: may come in\n", method)
		} else {
			say("by %s: may not come in: %s\n", method, hindranceText(d))
			for _, other := range d.Also {
				say("  and besides: %s\n", hindranceText(other))
			}
		}
	}
	if e.Rights.Owner {
		say("permissions: everything, as a system owner%s%s\n", by(e.Rights.Ownership.By), since(e.Rights.Ownership.Since))
	} else {
		say("permissions: %d\n", e.Rights.Effective.Tree().Len())
	}
	say("%s%s", ownText("granted beside the profile", e.Rights.Granted, e.Rights.GrantedAt), ownText("revoked in spite of the profile", e.Rights.Revoked, e.Rights.RevokedAt))
	for _, u := range e.Unmatched {
		say("%s %q grants nothing: %s\n", u.Attribute, u.Value, u.Reason)
	}
	for _, o := range e.Lookalikes {
		say("perhaps one person with %s (%s)\n", visible(o.Display), o.ID)
	}
	return b.String()
}

func hindranceText(d domain.ExplainedDecision) string {
	return fmt.Sprintf("%s (%s%s%s); what changes it: %s", d.Sentence, d.Rule, by(d.By), since(d.Since), d.Remedy)
}

// ownText tells of permissions beside the profile; nothing where there are none.
func ownText(what string, p domain.Permissions, changed time.Time) string {
	names := permissionNames(p)
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("  %s: %s%s\n", what, strings.Join(names, ", "), since(changed))
}

// visible is a text that others have chosen, so that a terminal shows it and does nothing else.
func visible(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return unicode.ReplacementChar
		}
		return c
	}, text)
}

func winnerText(r domain.ExplainedRuling) string {
	if !r.Won {
		return ""
	}
	text := ", by " + string(r.Winner.Source) + groupText(r, r.Winner)
	if r.Winner.Locked {
		text += ", locked"
	}
	return text + since(r.Winner.At)
}

func groupText(r domain.ExplainedRuling, c domain.Candidate) string {
	if c.Group.IsZero() {
		return ""
	}
	text := " of the group " + visible(r.Names[c.Group.UUID])
	if c.Claimed {
		text += ", which a sign-in claims"
	}
	return text
}

// by is whose doing something is.
func by(who domain.Actor) string {
	switch {
	case who.Kind == "":
		return ""
	case who.ID == uuid.Nil:
		return ", by the " + who.Kind
	}
	return ", by the " + strings.ReplaceAll(who.Kind, "_", " ") + " " + who.ID.String()
}

func since(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return ", since " + orDash(at)
}

func dash(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
