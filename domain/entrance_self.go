package domain

import (
	"context"
	"strings"
	"time"

	"usher/domain/attribute"
)

// Self is somebody who is signed in, as they see themselves.
type Self struct {
	Session      Session
	Organisation Organisation
	User         User // without groups and manager
	Fields       Fields
	Zone         Zone // in which the person is told times
	Role         string
	Profile      string
	Team         string // the names of what they have; empty: none

	PasswordSetAt     time.Time // zero: they have none
	PasswordExpiresAt time.Time // zero: it does not
}

// Self reads who is signed in. As Verify.
func (e *Entrance) Self(ctx context.Context, token string) (Self, error) {
	p, err := e.Verify(ctx, token)
	if err != nil {
		return Self{}, err
	}
	s := Self{Session: p.Session}
	org, user := p.Session.Organisation, p.Session.User
	err = e.store.Read(ctx, func(tx Tx) (err error) {
		if s.Organisation, err = tx.Organisations().Get(org); err != nil {
			return err
		}
		if s.User, err = tx.Users().Find(org, user); err != nil {
			return err
		}
		tree, err := s.User.Attributes()
		if err != nil {
			return err
		}
		window, err := tx.Windows().Get(org, user)
		if err != nil {
			return err
		}
		s.User.recall(tree)
		s.Fields, s.Zone = FieldsOf(tree), zoneOf(window, tree)
		if err := s.given(tx); err != nil {
			return err
		}
		policy, err := tx.Policies().Get(org)
		if err != nil {
			return err
		}
		held, _, err := tx.SignIns().Get(org, user)
		s.PasswordSetAt, s.PasswordExpiresAt = held.PasswordSetAt, held.expires(policy)
		if held.Password == "" {
			s.PasswordSetAt = time.Time{}
		}
		return err
	})
	return s, err
}

// given reads the names of what somebody was given.
func (s *Self) given(tx Tx) error {
	org := s.Organisation.ID
	access, err := tx.Assignments().Of(org, s.User.ID)
	if err != nil {
		return err
	}
	defaults, err := tx.Assignments().Defaults(org)
	if err != nil {
		return err
	}
	access = access.With(defaults)
	if s.Role, err = nameOf(tx.Roles(), org, access.Role.ID, func(r Role) Name { return r.Name }); err != nil {
		return err
	}
	if s.Profile, err = nameOf(tx.Profiles(), org, access.Profile.ID, func(p Profile) Name { return p.Name }); err != nil {
		return err
	}
	s.Team, err = nameOf(tx.Teams(), org, access.Team.ID, func(t Team) Name { return t.Name })
	return err
}

// nameOf is the name of an entry; empty for none.
func nameOf[Noun any](entries Entries[Noun], org OrganisationID, id ID[Noun], name func(Noun) Name) (string, error) {
	if id.IsZero() {
		return "", nil
	}
	noun, err := entries.Get(org, id)
	if IsKind(err, NotFound) {
		return "", nil
	}
	return name(noun).Text, err
}

// zoneOf is the zone in which somebody is told times: that of their access window, else their own.
func zoneOf(w Window, tree attribute.Value) Zone {
	if !w.IsZero() {
		return w.Zone
	}
	zone, err := ParseZone(FieldsOf(tree).TimeZone)
	if err != nil {
		return Zone{}
	}
	return zone
}

// Location is the zone for package time.
func (z Zone) Location() *time.Location { return z.local() }

// ChooseLanguage changes the language of somebody who is signed in, as their directory or an administrator would. As
// Verify; Invalid.
func (e *Entrance) ChooseLanguage(ctx context.Context, token, language string, v Visitor) error {
	p, err := e.Verify(ctx, token)
	if err != nil {
		return err
	}
	change, err := FieldChange{Language: &language}.parsed()
	if err != nil {
		return err
	}
	now := e.env.instant()
	return e.store.Write(ctx, func(tx Tx) error {
		was, err := tx.Users().Find(p.Session.Organisation, p.Session.User)
		if err != nil {
			return err
		}
		before, err := was.Attributes()
		if err != nil {
			return err
		}
		if speaks(FieldsOf(before).Language, language) {
			return nil
		}
		was.recall(before)
		is, after := was, before
		change.apply(&after)
		if err := is.describe(after); err != nil {
			return err
		}
		is.Version, is.ModifiedAt = was.Version+1, later(now, was.ModifiedAt)
		if err := tx.Users().Save(was, is); err != nil {
			return err
		}
		event, err := e.scribe(is.Organisation, self(is.ID), v).event(UserUpdated, is.ID, now)
		if err != nil {
			return err
		}
		event.Before, event.After = attribute.Diff(before, after)
		return tx.Events().Append(event)
	})
}

// speaks reports whether a tag (es-MX) is of a language (es) already.
func speaks(tag, language string) bool {
	primary, _, _ := strings.Cut(tag, "-")
	return strings.EqualFold(primary, language)
}
