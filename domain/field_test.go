package domain_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

func TestParseFields(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		parse func(string) (string, bool)
		good  map[string]string
		bad   []string
	}{
		"phone": {domain.ParsePhone, map[string]string{
			"+34 600 123 456": "+34600123456", "+34600123456": "+34600123456", "tel:+1-201-555-0123": "+12015550123", "+44 (0)20 7946 0958": "+442079460958",
		}, []string{"", "600123456", "0034600123456", "+34600", "+999123456789", "call me", "+" + strings.Repeat("1", 99)}},
		"country": {domain.ParseCountry, map[string]string{"ES": "ES", "es": "ES", "ESP": "ES", "GB": "GB"}, []string{"", "UK", "XK", "DD", "EU", "Spain", "724", "E"}},
		"language": {domain.ParseLanguage, map[string]string{"es-ES": "es-ES", "en_us": "en-US", "de": "de", "zh-hant-tw": "zh-Hant-TW"},
			[]string{"", "spanish", "xx-YY", "und", strings.Repeat("a-", 60)}},
		"picture": {domain.ParsePicture, map[string]string{"https://cdn.acme.test/a.png?s=1": "https://cdn.acme.test/a.png?s=1"},
			[]string{"", "//cdn.acme.test/a", "javascript:alert(1)", "data:image/png;base64,AA==", "https://a:b@acme.test/", "https://" + strings.Repeat("a", 2048)}},
		"extension": {domain.ParseExtension, map[string]string{"0000": "0000", "9999": "9999"}, []string{"", "1", "00000", "12a4", "-123", "+123", "٠٠٠٠"}},
	} {
		for text, want := range c.good {
			got, ok := c.parse(text)
			require.True(t, ok, "%s %q", name, text)
			require.Equal(t, want, got, name)
		}
		for _, text := range c.bad {
			_, ok := c.parse(text)
			require.False(t, ok, "%s %q", name, text)
		}
	}
}

