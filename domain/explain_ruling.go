package domain

import (
	"slices"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// The rules that decide what a person is given, as Explain names them.
const (
	RulePrecedence = "mapping.precedence"
	RuleDefaults   = "provision.defaults"
	RuleNobody     = "nobody decided"
)

// explained puts names to a ruling.
func explained(r Ruling, d Dossier, names map[uuid.UUID]string) ExplainedRuling {
	e := ExplainedRuling{Ruling: r, Names: names, Rule: RuleNobody, Labels: lossWords()}
	switch {
	case r.Won && r.Winner.Source == SourceDefault:
		e.Rule = RuleDefaults
	case r.Won:
		e.Rule = RulePrecedence
	case r.Kind == GivenSeat:
		e.Rule = RuleDefaults // licence full
	}
	switch {
	case r.Kind == GivenSeat: // what is held, which may wait for another
		e.Object = &ExplainedRulingThing{Name: d.Access.Licence}
	case r.Won && r.Winner.Object != uuid.Nil:
		e.Object = &ExplainedRulingThing{ID: r.Winner.Object, Name: names[r.Winner.Object]}
	}
	return e
}

// lossWords say why a candidate did not win.
func lossWords() map[Loss]string {
	return map[Loss]string{
		LostOutranked: "something stronger, of a higher priority, or older says otherwise",
		LostLimits:    "the connection of the person may not give it; an administrator can widen its limits",
		LostOwner:     "an owner's licence is not simulator",
		LostInactive:  "who is inactive is in no queue",
		LostUnmatched: "nothing here is called so",
	}
}

// namesOf reads the names of all that some rulings are about.
func namesOf(tx Tx, org OrganisationID, rulings []Ruling) (map[uuid.UUID]string, error) {
	names, groups := map[uuid.UUID]string{}, map[GroupID]bool{}
	kinds := map[GivenKind]bool{}
	for _, r := range rulings {
		for _, c := range append(slices.Clone(r.Losers), r.Winner) {
			kinds[r.Kind] = kinds[r.Kind] || c.Object != uuid.Nil
			if !c.Group.IsZero() {
				groups[c.Group] = true
			}
		}
	}
	all := extensionClaims{tx: tx, org: org}
	for kind := range kinds {
		if kind == GivenSeat || !kinds[kind] {
			continue
		}
		list, err := all.here(kind)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			names[c.Object] = c.Text
		}
	}
	for id := range groups {
		g, err := tx.Groups().Get(Scope{Organisation: org, Whole: true}, id)
		if IsKind(err, NotFound) {
			continue // it went a moment ago
		}
		if err != nil {
			return nil, err
		}
		names[id.UUID] = g.DisplayName.Text
	}
	return names, nil
}

// status says why the person has their status.
func (e *Explanation) status(tx Tx) error {
	u := e.User
	org := u.Organisation
	reason := StatusReason{Status: u.Status, Source: SourceAdministrator}
	if !u.Connection.IsZero() {
		reason.Source, reason.By = SourceDirectory, Actor{Kind: "connection", ID: u.Connection.UUID}
	}
	place, waits, err := tx.Waiting().Get(org, u.ID)
	if err != nil {
		return err
	}
	e.Waiting = place
	suspension, suspended, err := tx.Suspensions().Get(org, u.ID)
	if err != nil {
		return err
	}
	switch {
	case u.Status == Inactive && suspended:
		reason.Rule, reason.Source, reason.By, reason.Since = "suspend.sticks", SourceAdministrator, suspension.By, suspension.Since
		reason.Reason = "an administrator deactivated the person, and no directory brings them back unless the policy says so"
	case u.Status == Inactive && reason.Source == SourceDirectory:
		reason.Rule, reason.Reason = "scim.active", "the directory says that the person is not active"
	case u.Status == Inactive:
		reason.Rule, reason.Reason = "activate.seat", "an administrator has not activated the person yet"
	case waits:
		reason.Rule, reason.Since = "seat.wait", e.Waiting.Since
		reason.Reason = "the person waits for a free seat of the licence " + e.Waiting.Licence
		if e.Line, err = tx.Waiting().Ahead(e.Waiting); err != nil {
			return err
		}
		e.Line++
	case u.Status == Pending:
		reason.Rule, reason.Reason, reason.Since = "invite.mail", "the person has not accepted the invitation, and no administrator has confirmed them", u.CreatedAt
		if reason.Source == SourceDirectory {
			reason.Rule, reason.Reason = "provision.activation", "the connection makes people active when they first come in"
		}
	default:
		reason.Rule, reason.Since = "provision.activation", u.AcceptedAt
		reason.Reason = "the person came in, or the connection makes people active at once"
		if reason.Source == SourceAdministrator {
			reason.Rule, reason.Reason = "invite.accept", "the person accepted the invitation, or an administrator confirmed them"
		}
	}
	e.Status = reason
	return nil
}

// unmatched are the values of SCIM roles and entitlements that grant nothing, and why.
func unmatched(tx Tx, org OrganisationID, tree attribute.Value) ([]Unmatched, error) {
	var list []Unmatched
	for _, name := range []string{"roles", "entitlements"} {
		values := tree.Get(name)
		if values.Len() == 0 {
			continue
		}
		named, err := namedBy(tx, org, name, values)
		if err != nil {
			return nil, err
		}
		for _, n := range named {
			if n.reason != "" {
				list = append(list, Unmatched{Attribute: name, Value: n.value, Reason: n.reason})
			}
		}
	}
	return list, nil
}
