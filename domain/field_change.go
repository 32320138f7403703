package domain

import (
	"slices"
	"strconv"
	"strings"

	"usher/domain/attribute"
)

// FieldChange is what changes by hand of somebody's [Fields]: nil leaves a field as it is, an empty text or list removes
// it. Each is written where a directory would have sent it, so that there is one truth.
type FieldChange struct {
	Phones        *[]Phone // in place of all that are there; Number as typed in, with the country
	Extension     *string
	Department    *string
	Manager       *UserID // zero: nobody
	Country       *string
	Language      *string
	TimeZone      *string
	Avatar        *string
	MFARequired   *bool
	Communication *Communication // in place of all settings; the zero value removes them
}

// maxPhones bounds the telephone numbers of a person that are typed in.
const maxPhones = 20

// parsed checks the fields that change, and spells them canonically. Invalid, naming each field as REST does.
func (c FieldChange) parsed() (FieldChange, error) {
	var err error
	if c.Phones != nil {
		if c.Phones, err = parsePhones(*c.Phones); err != nil {
			return c, err
		}
	}
	if c.Department != nil {
		if err := personText("department", *c.Department); err != nil {
			return c, err
		}
	}
	zone := func(name string) (string, bool) {
		z, err := ParseZone(name)
		return z.Name(), err == nil
	}
	for _, field := range []struct {
		name, remedy string
		value        **string
		parse        func(string) (string, bool)
	}{
		{"extension", "use exactly four digits, 0000 to 9999, or an empty text for none", &c.Extension, ParseExtension},
		{"country", "use a code of ISO 3166-1, such as ES", &c.Country, ParseCountry},
		{"language", "use a language tag (BCP 47), such as es-ES", &c.Language, ParseLanguage},
		{"time_zone", "use a name of the IANA time zone database, such as Europe/Madrid", &c.TimeZone, zone},
		{"avatar_url", "use an absolute address that begins with https:// or http://, of at most 2,048 characters", &c.Avatar, ParsePicture},
	} {
		if *field.value == nil || **field.value == "" {
			continue
		}
		value, ok := field.parse(**field.value)
		if !ok {
			return c, InvalidField(field.name, field.remedy)
		}
		*field.value = &value
	}
	if c.Communication != nil {
		settings, err := c.Communication.Parse()
		if err != nil {
			return c, err
		}
		c.Communication = &settings
	}
	return c, nil
}

func parsePhones(typed []Phone) (*[]Phone, error) {
	const field = "phone_numbers"
	if len(typed) > maxPhones {
		return nil, tooMany(field, "give at most "+strconv.Itoa(maxPhones)+" telephone numbers")
	}
	phones, primary := make([]Phone, 0, len(typed)), false
	for i, p := range typed {
		at := field + "[" + strconv.Itoa(i) + "]"
		number, ok := ParsePhone(strings.TrimSpace(p.Number))
		if !ok {
			return nil, InvalidField(at+".value", "give the number with its country, such as +34 600 123 456")
		}
		if err := personText(at+".type", p.Type); err != nil {
			return nil, err
		}
		if p.Primary && primary {
			return nil, InvalidField(at+".primary", "make one number the primary one")
		}
		primary = primary || p.Primary
		p.Number = number
		if slices.ContainsFunc(phones, func(other Phone) bool { return other.Number == number && other.Type == p.Type }) {
			return nil, InvalidField(at+".value", "give each number once")
		}
		phones = append(phones, p)
	}
	return &phones, nil
}

// apply writes what changes into a person's attributes. A field that has the value already keeps its spelling there.
func (c FieldChange) apply(tree *attribute.Value) {
	is := FieldsOf(*tree)
	if c.Phones != nil && (len(*c.Phones) == 0 || !slices.Equal(*c.Phones, is.Phones)) {
		setOrDelete(tree, "phoneNumbers", phoneList(*c.Phones))
	}
	if differs(c.Department, is.Department) {
		within(tree, URNEnterprise, "department", textValue(*c.Department))
	}
	if differs(c.Country, is.Country) {
		setOrDelete(tree, "addresses", withCountry(tree.Get("addresses"), *c.Country))
	}
	if differs(c.Language, is.Language) {
		setOrDelete(tree, "preferredLanguage", textValue(*c.Language))
	}
	if differs(c.TimeZone, is.TimeZone) {
		setOrDelete(tree, "timezone", textValue(*c.TimeZone))
	}
	if differs(c.Avatar, is.Avatar) {
		setOrDelete(tree, "photos", pictureList(*c.Avatar))
	}
	if differs(c.Extension, is.Extension) {
		within(tree, URNUsher, "extension", textValue(*c.Extension))
	}
	if c.MFARequired != nil && *c.MFARequired != is.MFARequired {
		within(tree, URNUsher, "mfaRequired", attribute.NewBool(*c.MFARequired))
	}
}

// differs reports that a field changes. One that is removed always does: there may be something that is no such thing.
func differs(sent *string, is string) bool { return sent != nil && (*sent == "" || *sent != is) }

// textValue is a text as an attribute; Null for the empty one.
func textValue(s string) attribute.Value {
	if s == "" {
		return attribute.Value{}
	}
	return attribute.NewString(s)
}

func setOrDelete(of *attribute.Value, name string, v attribute.Value) {
	if v.Assigned() {
		of.Set(name, v)
		return
	}
	of.Delete(name)
}

// within sets an attribute of an extension; an extension of which nothing is left goes.
func within(tree *attribute.Value, urn, name string, v attribute.Value) {
	extension := tree.Get(urn)
	if extension.Kind() != attribute.Complex {
		extension = attribute.NewComplex()
	}
	setOrDelete(&extension, name, v)
	setOrDelete(tree, urn, extension)
}

func phoneList(phones []Phone) attribute.Value {
	items := make([]attribute.Value, len(phones))
	for i, p := range phones {
		items[i] = texts("value", p.Number, "type", p.Type)
		if p.Primary {
			items[i].Set("primary", attribute.NewBool(true))
		}
	}
	return attribute.NewList(items...)
}

func pictureList(address string) attribute.Value {
	if address == "" {
		return attribute.Value{}
	}
	picture := texts("value", address, "type", "photo")
	picture.Set("primary", attribute.NewBool(true))
	return attribute.NewList(picture)
}

// withCountry sets the country of the address that [FieldsOf] reads it from: of the primary one, else of the first. With
// an empty code it goes from all of them, and with it the addresses that say nothing else.
func withCountry(addresses attribute.Value, code string) attribute.Value {
	items := addresses.Items()
	if code != "" {
		if len(items) == 0 {
			return attribute.NewList(texts("country", code, "type", "work"))
		}
		at := max(0, slices.IndexFunc(items, func(a attribute.Value) bool { return a.Get("primary").Truth() }))
		items[at].Set("country", attribute.NewString(code))
		return attribute.NewList(items...)
	}
	var kept []attribute.Value
	for _, item := range items {
		item.Delete("country")
		if slices.ContainsFunc(item.Members(), func(m attribute.Member) bool { return m.Name != "type" && m.Name != "primary" }) {
			kept = append(kept, item)
		}
	}
	return attribute.NewList(kept...)
}
