package domain

import (
	"time"

	"usher/domain/attribute"
)

// User is a person of one organisation.
//
// The typed fields and Document are two views of one thing, made by one function ([User.describe]): the fields are what
// rules and searches need, Document is the whole resource as a directory is answered, without groups and meta, as
// canonical JSON.
type User struct {
	ID           UserID
	Organisation OrganisationID
	Connection   ConnectionID // zero: not from a directory
	Status       Status
	Owner        bool   // system owner
	Licence      string // the licence type of the seat the person holds or would hold

	UserName    Name
	ExternalID  string // as the directory sent it, compared exactly; empty: none
	DisplayName string
	GivenName   string
	FamilyName  string
	Emails      []Email
	Extension   string // of the telephone: four digits; empty: none
	Manager     string // manager.value as sent: usually an id, perhaps of somebody who is not here yet

	Document   []byte
	Version    int64 // grows by one with every change; the resource's ETag
	CreatedAt  time.Time
	ModifiedAt time.Time
	AcceptedAt time.Time // first became active; zero: never
	ArchivedAt time.Time // deleted; zero: here

	// What the store adds when it reads a person for a directory; not stored with the person.
	Groups     []GroupRef      // direct memberships
	ManagerRef *PersonRef      // nil while Manager names nobody this directory can see
	Usher      attribute.Value // in place of the document's extension of Usher, see [Directory.Show]; Null: as the document has it
}

// Email is one address of a person, as sent.
type Email struct {
	Address Name
	Type    string
	Primary bool
}

// GroupRef is a group as a person's resource shows it.
type GroupRef struct {
	ID      GroupID
	Display string
}

// PersonRef is a person as another resource shows them.
type PersonRef struct {
	ID      UserID
	Display string
}

// Purged reports whether what was personal of an archived person is erased.
func (u *User) Purged() bool { return !u.ArchivedAt.IsZero() && len(u.Document) == 0 }

// Display is the name to show for the person: displayName, else the user name.
func (u *User) Display() string {
	if u.DisplayName != "" {
		return u.DisplayName
	}
	return u.UserName.Text
}

// Attributes decodes the document.
func (u *User) Attributes() (attribute.Value, error) { return decodeDocument(u.Document) }

// SignInEmail is the address the person could sign in with: the primary one, else the first that is an address.
func (u *User) SignInEmail() (Name, bool) {
	var first Name
	found := false
	for _, e := range u.Emails {
		address, ok := ParseEmail(e.Address.Text)
		if !ok {
			continue
		}
		if e.Primary {
			return address, true
		}
		if !found {
			first, found = address, true
		}
	}
	return first, found
}

// HoldsSeat reports whether the person's status asks for a seat (rule seat.required).
func (u *User) HoldsSeat() bool { return u.Status != Inactive }

// The attributes of RFC 7643 that the domain reads.
const (
	URNUser       = "urn:ietf:params:scim:schemas:core:2.0:User"
	URNGroup      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	URNEnterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	URNUsher      = "urn:ietf:params:scim:schemas:extension:usher:2.0:User" // Usher's own: what people are given here
)

// maxEmails bounds the addresses of a person: each is a row, and every change compares them.
const maxEmails = 1000

// describe sets the typed fields and the document from a tree of attributes with canonical names in canonical order.
// It drops what is not the directory's to say (id, schemas, meta, groups, password).
func (u *User) describe(tree attribute.Value) error {
	userName, err := ParseUserName(tree.Get("userName").Text())
	if err != nil {
		return err
	}
	u.UserName = userName
	u.ExternalID = tree.Get("externalId").Text()
	u.DisplayName = tree.Get("displayName").Text()
	u.GivenName = tree.Get("name").Get("givenName").Text()
	u.FamilyName = tree.Get("name").Get("familyName").Text()
	if u.Emails = emailsOf(tree); len(u.Emails) > maxEmails {
		return InvalidField("emails", "send at most 1,000 addresses for one person")
	}
	u.Manager = tree.Get(URNEnterprise).Get("manager").Get("value").Text()
	if u.Extension, err = extensionOf(tree); err != nil {
		return err
	}
	if err := u.checkLengths(); err != nil {
		return err
	}
	tree.Set("active", attribute.NewBool(u.Status != Inactive)) // rule scim.active
	u.Document = composeDocument(URNUser, u.ID.String(), tree)
	return nil
}

// recall sets the fields of a person who was read that rows or keys are kept of and no column holds, from their attributes.
func (u *User) recall(tree attribute.Value) {
	u.Emails = emailsOf(tree)
	u.GivenName, u.FamilyName = tree.Get("name").Get("givenName").Text(), tree.Get("name").Get("familyName").Text()
	u.Extension = tree.Get(URNUsher).Get("extension").Text()
}

// checkLengths refuses what is too long for people to be found by.
func (u *User) checkLengths() error {
	for _, e := range u.Emails {
		if err := checkKey("emails", e.Address.Key); err != nil {
			return err
		}
	}
	if err := checkKey("externalId", u.ExternalID); err != nil {
		return err
	}
	if err := checkKey("manager", u.Manager); err != nil {
		return err
	}
	return checkName("displayName", u.DisplayName)
}

// emailsOf reads the addresses out of a tree.
func emailsOf(tree attribute.Value) []Email {
	var emails []Email
	for _, m := range tree.Get("emails").Members() {
		if address := m.Value.Get("value").Text(); address != "" {
			emails = append(emails, Email{
				Address: NewName(address), Type: m.Value.Get("type").Text(), Primary: m.Value.Get("primary").Truth(),
			})
		}
	}
	return emails
}

// Users is the store of people.
type Users interface {
	// Get reads one person for a directory, with groups and manager. NotFound also for a person of another
	// connection or an archived one (rule link.scope).
	Get(scope Scope, id UserID) (User, error)
	// Page reads the people a query asks for.
	Page(q Query) (Page[User], error)
	// Insert adds a person. UserNameTaken, ExternalIDTaken.
	Insert(u User) error
	// Save writes a changed person over the version that was read (was with its Emails); the unit of work runs again when that is no longer
	// the current one. UserNameTaken, ExternalIDTaken.
	Save(was, is User) error
	// Archive takes a person out of sight at ArchivedAt: names are free, memberships gone, groups they were in changed.
	Archive(u User) error
	// Owners reads how the owners of an organisation stand and keeps others from changing them until the unit of work ends.
	Owners(org OrganisationID) ([]Owner, error)
	// Find reads one person who is here, of whatever connection or none, with groups and manager. NotFound.
	Find(org OrganisationID, id UserID) (User, error)
	// Archived reads one person who was deleted; after Purge without all that is personal. NotFound.
	Archived(org OrganisationID, id UserID) (User, error)
	// Purge erases what is personal of an archived person, the values of their events included; the events stay.
	Purge(org OrganisationID, id UserID) error
	// HasEmail reports whether anybody here but one (zero: nobody) has an address, whether or not they sign in by it.
	HasEmail(org OrganisationID, key string, but UserID) (bool, error)
	// KeepEmail demands that a person signs in by an address. EmailTaken.
	KeepEmail(u User, address Name) error
}
