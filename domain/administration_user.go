package domain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"usher/domain/attribute"
)

// NewPerson describes somebody to be added by hand.
type NewPerson struct {
	GivenName, FamilyName string // both needed unless FullName is given
	FullName              string
	Email                 string
	UserName              string // empty: the e-mail
	Title                 string
	Role                  RoleID
	Profile               ProfileID // zero: none
	Team                  TeamID    // zero: none
	Queues                []QueueID
	Licence               string // empty: full
	Fields                FieldChange
	Disabled              bool // begins inactive, without a seat

	// TemporaryPassword is one to sign in by until the invitation ends, and to be changed then at once; empty: none. Rule
	// password.policy applies.
	TemporaryPassword string
}

const maxPersonText = 256 // characters of a name that is typed in

// Add adds a person by hand: pending, with a seat and an invitation, or inactive where the description says so (rules user.required,
// email.unique, seat.required, invite.mail, user.extension-auto). The role shows no more than the administrator sees, and the profile
// permits no more than they hold (rule owner.escalation). Needs users:create. Invalid, UserNameTaken, EmailTaken,
// ExtensionTaken, SeatsExhausted, Forbidden.
func (ad *Administration) Add(ctx context.Context, who Administrator, person NewPerson) (User, error) {
	var err error
	if person.Fields, err = person.Fields.parsed(); err != nil {
		return User{}, err
	}
	email, tree, err := person.tree()
	if err != nil {
		return User{}, err
	}
	id, err := newID[User](ad.env)
	if err != nil {
		return User{}, err
	}
	temporary, err := ad.temporary(person)
	if err != nil {
		return User{}, err
	}
	var made User
	add := func(tx Tx, now time.Time) error {
		made = person.user(who.Organisation, id, now)
		if err := tx.Assignments().Lock(who.Organisation); err != nil {
			return err
		}
		described := tree
		managed, err := person.Fields.manage(tx, who, made, &described)
		if err != nil {
			return err
		}
		if err := person.complete(tx, &made, described); err != nil {
			return err
		}
		if err := ad.insert(tx, who, made, email); err != nil {
			return err
		}
		if made, err = managed.chosen(tx, made); err != nil {
			return err
		}
		if c := person.Fields.Communication; c != nil && !c.IsZero() {
			if err := tx.UserFields().PutCommunication(who.Organisation, id, *c); err != nil {
				return err
			}
		}
		was, err := tx.Assignments().Of(who.Organisation, id)
		if err != nil {
			return err
		}
		if _, err = ad.assign(tx, who, was, person.access(), now); err != nil {
			return err
		}
		return ad.greet(tx, who, made, temporary, now)
	}
	err = handingOut(person.extension(), func() error { return ad.change(ctx, who, ModuleUsers, ActionCreate, "", add) })
	if err != nil {
		return User{}, err
	}
	return made, nil
}

// user is the person of a description before anything is known of them.
func (p NewPerson) user(org OrganisationID, id UserID, now time.Time) User {
	u := User{
		ID: id, Organisation: org, Licence: cmp.Or(p.Licence, LicenceFull), Status: Pending, Version: 1, CreatedAt: now, ModifiedAt: now,
	}
	if p.Disabled {
		u.Status = Inactive
	}
	return u
}

// complete describes the person by the attributes and by what the organisation's policy adds or demands.
func (p NewPerson) complete(tx Tx, u *User, tree attribute.Value) error {
	policy, err := tx.Policies().Get(u.Organisation)
	if err != nil {
		return err
	}
	if err := p.demanded(policy.Required); err != nil {
		return err
	}
	if p.TemporaryPassword != "" && !policy.Locally(u.Owner) {
		return InvalidField("temporary_password", "passwords open nothing in this organisation, as its policy local_sign_in says; leave it out")
	}
	if policy.ExtensionAuto {
		if err := giveExtension(tx, *u, &tree); err != nil {
			return err
		}
	}
	return u.describe(tree)
}

