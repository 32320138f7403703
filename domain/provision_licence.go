package domain

import (
	"slices"

	"usher/domain/attribute"
)

// relicense gives somebody whom a directory activates the licence that they are to have by what it says in the same breath,
// so that the seat they take is of that one (rules activate.seat, seat.type-change). Where it says nothing else than before
// nothing is read. Invalid, Forbidden as for stating.
func (c *changing) relicense() error {
	was, is := c.before.Get(URNUsher).Get("licence"), c.after.Get(URNUsher).Get("licence")
	byExtension := !attribute.Equal(was, is)
	byRoles := !sameRoles(c.before, c.after)
	if !byExtension && !byRoles {
		return nil
	}
	org := c.is.Organisation
	if err := c.tx.Assignments().Lock(org); err != nil { // what is decided here holds when it is carried out
		return err
	}
	dossiers, err := c.tx.Dossiers().Read(org, []UserID{c.is.ID}, false)
	if err != nil || len(dossiers) == 0 {
		return err
	}
	j, err := judgeOf(c.tx, org, dossiers)
	if err != nil {
		return err
	}
	dossier := dossiers[0]
	if byExtension {
		says := extensionClaims{tx: c.tx, org: org, limits: j.limits[dossier.Connection]}
		if err := says.read("licence", GivenSeat, is); err != nil {
			return err
		}
		dossier.license(SourceExtension, says.claims)
	}
	if byRoles {
		claims, err := claimedBy(c.tx, org, c.after)
		if err != nil {
			return err
		}
		dossier.license(SourceRoles, claims)
	}
	licence := j.settle(dossier, c.now).licence
	if licence == c.is.Licence {
		return nil
	}
	c.is.Licence = licence
	return c.tx.Seats().Share(org, licence)
}

// license makes what a source claims now of somebody's licence what counts, in place of what it claimed before.
func (d *Dossier) license(source Source, said []Claim) {
	d.Claims = slices.DeleteFunc(d.Claims, func(c Claim) bool { return c.Kind == GivenSeat && c.Source == source })
	for _, c := range said {
		if c.Source = source; c.Kind == GivenSeat {
			d.Claims = append(d.Claims, c)
		}
	}
}
