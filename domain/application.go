package domain

import (
	"slices"
	"strings"
	"unicode/utf8"

	"usher/domain/attribute"
)

// Application is a program that lets Usher say who comes and what they may do: a registered one is told by headers and
// assertions, and people are sent back to it after they signed in.
type Application struct {
	Entry[Application]

	Origins   []Origin // where it is reached; in order, each once, and of no other application of the organisation
	Audience  string   // to whom assertions for it are addressed; unique in the organisation
	Algorithm string   // by which they are signed: EdDSA or ES256
	Modules   []string // whose permissions it is told; none: all
}

// ApplicationID identifies an application.
type ApplicationID = ID[Application]

// The algorithms of assertions (RFC 8037, RFC 7518 section 3.4).
const (
	SignedEdDSA = "EdDSA"
	SignedES256 = "ES256"
)

// The bounds of applications.
const (
	MaxApplications = 200 // of one organisation
	maxOrigins      = 20  // of one application
	maxAudience     = 300 // bytes
	maxToldModules  = 100
)

// ApplicationSpec describes an application.
type ApplicationSpec struct {
	Name        string
	Description string
	Origins     []string
	Audience    string   // empty: the first origin
	Algorithm   string   // empty: EdDSA
	Modules     []string // none: all
}

// The types of events about applications.
const (
	ApplicationCreated EventType = "application.created"
	ApplicationUpdated EventType = "application.updated"
	ApplicationDeleted EventType = "application.deleted"
)

// BridgeTx is the part of a unit of work that is about applications and those who come to them.
type BridgeTx interface {
	Applications() Applications
	Guests() Guests
	Appearances() Appearances
}

// Applications is the store of applications.
type Applications interface {
	Entries[Application]

	// Reached reports whether an application of the organisation is reached at an origin.
	Reached(org OrganisationID, at Origin) (bool, error)
	// Registrant gives the only organisation of which an application is reached at an origin; found is false where there are
	// none or several.
	Registrant(at Origin) (org OrganisationID, found bool, err error)
}

// describe sets what administrators say of an application. Invalid, TooMany.
func (a *Application) describe(spec ApplicationSpec) (err error) {
	if err = describe(&a.Entry, spec.Name, spec.Description); err != nil {
		return err
	}
	switch {
	case len(spec.Origins) == 0:
		return &Error{Kind: Invalid, Code: CodeRequired, Field: "origins", Message: "name at least one origin at which the application is reached, such as https://crm.acme.test"}
	case len(spec.Origins) > maxOrigins:
		return tooMany("origins", "name at most 20 origins of one application")
	case len(spec.Modules) > maxToldModules:
		return tooMany("modules", "name at most 100 modules, or none for all")
	}
	a.Origins = make([]Origin, len(spec.Origins))
	for i, text := range spec.Origins {
		if a.Origins[i], err = ParseOrigin(text); err != nil {
			return err
		}
	}
	if a.Audience = spec.Audience; a.Audience == "" {
		a.Audience = string(a.Origins[0])
	}
	if len(a.Audience) > maxAudience || strings.ContainsFunc(a.Audience, func(r rune) bool { return r <= ' ' || r > '~' }) || !utf8.ValidString(a.Audience) {
		return InvalidField("audience", "use 1 to 300 printable ASCII characters without spaces, such as the address of the application")
	}
	slices.Sort(a.Origins)
	a.Origins = slices.Compact(a.Origins)
	if a.Algorithm = spec.Algorithm; a.Algorithm == "" {
		a.Algorithm = SignedEdDSA
	}
	if err := oneOf("algorithm", a.Algorithm, SignedEdDSA, SignedES256); err != nil {
		return err
	}
	a.Modules = slices.Clone(spec.Modules)
	slices.Sort(a.Modules)
	a.Modules = slices.Compact(a.Modules)
	return nil
}

// spec is the application as a description would make it.
func (a Application) spec() ApplicationSpec {
	return ApplicationSpec{
		Name: a.Name.Text, Description: a.Description, Origins: originTexts(a.Origins), Audience: a.Audience, Algorithm: a.Algorithm, Modules: a.Modules,
	}
}

// Told reports whether the application is told the permissions of a module.
func (a Application) Told(module string) bool {
	return len(a.Modules) == 0 || slices.Contains(a.Modules, module)
}

func (a Application) tree() attribute.Value {
	tree := texts("name", a.Name.Text, "description", a.Description, "audience", a.Audience, "algorithm", a.Algorithm)
	tree.Set("origins", textList(originTexts(a.Origins)))
	if len(a.Modules) > 0 {
		tree.Set("modules", textList(a.Modules))
	}
	return tree
}

func originTexts(origins []Origin) []string {
	list := make([]string, len(origins))
	for i, o := range origins {
		list[i] = string(o)
	}
	return list
}

// collides refuses an audience or an origin that another application of the organisation has.
func (a Application) collides(others []Application) error {
	for _, other := range others {
		if other.ID == a.ID {
			continue
		}
		if other.Audience == a.Audience {
			return &Error{Kind: Conflict, Code: CodeNameTaken, Field: "audience", Message: "the application " + clipped(other.Name.Text) + " has this audience; choose another one"}
		}
		for _, o := range a.Origins {
			if slices.Contains(other.Origins, o) {
				return &Error{Kind: Conflict, Code: CodeNameTaken, Field: "origins", Message: "the application " + clipped(other.Name.Text) + " is reached at " + string(o) + "; an origin belongs to one application"}
			}
		}
	}
	return nil
}