// temporary prepares the temporary password of a description; the zero value: there is none.
func (ad *Administration) temporary(person NewPerson) (newPassword, error) {
	if person.TemporaryPassword == "" {
		return newPassword{}, nil
	}
	if person.Disabled {
		return newPassword{}, InvalidField("temporary_password", "a person who begins disabled gets none; leave it out, or add them enabled")
	}
	return ad.env.prepare(person.TemporaryPassword, cmp.Or(person.UserName, person.Email), SignIn{})
}

func (ad *Administration) insert(tx Tx, who Administrator, u User, email Name) error {
	if err := checkStep(User{}, u); err != nil {
		return err
	}
	if err := tx.Seats().Share(u.Organisation, u.Licence); err != nil {
		return err
	}
	taken, err := tx.Users().HasEmail(u.Organisation, email.Key, u.ID)
	if err != nil {
		return err
	}
	if taken {
		return EmailTaken()
	}
	if err := tx.Users().Insert(u); err != nil {
		return byHand(err)
	}
	if err := tx.Users().KeepEmail(u, email); err != nil {
		return err
	}
	after, err := u.Attributes()
	if err != nil {
		return err
	}
	if err := ad.record(tx, who, UserCreated, "user", u.ID.UUID, u.CreatedAt, attribute.Value{}, after); err != nil {
		return err
	}
	if err := stepped(tx, User{}, u, Event{Type: UserCreated, Actor: who.Actor, At: u.CreatedAt}); err != nil {
		return err
	}
	if !u.HoldsSeat() { // who begins disabled is let in by their activation
		return nil
	}
	if err := readmitted(tx, u); err != nil {
		return err
	}
	return tx.Seats().Take(u.Organisation, u.Licence, u.ID)
}

// EmailTaken is the refusal of rule email.unique for an account made by hand.
func EmailTaken() *Error {
	return &Error{
		Kind: Conflict, Code: CodeEmailTaken, Field: "email",
		Message: "another account of this organisation has this e-mail; use another address, or change that account",
	}
}

// byHand tells a taken user name as people read it who type one in: what a directory does about it is not theirs to do.
func byHand(err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Code != CodeUserNameTaken {
		return err
	}
	told := *e
	told.Message = "another account of this organisation has this user name, or signs in with it as an e-mail address; choose another one"
	return &told
}

// tree checks the description and makes attributes of it, as a directory would send them.
func (p NewPerson) tree() (email Name, tree attribute.Value, err error) {
	for _, text := range []struct{ field, value string }{
		{"given_name", p.GivenName}, {"family_name", p.FamilyName}, {"full_name", p.FullName}, {"title", p.Title},
	} {
		if err := personText(text.field, text.value); err != nil {
			return email, tree, err
		}
	}
	given, family, full := strings.TrimSpace(p.GivenName), strings.TrimSpace(p.FamilyName), strings.TrimSpace(p.FullName)
	if full == "" && (given == "" || family == "") {
		field := "given_name"
		if given != "" {
			field = "family_name"
		}
		return email, tree, &Error{Kind: Invalid, Code: CodeRequired, Field: field, Message: "give the given name and the family name, or the full name"}
	}
	if p.Email == "" {
		return email, tree, &Error{Kind: Invalid, Code: CodeRequired, Field: "email", Message: "give an e-mail address such as ana@acme.test"}
	}
	email, ok := ParseEmail(p.Email)
	if !ok {
		return email, tree, InvalidField("email", "use an e-mail address such as ana@acme.test")
	}
	if p.Role.IsZero() {
		return email, tree, &Error{Kind: Invalid, Code: CodeRequired, Field: "role", Message: "give the person a role; see the list of roles"}
	}
	if p.Licence != "" && !licenceForm.MatchString(p.Licence) {
		return email, tree, InvalidField("licence", "use the name of one of the organisation's licences, such as full")
	}
	full = cmp.Or(full, given+" "+family)
	name := texts("formatted", full, "familyName", family, "givenName", given)
	tree = attribute.NewComplex(
		attribute.Member{Name: "userName", Value: attribute.NewString(cmp.Or(p.UserName, p.Email))},
		attribute.Member{Name: "name", Value: name},
		attribute.Member{Name: "displayName", Value: attribute.NewString(full)},
		attribute.Member{Name: "active", Value: attribute.NewBool(!p.Disabled)},
		attribute.Member{Name: "emails", Value: attribute.NewList(attribute.NewComplex(
			attribute.Member{Name: "value", Value: attribute.NewString(p.Email)},
			attribute.Member{Name: "type", Value: attribute.NewString("work")},
			attribute.Member{Name: "primary", Value: attribute.NewBool(true)},
		))},
	)
	if p.Title != "" {
		tree.Set("title", attribute.NewString(p.Title))
	}
	p.Fields.apply(&tree)
	return email, tree, nil
}

