package domain

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"image"
	_ "image/jpeg" // one of the forms of a logo
	_ "image/png"  // another
	"regexp"
	"slices"
	"strings"
	"time"

	_ "golang.org/x/image/webp" // and the third

	"usher/domain/attribute"
)

// Appearance is what an organisation looks like to people who sign in.
type Appearance struct {
	Organisation OrganisationID
	Slug         string
	Name         string
	Accent       string // a colour as #rrggbb; empty: none of its own
	Language     string // of people of whom nothing else is known: en or es; empty: the browser's
	Logo         LogoTag
	Version      int64 // grows by one with every change; 0: never changed
}

// LogoTag tells one logo from another; empty: there is none.
type LogoTag string

// Logo is a picture.
type Logo struct {
	Type    string // of the media: image/png, image/jpeg or image/webp
	Content []byte
	Tag     LogoTag
}

// The bounds of a logo.
const (
	MaxLogo       = 256 << 10 // bytes
	maxLogoPixels = 2048      // of either side
)

// The languages of the pages.
const (
	LanguageEnglish = "en"
	LanguageSpanish = "es"
)

// AppearanceChanged is the type of the event when an organisation looks different.
const AppearanceChanged EventType = "appearance.changed"

// AppearanceChange is what is to be different; nil: as it is, empty: none.
type AppearanceChange struct {
	Accent   *string
	Language *string
}

// Appearances is the store of what organisations look like.
type Appearances interface {
	// Get reads, by one statement, the appearance of an organisation, of id or where that is zero of slug, without the logo
	// itself. NotFound: the organisation.
	Get(org OrganisationID, slug string) (Appearance, error)
	// Logo reads the logo of an organisation by its slug. NotFound where there is none.
	Logo(slug string) (Logo, error)
	// Save writes a changed appearance over the version that was read, with the logo where one is given: nil leaves it, one
	// without content takes it away. The unit of work runs again when the version is no longer the current one.
	Save(was, is Appearance, logo *Logo) error
}

var accentForm = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// change sets what administrators say of an appearance. Invalid.
func (a *Appearance) change(c AppearanceChange) error {
	if c.Accent != nil {
		if a.Accent = strings.ToLower(*c.Accent); a.Accent != "" && !accentForm.MatchString(a.Accent) {
			return InvalidField("accent", "write the colour as #rrggbb, such as #0a6cff, or leave it empty for none")
		}
	}
	if c.Language != nil {
		a.Language = *c.Language
		return oneOfOrNone("language", a.Language, LanguageEnglish, LanguageSpanish)
	}
	return nil
}

// LogoPath is where the logo is served, named so that another logo has another path; empty: there is none.
func (a Appearance) LogoPath() string {
	if a.Logo == "" {
		return ""
	}
	return "/brand/" + a.Slug + "/logo?v=" + string(a.Logo)
}

func (a Appearance) tree() attribute.Value {
	return texts("accent", a.Accent, "language", a.Language, "logo", string(a.Logo))
}

// ParseLogo reads a picture to the end, so that what is served later is one: PNG, JPEG or WebP that does not move, at most
// 256 KiB and 2,048 pixels wide and high. What the sender calls it counts for nothing. Invalid, TooLarge.
func ParseLogo(content []byte) (Logo, error) {
	if len(content) > MaxLogo {
		return Logo{}, &Error{Kind: Invalid, Code: CodeTooLarge, Field: "logo", Message: "a logo has at most 256 KiB; send a smaller picture"}
	}
	size, form, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil || !slices.Contains([]string{"png", "jpeg", "webp"}, form) {
		return Logo{}, notALogo()
	}
	if size.Width < 1 || size.Height < 1 || size.Width > maxLogoPixels || size.Height > maxLogoPixels {
		return Logo{}, InvalidField("logo", "a logo is at most 2,048 pixels wide and high; send a smaller picture")
	}
	if _, again, err := image.Decode(bytes.NewReader(content)); err != nil || again != form {
		return Logo{}, notALogo()
	}
	sum := sha256.Sum256(content)
	const enough = 16 // bytes of the sum
	return Logo{Type: "image/" + form, Content: content, Tag: LogoTag(hex.EncodeToString(sum[:enough]))}, nil
}

func notALogo() *Error {
	return InvalidField("logo", "this is no picture that can be read; send PNG, JPEG, or WebP that does not move")
}

