package domain

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"

	"usher/domain/attribute"
)

// Fields are what is known of a person beside names, e-mails and what they are given, typed. They are read out of the
// person's attributes, which keep what was sent as it was sent: a field is empty where nothing was, or where what was
// sent is no such thing.
type Fields struct {
	Phones      []Phone
	Extension   string // four digits
	Title       string
	Department  string
	Country     string // ISO 3166-1 alpha-2, such as ES
	Language    string // a BCP 47 tag, such as es-ES
	TimeZone    string // a name of the IANA time zone database, such as Europe/Madrid
	Avatar      string // an address of a picture, which nobody here ever fetches
	MFARequired bool
}

// Phone is a telephone number of a person. One that exists is valid.
type Phone struct {
	Number  string // E.164, such as +34600123456
	Type    string // as sent: work, mobile and the like
	Primary bool
}

// FieldsOf reads the fields out of a person's attributes.
func FieldsOf(tree attribute.Value) Fields {
	usher := tree.Get(URNUsher)
	f := Fields{
		Title: tree.Get("title").Text(), Department: tree.Get(URNEnterprise).Get("department").Text(),
		Extension: usher.Get("extension").Text(), MFARequired: usher.Get("mfaRequired").Truth(),
	}
	for _, m := range tree.Get("phoneNumbers").Members() {
		if number, ok := ParsePhone(m.Value.Get("value").Text()); ok {
			f.Phones = append(f.Phones, Phone{Number: number, Type: m.Value.Get("type").Text(), Primary: m.Value.Get("primary").Truth()})
		}
	}
	f.Country = firstOf(tree.Get("addresses"), "country", ParseCountry)
	f.Language, _ = ParseLanguage(tree.Get("preferredLanguage").Text())
	if zone, err := ParseZone(tree.Get("timezone").Text()); err == nil {
		f.TimeZone = zone.Name()
	}
	f.Avatar = firstOf(tree.Get("photos"), "value", ParsePicture)
	return f
}

// Fields reads the typed fields of a person.
func (u *User) Fields() (Fields, error) {
	tree, err := u.Attributes()
	return FieldsOf(tree), err
}

// firstOf parses a sub-attribute of the primary item of a list, else of the first one that can be.
func firstOf(list attribute.Value, sub string, parse func(string) (string, bool)) string {
	first := ""
	for _, item := range list.Items() {
		value, ok := parse(item.Get(sub).Text())
		switch {
		case !ok:
		case item.Get("primary").Truth():
			return value
		case first == "":
			first = value
		}
	}
	return first
}

// ParsePhone reads a telephone number with its country, such as +34 600 123 456 or tel:+1-201-555-0123 (RFC 3966), as
// E.164. It must be of a length that the country has; whether it is in use nobody can say, and ranges are opened faster
// than lists of them are kept.
func ParsePhone(text string) (number string, ok bool) {
	const longest = 64
	if text == "" || len(text) > longest {
		return "", false
	}
	parsed, err := phonenumbers.Parse(text, "")
	if err != nil || !phonenumbers.IsPossibleNumber(parsed) {
		return "", false
	}
	return phonenumbers.Format(parsed, phonenumbers.E164), true
}

// countries are the codes of ISO 3166-1 alpha-2.
const countries = " AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ" +
	" CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR" +
	" GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP" +
	" KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU" +
	" MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW" +
	" SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ" +
	" UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW "

// ParseCountry reads a code of ISO 3166-1, of two letters or of three, as the one of two letters in capitals.
func ParseCountry(text string) (code string, ok bool) {
	if len(text) < 2 || len(text) > 3 || text[0] <= '9' {
		return "", false
	}
	region, err := language.ParseRegion(text)
	if err != nil {
		return "", false
	}
	code = region.String()
	return code, len(code) == 2 && strings.Contains(countries, " "+code+" ")
}

// ParseLanguage reads a language tag (BCP 47) of registered subtags, as its canonical form.
func ParseLanguage(text string) (tag string, ok bool) {
	const longest = 64
	if text == "" || len(text) > longest {
		return "", false
	}
	parsed, err := language.Parse(text)
	return parsed.String(), err == nil && parsed != language.Und
}

// maxPicture bounds the address of a picture, in bytes.
const maxPicture = 2048

// ParsePicture reads the web address of a picture: absolute, http or https, without a password in it.
func ParsePicture(text string) (address string, ok bool) {
	if text == "" || len(text) > maxPicture {
		return "", false
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || !slices.Contains([]string{"http", "https"}, u.Scheme) {
		return "", false
	}
	return u.String(), true
}

// ParseExtension reads a telephone extension: exactly four digits.
func ParseExtension(text string) (extension string, ok bool) {
	if len(text) != 4 {
		return "", false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return "", false
		}
	}
	return text, true
}

// ExtensionTaken is the refusal of an extension that another person has.
func ExtensionTaken() *Error {
	return &Error{
		Kind: Conflict, Code: CodeExtensionTaken, Field: fieldExtension,
		Message: "another person of the organisation has this extension; choose another one, or leave it out",
	}
}

// fieldExtension is the path of the extension as directories call it.
const fieldExtension = URNUsher + ":extension"

// extensionOf reads the extension out of a person's attributes. Invalid for one that is not of four digits.
func extensionOf(tree attribute.Value) (string, error) {
	text := tree.Get(URNUsher).Get("extension").Text()
	if text == "" {
		return "", nil
	}
	extension, ok := ParseExtension(text)
	if !ok {
		return "", InvalidField(fieldExtension, "use exactly four digits, 0000 to 9999")
	}
	return extension, nil
}

// FieldTx is the part of a unit of work that is about the fields of people beside their documents.
type FieldTx interface {
	UserFields() UserFields
	Managers() Managers
	Ownerships() Ownerships
}

// UserFields is the store of what is kept of people beside their documents. Who has which extension it learns from
// Users, as it does their e-mails.
type UserFields interface {
	// Communication reads somebody's telephone settings; the zero value where they have none.
	Communication(org OrganisationID, user UserID) (Communication, error)
	// PutCommunication writes them; the zero value removes them.
	PutCommunication(org OrganisationID, user UserID, c Communication) error
	// Shown reads what Usher's extension shows of people who are here.
	Shown(org OrganisationID, users []UserID, now time.Time) (map[UserID]Shown, error)
	// FreeExtension finds the lowest extension that nobody has, and keeps others from looking for one until the unit of
	// work ends; found is false when all are taken.
	FreeExtension(org OrganisationID) (extension string, found bool, err error)
}

// giveExtension gives the lowest free extension to a person who has none (rule user.extension-auto). Where all are taken
// the person stays without.
func giveExtension(tx Tx, u User, tree *attribute.Value) error {
	if usher := tree.Get(URNUsher); usher.Get("extension").Text() == "" {
		extension, found, err := tx.UserFields().FreeExtension(u.Organisation)
		if err != nil || !found {
			return err
		}
		usher.Set("extension", attribute.NewString(extension))
		tree.Set(URNUsher, usher)
	}
	return nil
}

// maxHandedOut bounds how often somebody is handed another extension.
const maxHandedOut = 20

// handingOut runs a unit of work that adds a person with the extension that was asked for. Where none was, and somebody who did
// ask for one took at the same moment the one that was handed out, it runs again, and finds the next.
func handingOut(asked string, run func() error) error {
	err := run()
	for range maxHandedOut {
		if asked != "" || !IsCode(err, CodeExtensionTaken) {
			break
		}
		err = run()
	}
	return err
}