// extension is the one that was asked for; empty: none was.
func (p NewPerson) extension() string {
	if p.Fields.Extension == nil {
		return ""
	}
	return *p.Fields.Extension
}

// demanded refuses a description without what the organisation demands (rule user.required).
func (p NewPerson) demanded(r RequiredFields) error {
	given := func(s *string) bool { return s != nil && *s != "" }
	for _, field := range []struct {
		name, remedy  string
		wanted, there bool
	}{
		{"profile", "give the person a profile; see the list of profiles", r.Profile, !p.Profile.IsZero()},
		{"team", "give the person a team; see the list of teams", r.Team, !p.Team.IsZero()},
		{"country", "give the person's country, such as ES", r.Country, given(p.Fields.Country)},
		{"language", "give the person's language, such as es-ES", r.Language, given(p.Fields.Language)},
	} {
		if field.wanted && !field.there {
			return &Error{Kind: Invalid, Code: CodeRequired, Field: field.name, Message: field.remedy + "; the policy of the organisation demands it"}
		}
	}
	return nil
}

// access is what the person is given.
func (p NewPerson) access() AccessChange {
	change := AccessChange{Role: Choose(p.Role)}
	if !p.Profile.IsZero() {
		change.Profile = Choose(p.Profile)
	}
	if !p.Team.IsZero() {
		change.Team = Choose(p.Team)
	}
	if len(p.Queues) > 0 {
		change.Queues = &p.Queues
	}
	return change
}

// personText refuses what is no name or title: more than a line, or too long.
func personText(field, text string) error {
	if utf8.RuneCountInString(text) > maxPersonText || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return InvalidField(field, fmt.Sprintf("use at most %d characters on one line", maxPersonText))
	}
	return nil
}

// PersonChange is what an administrator changes of somebody; nil leaves a field as it is, an empty text removes it.
type PersonChange struct {
	GivenName, FamilyName, DisplayName, Title *string
	UserName, Email                           *string // only where the policy email_change is administrators
	Fields                                    FieldChange
}

// Edit changes the fields of a person. E-mail and user name are refused unless the policy lets administrators change them
// (rule user.email-immutable), and the e-mail to who may do less than the person, since whoever has that can come to be them
// (rule owner.escalation). Needs users:edit. NotFound, Invalid, EmailImmutable, UserNameTaken, EmailTaken, ExtensionTaken,
// OwnerOnly, Escalation, Precondition.
func (ad *Administration) Edit(ctx context.Context, who Administrator, id UserID, match IfMatch, change PersonChange) (User, error) {
	err := change.check()
	if err != nil {
		return User{}, err
	}
	if change.Fields, err = change.Fields.parsed(); err != nil {
		return User{}, err
	}
	return ad.alter(ctx, who, ActionEdit, id, match, func(tx Tx, was User, now time.Time) (User, error) {
		before, err := was.Attributes()
		if err != nil {
			return User{}, err
		}
		after := change.apply(before)
		email, named, err := change.names(tx, who, was, before, &after)
		if err != nil {
			return User{}, err
		}
		change.Fields.apply(&after)
		beside, err := change.Fields.beside(tx, was)
		if err != nil {
			return User{}, err
		}
		managed, err := change.Fields.manage(tx, who, was, &after)
		if err != nil {
			return User{}, err
		}
		outcome, err := ad.saveWith(tx, who, was, was, after, []aside{beside, managed}, UserUpdated, now)
		err = byHand(err)
		if err == nil && named {
			err = tx.Users().KeepEmail(outcome, email)
		}
		return outcome, err
	})
}

