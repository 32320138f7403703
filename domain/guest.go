package domain

import (
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// Guest is somebody who is signed in and comes to an application, with everything that the application is told of them, as
// one read finds it.
type Guest struct {
	Presented

	User             User   // without groups and manager
	EmailKey         string // of the address that they sign in with beside the user name; empty: none
	OrganisationSlug string
	OrganisationName string
	Access           Access
	Role             Named
	Profile          Named
	Team             Named
	Queues           []Named     // in order of name
	Registered       []Module    // of an owner, who may do everything: the modules that applications registered
	Application      Application // the zero value: none was named, or the organisation has no such
}

// Named is a role, profile, team or queue by its id and name; the zero value: none.
type Named struct {
	ID   uuid.UUID
	Name string
}

// ApplicationKey names an application by the audience of its assertions or by one of its origins; the zero value names none.
type ApplicationKey struct {
	Audience string
	Origin   Origin // only where the audience is empty
}

// SessionKey names a session by the hash of its token, else by its id.
type SessionKey struct {
	Hash TokenHash
	ID   SessionID // only where it is set
}

// Guests is the store of those who come to applications.
type Guests interface {
	// Find reads whose session it is, how they and their organisation stand at this moment, what they may do, and which
	// application is named. Unauthenticated when there is no such session.
	Find(org OrganisationID, session SessionKey, of ApplicationKey) (Guest, error)
}

// Permissions are what the guest may do (rule permission.effective), an owner's listed one by one, as far as the
// application is told of them.
func (g Guest) Permissions() Permissions {
	held := g.Access.Effective()
	if g.Access.Owner {
		held = newCatalogue(g.Registered).Everything()
	}
	if len(g.Application.Modules) == 0 {
		return held
	}
	return held.Within(g.Application.Told)
}

// GuestDetails are what the attributes of a person say of them that applications are told.
type GuestDetails struct {
	Name       string // as it is shown: the display name, else the formatted one, else given and family name, else the user name
	GivenName  string
	FamilyName string
	Email      string // the one they could sign in with, which is nobody else's (rule email.unique); empty: none
	Language   string // as RFC 7643 section 4.1.1 spells preferredLanguage, else locale
	TimeZone   string // of the tz database
}

// Details reads the attributes of the guest.
func (g Guest) Details() (GuestDetails, error) {
	tree, err := g.User.Attributes()
	if err != nil {
		return GuestDetails{}, err
	}
	u := g.User
	u.recall(tree)
	name := tree.Get("name")
	d := GuestDetails{
		GivenName: name.Get("givenName").Text(), FamilyName: name.Get("familyName").Text(), TimeZone: tree.Get("timezone").Text(),
		Language: firstText(tree.Get("preferredLanguage"), tree.Get("locale")),
	}
	if address, ok := u.SignInEmail(); ok && (address.Key == g.EmailKey || address.Key == u.UserName.Key) {
		d.Email = address.Text
	}
	both := d.GivenName
	if both != "" && d.FamilyName != "" {
		both += " "
	}
	d.Name = firstText(tree.Get("displayName"), name.Get("formatted"), attribute.NewString(both+d.FamilyName), attribute.NewString(u.UserName.Text))
	return d, nil
}

// Zone is the one in which the guest is told times.
func (g Guest) Zone() (Zone, error) {
	tree, err := g.User.Attributes()
	if err != nil {
		return Zone{}, err
	}
	return zoneOf(g.Facts.Window, tree), nil
}

// firstText is the first text that says something.
func firstText(values ...attribute.Value) string {
	for _, v := range values {
		if v.Text() != "" {
			return v.Text()
		}
	}
	return ""
}

// Methods are by what the guest proved who they are, in the words of RFC 8176 section 2 where it has one. A browser that is
// remembered stands for nothing but the password.
func (g Guest) Methods() []string {
	var by []string
	switch g.Session.Method {
	case BySingleSignOn:
		return []string{"sso"} // what was shown to the provider is the provider's to tell
	case ByPasskey:
		return []string{"pop", "mfa"} // a key, and what unlocks it
	default:
		by = []string{"pwd"}
	}
	switch g.Session.Factor {
	case FactorCode:
		return append(by, "otp", "mfa")
	case FactorPasskey:
		return append(by, "pop", "mfa")
	case FactorRecovery:
		return append(by, "mfa")
	case FactorNone, FactorDevice:
	}
	return by
}

// AuthenticatedAt is when they did, the last time.
func (g Guest) AuthenticatedAt() time.Time {
	if g.Session.ProvedAt.IsZero() {
		return g.Session.CreatedAt
	}
	return g.Session.ProvedAt
}