// userFields: what a directory sent is kept as it was sent, and read where it is what it should be; what is typed in is
// checked, and is what the directory sees.
func userFields(s *scene) {
	list := attribute.NewList
	object := attribute.NewComplex
	sent := []attribute.Member{
		{Name: "phoneNumbers", Value: list(
			object(storetest.Text("value", "600 123 456"), storetest.Text("type", "home")),
			object(storetest.Text("value", "+34 600-123-456"), storetest.Text("type", "mobile"), storetest.Truth("primary", true)))},
		storetest.Text("preferredLanguage", "es_ES"), storetest.Text("timezone", "Europe/Madrid"), storetest.Text("title", "Lead"),
		{Name: "addresses", Value: list(object(storetest.Text("country", "Spain")), object(storetest.Text("country", "es"), storetest.Text("locality", "Vigo")))},
		{Name: "photos", Value: list(object(storetest.Text("value", "https://cdn.acme.test/ana.png")))},
		{Name: domain.URNEnterprise, Value: object(storetest.Text("department", "Sales"))},
	}
	u := s.provision("ana@acme.test", sent...)
	for _, m := range sent {
		require.True(s, attribute.Equal(m.Value, s.attributesOf(s.user(u.ID)).Get(m.Name)), "%s as it was sent", m.Name)
	}
	fields := func() domain.Fields {
		s.Helper()
		u := s.found(u.ID)
		f, err := u.Fields()
		require.NoError(s, err)
		return f
	}
	want := domain.Fields{
		Phones: []domain.Phone{{Number: "+34600123456", Type: "mobile", Primary: true}}, Title: "Lead", Department: "Sales", Country: "ES",
		Language: "es-ES", TimeZone: "Europe/Madrid", Avatar: "https://cdn.acme.test/ana.png",
	}
	require.Equal(s, want, fields())

	edit := func(c domain.FieldChange) error {
		_, err := s.admin.Edit(s.Context(), s.boss(), u.ID, domain.IfMatch{}, domain.PersonChange{Fields: c})
		return err
	}
	for field, bad := range map[string]domain.FieldChange{
		"phone_numbers[0].value":           {Phones: &[]domain.Phone{{Number: "600123456"}}},
		"phone_numbers[1].value":           {Phones: &[]domain.Phone{{Number: "+34600123456"}, {Number: "+34 600123456"}}},
		"phone_numbers[1].primary":         {Phones: &[]domain.Phone{{Number: "+34600123456", Primary: true}, {Number: "+34600123457", Primary: true}}},
		"extension":                        {Extension: new("12")},
		"country":                          {Country: new("Spain")},
		"language":                         {Language: new("spanish")},
		"time_zone":                        {TimeZone: new("Madrid")},
		"avatar_url":                       {Avatar: new("javascript:alert(1)")},
		"department":                       {Department: new("a\nb")},
		"communication.log_level":          {Communication: &domain.Communication{LogLevel: "loud"}},
		"communication.sip_transport":      {Communication: &domain.Communication{SIPTransport: "sctp"}},
		"communication.audio_codecs":       {Communication: &domain.Communication{AudioCodecs: []string{"opus", "OPUS"}}},
		"communication.video_codecs":       {Communication: &domain.Communication{VideoCodecs: []string{"H 264"}}},
		"communication.telephony_language": {Communication: &domain.Communication{TelephonyLanguage: "?"}},
	} {
		err := edit(bad)
		storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
		require.Contains(s, err.Error(), "("+field+")")
	}
	require.Empty(s, s.eventsSince(func() {
		require.NoError(s, edit(domain.FieldChange{
			Phones: &want.Phones, Country: new("ESP"), Language: new("es_es"), TimeZone: &want.TimeZone, MFARequired: new(false),
			Communication: &domain.Communication{},
		}))
	}), "what is so already")
	require.EqualValues(s, 1, s.found(u.ID).Version)

	settings := domain.Communication{AutoAnswer: new(true), AudioCodecs: []string{"opus", "PCMU"}, SIPTransport: domain.SIPOverTLS}
	events := s.eventsSince(func() {
		require.NoError(s, edit(domain.FieldChange{
			Phones: &[]domain.Phone{{Number: "+1 201 555 0123", Type: "work"}}, Extension: new("0042"), Department: new(""),
			Country: new("PT"), Language: new("pt-PT"), TimeZone: new("Europe/Lisbon"), Avatar: new(""), MFARequired: new(true),
			Communication: &settings,
		}))
	})
	require.Equal(s, []domain.EventType{domain.UserUpdated}, eventTypes(events))
	require.True(s, events[0].After.Get("communication").Get("auto_answer").Truth())
	require.Equal(s, domain.Fields{
		Phones: []domain.Phone{{Number: "+12015550123", Type: "work"}}, Title: "Lead", Country: "PT", Language: "pt-PT",
		TimeZone: "Europe/Lisbon", Extension: "0042", MFARequired: true,
	}, fields())
	tree := s.attributesOf(s.user(u.ID))
	require.Equal(s, "+12015550123", tree.Get("phoneNumbers").Item(0).Get("value").Text(), "the directory sees it")
	require.Equal(s, "Vigo", tree.Get("addresses").Item(1).Get("locality").Text(), "the rest of an address stays")
	require.Equal(s, "0042", tree.Get(domain.URNUsher).Get("extension").Text())
	p, err := s.admin.Person(s.Context(), s.boss(), u.ID)
	require.NoError(s, err)
	require.Equal(s, settings, p.Communication)
	require.EqualValues(s, 2, p.Version)
	require.NoError(s, edit(domain.FieldChange{Communication: &domain.Communication{}, Country: new(""), Extension: new("")}))
	p, err = s.admin.Person(s.Context(), s.boss(), u.ID)
	require.NoError(s, err)
	require.True(s, p.Communication.IsZero())
	require.Empty(s, fields().Country)
	require.Empty(s, fields().Extension)
}

// userRequiredPolicy: an organisation can demand more of who is added by hand; a directory is not asked.
func userRequiredPolicy(s *scene) {
	staff, blue := s.staff(), s.team("Blue")
	profile := s.profile("Callers", nil)
	s.policy(func(p *domain.Policy) {
		p.Required = domain.RequiredFields{Profile: true, Team: true, Country: true, Language: true}
	})
	person := domain.NewPerson{FullName: "Ana", Email: "ana@acme.test", Role: staff}
	add := func() error {
		_, err := s.admin.Add(s.Context(), s.boss(), person)
		return err
	}
	for _, step := range []struct {
		field string
		give  func()
	}{
		{"profile", func() { person.Profile = profile.ID }},
		{"team", func() { person.Team = blue.ID }},
		{"country", func() { person.Fields.Country = new("ES") }},
		{"language", func() { person.Fields.Language = new("es") }},
	} {
		err := add()
		storetest.Refused(s, err, domain.Invalid, domain.CodeRequired)
		require.Contains(s, err.Error(), "("+step.field+")")
		step.give()
	}
	require.NoError(s, add())
	id := s.signsInBy("ana@acme.test")
	given, err := s.admin.UserAccess(s.Context(), s.boss(), id)
	require.NoError(s, err)
	require.Equal(s, []any{staff, profile.ID, blue.ID}, []any{given.Role.ID, given.Profile.ID, given.Team.ID})
	s.provision("pushed@acme.test")
}

