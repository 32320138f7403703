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
