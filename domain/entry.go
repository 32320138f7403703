package domain

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Entry is what roles, profiles, teams and queues have in common: administrators keep a list of them, people are given
// them, and each has a name that no other of the list has, compared without case.
type Entry[Noun any] struct {
	ID           ID[Noun]
	Organisation OrganisationID
	Name         Name
	Description  string
	Version      int64 // grows by one with every change
	CreatedAt    time.Time
	ModifiedAt   time.Time
}

// Entries is the store of one of those lists. A list is short (see MaxRoles and the like) and is read as a whole.
type Entries[Noun any] interface {
	// Get reads one. NotFound.
	Get(org OrganisationID, id ID[Noun]) (Noun, error)
	// ByName finds one, without case. NotFound.
	ByName(org OrganisationID, name string) (Noun, error)
	// List gives all of an organisation, by name.
	List(org OrganisationID) ([]Noun, error)
	// Insert adds one. NameTaken.
	Insert(n Noun) error
	// Save writes a changed one over the version that was read; the unit of work runs again when that is no longer the
	// current one. NameTaken.
	Save(was, is Noun) error
	// Delete removes the version that was read, as Save. Who holds it is the caller's to know.
	Delete(n Noun) error
}

// entryName checks the name of an entry: one line, not blank, at most 100 characters.
func entryName(s string) (Name, error) {
	text, err := label("name", s)
	if err != nil {
		return Name{}, err
	}
	return NewName(text), checkName("name", text)
}

const maxDescription = 1000 // characters

// description checks a text that explains something: any number of lines, at most 1,000 characters.
func description(s string) (string, error) {
	s = strings.TrimSpace(s)
	control := func(r rune) bool { return unicode.IsControl(r) && r != '\n' }
	if utf8.RuneCountInString(s) > maxDescription || !utf8.ValidString(s) || strings.ContainsFunc(s, control) {
		return "", InvalidField("description", "use at most 1,000 characters, and none but line feeds to format them")
	}
	return s, nil
}

// refer finds what an input names by its id. Invalid, naming the field, when there is no such thing.
func refer[Noun any](list Entries[Noun], org OrganisationID, id ID[Noun], field, noun string) (Noun, error) {
	found, err := list.Get(org, id)
	if IsKind(err, NotFound) {
		err = InvalidField(field, "there is no "+noun+" with the id "+id.String()+"; choose one from the list of "+noun+"s")
	}
	return found, err
}