// userExtensionAuto: who is added without an extension gets the lowest free one, whatever the door, and however many are
// added at the same moment; one that is taken is refused.
func userExtensionAuto(s *scene) {
	extension := func(u domain.User) string {
		s.Helper()
		found := s.found(u.ID)
		f, err := found.Fields()
		require.NoError(s, err)
		return f.Extension
	}
	require.Empty(s, extension(s.provision("before@acme.test")), "nobody hands them out")
	s.policy(func(p *domain.Policy) { p.ExtensionAuto = true })
	var err error
	s.caller, err = s.directory.Authenticate(s.Context(), s.tenant.Bearer)
	require.NoError(s, err)
	require.True(s, s.caller.HandsOutExtensions)
	second := s.provision("b@acme.test", storetest.Extension("0001"))
	require.Equal(s, "0000", extension(s.provision("a@acme.test")))
	require.Equal(s, "0001", extension(second))
	require.Equal(s, "0002", extension(s.add("c@acme.test")))
	storetest.Refused(s, s.tryProvision("d@acme.test", storetest.Extension("0002")), domain.Conflict, domain.CodeExtensionTaken)
	storetest.Refused(s, s.tryProvision("d@acme.test", storetest.Extension("2")), domain.Invalid, domain.CodeInvalidValue)
	_, err = s.tryChange(second.ID, storetest.Setting(storetest.Extension("0000")))
	storetest.Refused(s, err, domain.Conflict, domain.CodeExtensionTaken)
	s.deprovision(second.ID)
	require.Equal(s, "0001", extension(s.provision("e@acme.test")), "free again")

	const n = 12
	other := domain.NewDirectory(s.store, s.clock.Environment())
	staff := s.staff()
	errs := concurrently(n, func(i int) error {
		name := "at-once-" + string(rune('a'+i)) + "@acme.test"
		switch i % 3 {
		case 0:
			_, err := s.admin.Add(s.Context(), s.boss(), domain.NewPerson{FullName: "X", Email: name, Role: staff})
			return err
		case 1:
			_, err := other.Provision(s.Context(), s.caller, storetest.Person(name))
			return err
		}
		return s.tryProvision(name)
	})
	require.Equal(s, map[string]int{"": n}, outcomes(s.T, errs))
	page, err := s.directory.Users(s.Context(), s.caller, domain.Query{Limit: 100})
	require.NoError(s, err)
	people, err := s.admin.People(s.Context(), s.boss(), domain.PeopleQuery{Sort: "created", Limit: 100})
	require.NoError(s, err)
	require.Greater(s, len(people.Items), len(page.Items))
	seen := map[string]bool{}
	for _, p := range people.Items {
		f, err := p.Fields()
		require.NoError(s, err)
		require.False(s, f.Extension != "" && seen[f.Extension], "%s twice", f.Extension)
		seen[f.Extension] = true
	}
	require.True(s, seen["0014"], "the lowest: %v", seen)
	require.Len(s, seen, 3+n+1, "and who was here before has none")
}

// userExtensionAutoBeside: whoever is handed an extension gets one, by whatever door, however many say at the same moment which
// one is theirs.
func userExtensionAutoBeside(s *scene) {
	s.policy(func(p *domain.Policy) { p.ExtensionAuto = true })
	s.again()
	staff := s.staff()
	for round := range 4 {
		const n = 12
		errs := concurrently(n, func(i int) error {
			name := fmt.Sprintf("u%d-%d@acme.test", round, i)
			switch i % 4 {
			case 0:
				return s.tryProvision(name)
			case 1:
				_, err := s.admin.Add(s.Context(), s.boss(), domain.NewPerson{FullName: "X", Email: name, Role: staff})
				return err
			}
			return s.tryProvision(name, storetest.Extension(fmt.Sprintf("%04d", n*round+i/2)))
		})
		for i, err := range errs {
			if err != nil {
				require.GreaterOrEqual(s, i%4, 2, "who asked for none is refused none: %v", err)
				storetest.Refused(s, err, domain.Conflict, domain.CodeExtensionTaken)
			}
		}
	}
}