// Appearance reads what the organisation looks like. It needs appearance:view.
func (ad *Administration) Appearance(ctx context.Context, who Administrator) (Appearance, error) {
	var a Appearance
	err := ad.look(ctx, who, ModuleAppearance, ActionView, "", func(tx Tx) (err error) {
		a, err = tx.Appearances().Get(who.Organisation, "")
		return err
	})
	return a, err
}

// ChangeAppearance changes colour and language. It needs appearance:edit. Invalid, Precondition.
func (ad *Administration) ChangeAppearance(ctx context.Context, who Administrator, match IfMatch, change AppearanceChange) (Appearance, error) {
	return ad.changeAppearance(ctx, who, match, nil, func(a *Appearance) error { return a.change(change) })
}

// SetLogo changes the logo; without content there is none any more. It needs appearance:edit. Invalid, TooLarge, Precondition.
func (ad *Administration) SetLogo(ctx context.Context, who Administrator, match IfMatch, content []byte) (Appearance, error) {
	logo := Logo{}
	if len(content) > 0 {
		if err := who.need(ModuleAppearance, ActionEdit, ""); err != nil { // before the work of reading a picture
			return Appearance{}, err
		}
		var err error
		if logo, err = ParseLogo(content); err != nil {
			return Appearance{}, err
		}
	}
	return ad.changeAppearance(ctx, who, match, &logo, func(a *Appearance) error {
		a.Logo = logo.Tag
		return nil
	})
}

func (ad *Administration) changeAppearance(ctx context.Context, who Administrator, match IfMatch, logo *Logo, change func(*Appearance) error) (Appearance, error) {
	var outcome Appearance
	err := ad.change(ctx, who, ModuleAppearance, ActionEdit, "", func(tx Tx, now time.Time) error {
		was, err := tx.Appearances().Get(who.Organisation, "")
		if err != nil {
			return err
		}
		if err := match.admits(was.Version); err != nil {
			return err
		}
		is := was
		if err := change(&is); err != nil {
			return err
		}
		if outcome = is; is == was {
			return nil
		}
		is.Version++
		outcome = is
		if err := tx.Appearances().Save(was, is, logo); err != nil {
			return err
		}
		before, after := attribute.Diff(was.tree(), is.tree())
		return ad.record(tx, who, AppearanceChanged, "organisation", who.Organisation.UUID, now, before, after)
	})
	return outcome, err
}

// Appearance reads what an organisation looks like to people, by its slug. NotFound.
func (e *Entrance) Appearance(ctx context.Context, slug string) (Appearance, error) {
	return e.appearance(ctx, OrganisationID{}, slug)
}

// AppearanceOf is Appearance by the id of the organisation.
func (e *Entrance) AppearanceOf(ctx context.Context, org OrganisationID) (Appearance, error) {
	return e.appearance(ctx, org, "")
}

func (e *Entrance) appearance(ctx context.Context, org OrganisationID, slug string) (Appearance, error) {
	var a Appearance
	err := e.store.Read(ctx, func(tx Tx) (err error) {
		a, err = tx.Appearances().Get(org, slug)
		return err
	})
	return a, err
}

// Logo reads the logo of an organisation by its slug. NotFound.
func (e *Entrance) Logo(ctx context.Context, slug string) (Logo, error) {
	var logo Logo
	err := e.store.Read(ctx, func(tx Tx) (err error) {
		logo, err = tx.Appearances().Logo(slug)
		return err
	})
	return logo, err
}

// Appearance reads what an organisation looks like. NotFound.
func (in *Installation) Appearance(ctx context.Context, slug string) (Appearance, error) {
	var a Appearance
	err := in.store.Read(ctx, func(tx Tx) (err error) {
		a, err = tx.Appearances().Get(OrganisationID{}, slug)
		return err
	})
	return a, err
}

// ChangeAppearance changes what an organisation looks like: colour and language, and the logo where one is given, as
// [Administration.SetLogo]. NotFound, Invalid, TooLarge.
func (in *Installation) ChangeAppearance(ctx context.Context, slug string, change AppearanceChange, logo *[]byte) (Appearance, error) {
	ad, who, err := in.steward(ctx, slug)
	if err != nil {
		return Appearance{}, err
	}
	a, err := ad.ChangeAppearance(ctx, who, IfMatch{}, change)
	if err != nil || logo == nil {
		return a, err
	}
	return ad.SetLogo(ctx, who, IfMatch{}, *logo)
}