func (c PersonChange) check() error {
	for _, text := range []struct {
		field string
		value *string
	}{
		{"given_name", c.GivenName}, {"family_name", c.FamilyName}, {"display_name", c.DisplayName}, {"title", c.Title},
	} {
		if text.value == nil {
			continue
		}
		if err := personText(text.field, *text.value); err != nil {
			return err
		}
	}
	return nil
}

// apply changes what is changed without further questions.
func (c PersonChange) apply(tree attribute.Value) attribute.Value {
	set := func(of *attribute.Value, name string, text *string) {
		switch {
		case text == nil:
		case *text == "":
			of.Delete(name)
		default:
			of.Set(name, attribute.NewString(*text))
		}
	}
	if c.GivenName != nil || c.FamilyName != nil {
		name := tree.Get("name")
		set(&name, "givenName", c.GivenName)
		set(&name, "familyName", c.FamilyName)
		tree.Set("name", name)
	}
	set(&tree, "displayName", c.DisplayName)
	set(&tree, "title", c.Title)
	return tree
}

// names changes user name and e-mail where the policy allows it; named says that there is a new address, to which letters go
// from then on.
func (c PersonChange) names(tx Tx, who Administrator, was User, before attribute.Value, after *attribute.Value) (email Name, named bool, err error) {
	was.Emails = emailsOf(before)
	current, _ := was.SignInEmail()
	newName := c.UserName != nil && *c.UserName != was.UserName.Text
	named = c.Email != nil && *c.Email != current.Text
	if !newName && !named {
		return email, false, nil
	}
	policy, err := tx.Policies().Get(was.Organisation)
	if err != nil {
		return email, false, err
	}
	if policy.EmailChange != EmailChangeAdministrator {
		field := "email"
		if newName {
			field = "user_name"
		}
		return email, false, &Error{
			Kind: Forbidden, Code: CodeEmailImmutable, Field: field,
			Message: "e-mail and user name do not change once an account is made; add a new account, or let the policy email_change say administrators",
		}
	}
	if newName {
		after.Set("userName", attribute.NewString(*c.UserName))
	}
	if !named {
		return email, false, nil
	}
	if err := who.mayBecome(tx, "email", was); err != nil {
		return email, false, err
	}
	email, ok := ParseEmail(*c.Email)
	if !ok {
		return email, false, InvalidField("email", "use an e-mail address such as ana@acme.test")
	}
	if email.Key != current.Key {
		taken, err := tx.Users().HasEmail(was.Organisation, email.Key, was.ID)
		if err != nil {
			return email, false, err
		}
		if taken {
			return email, false, EmailTaken()
		}
	}
	after.Set("emails", replaceEmail(before.Get("emails"), current.Text, email.Text))
	return email, true, nil
}

// replaceEmail puts an address in place of another one, or first where there was none.
func replaceEmail(emails attribute.Value, old, address string) attribute.Value {
	items := emails.Items()
	for i, item := range items {
		if old != "" && item.Get("value").Text() == old {
			item.Set("value", attribute.NewString(address))
			items[i] = item
			return attribute.NewList(items...)
		}
	}
	item := texts("value", address, "type", "work")
	item.Set("primary", attribute.NewBool(true))
	return attribute.NewList(append([]attribute.Value{item}, items...)...)
}
