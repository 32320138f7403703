package api

import "usher/domain"

// phone is one telephone number of a person.
type phone struct {
	Value   string `json:"value" doc:"With the country, such as +34 600 123 456; answered as E.164." example:"+34600123456" minLength:"1" maxLength:"64"`
	Type    string `json:"type,omitempty" doc:"Such as work or mobile." maxLength:"256"`
	Primary bool   `json:"primary,omitempty"`
}

// UserFields are what is known of a person beside names and e-mails. What a directory sent and is no such thing shows among the
// attributes alone.
type UserFields struct {
	PhoneNumbers []phone `json:"phone_numbers" nullable:"false"`
	Extension    *string `json:"extension" doc:"Of the telephone: four digits, unique in the organisation."`
	Title        *string `json:"title"`
	Department   *string `json:"department"`
	Country      *string `json:"country" doc:"ISO 3166-1." example:"ES"`
	Language     *string `json:"language" doc:"BCP 47." example:"es-ES"`
	TimeZone     *string `json:"time_zone" doc:"IANA." example:"Europe/Madrid"`
	AvatarURL    *string `json:"avatar_url" doc:"The service never fetches it."`
	MFARequired  bool    `json:"mfa_required" doc:"A second factor is demanded of this person, whatever the policy says of others."`
}

// communication is how a person's telephone is set. What is null is left to the application.
type communication struct {
	TelephonyLanguage *string   `json:"telephony_language,omitempty" nullable:"true" doc:"BCP 47." example:"es-ES" maxLength:"64"`
	AutoAnswer        *bool     `json:"auto_answer,omitempty" nullable:"true"`
	AutomaticGain     *bool     `json:"automatic_gain_control,omitempty" nullable:"true"`
	EchoCancellation  *bool     `json:"echo_cancellation,omitempty" nullable:"true"`
	NoiseReduction    *bool     `json:"noise_reduction,omitempty" nullable:"true"`
	LogLevel          *string   `json:"log_level,omitempty" nullable:"true" enum:"error,warn,info,debug"`
	AudioCodecs       *[]string `json:"audio_codecs,omitempty" nullable:"true" doc:"The preferred one first." example:"[\"opus\",\"PCMU\"]" maxItems:"32"`
	VideoCodecs       *[]string `json:"video_codecs,omitempty" nullable:"true" doc:"The preferred one first." example:"[\"VP8\"]" maxItems:"32"`
	SIPTransport      *string   `json:"sip_transport,omitempty" nullable:"true" enum:"udp,tcp,tls,wss"`
}

// UserFieldsSent is what a request says of those.
type UserFieldsSent struct {
	Title         *string        `json:"title,omitempty" maxLength:"256"`
	PhoneNumbers  *[]phone       `json:"phone_numbers,omitempty" doc:"In place of all that are there." maxItems:"20"`
	Extension     *string        `json:"extension,omitempty" doc:"Four digits that nobody else of the organisation has." example:"0042" maxLength:"4"`
	Department    *string        `json:"department,omitempty" maxLength:"256"`
	ManagerID     textOrNull     `json:"manager_id,omitzero" maxLength:"36" doc:"Anybody of the organisation who does not report to the person at any distance, whichever directory has either; null: nobody."`
	Country       *string        `json:"country,omitempty" doc:"ISO 3166-1." example:"ES" maxLength:"3"`
	Language      *string        `json:"language,omitempty" doc:"BCP 47." example:"es-ES" maxLength:"64"`
	TimeZone      *string        `json:"time_zone,omitempty" doc:"IANA." example:"Europe/Madrid" maxLength:"64"`
	AvatarURL     *string        `json:"avatar_url,omitempty" doc:"Absolute, http or https; never fetched." example:"https://cdn.acme.test/ana.png" maxLength:"2048"`
	MFARequired   *bool          `json:"mfa_required,omitempty"`
	Communication *communication `json:"communication,omitempty" doc:"In place of all settings: what is not sent is left to the application."`
}

// change is what a request asks of the domain.
func (f UserFieldsSent) change() (domain.FieldChange, error) {
	c := domain.FieldChange{
		Extension: f.Extension, Department: f.Department, Country: f.Country, Language: f.Language, TimeZone: f.TimeZone,
		Avatar: f.AvatarURL, MFARequired: f.MFARequired,
	}
	if f.PhoneNumbers != nil {
		phones := make([]domain.Phone, len(*f.PhoneNumbers))
		for i, p := range *f.PhoneNumbers {
			phones[i] = domain.Phone{Number: p.Value, Type: p.Type, Primary: p.Primary}
		}
		c.Phones = &phones
	}
	if f.Communication != nil {
		settings := f.Communication.settings()
		c.Communication = &settings
	}
	if !f.ManagerID.sent {
		return c, nil
	}
	manager, err := filtered[domain.User]("manager_id", f.ManagerID.text)
	c.Manager = &manager
	return c, err
}

func (c communication) settings() domain.Communication {
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	list := func(l *[]string) []string {
		if l == nil {
			return nil
		}
		return *l
	}
	return domain.Communication{
		TelephonyLanguage: text(c.TelephonyLanguage), AutoAnswer: c.AutoAnswer, AutomaticGain: c.AutomaticGain,
		EchoCancellation: c.EchoCancellation, NoiseReduction: c.NoiseReduction, LogLevel: domain.LogLevel(text(c.LogLevel)),
		AudioCodecs: list(c.AudioCodecs), VideoCodecs: list(c.VideoCodecs), SIPTransport: domain.SIPTransport(text(c.SIPTransport)),
	}
}

// showCommunication shows how a telephone is set; nil where nothing is.
func showCommunication(c domain.Communication) *communication {
	if c.IsZero() {
		return nil
	}
	list := func(l []string) *[]string {
		if len(l) == 0 {
			return nil
		}
		return &l
	}
	return &communication{
		TelephonyLanguage: orNil(c.TelephonyLanguage), AutoAnswer: c.AutoAnswer, AutomaticGain: c.AutomaticGain,
		EchoCancellation: c.EchoCancellation, NoiseReduction: c.NoiseReduction, LogLevel: orNil(string(c.LogLevel)),
		AudioCodecs: list(c.AudioCodecs), VideoCodecs: list(c.VideoCodecs), SIPTransport: orNil(string(c.SIPTransport)),
	}
}

func showFields(f domain.Fields) UserFields {
	shown := UserFields{
		PhoneNumbers: []phone{}, Extension: orNil(f.Extension), Title: orNil(f.Title), Department: orNil(f.Department),
		Country: orNil(f.Country), Language: orNil(f.Language), TimeZone: orNil(f.TimeZone), AvatarURL: orNil(f.Avatar),
		MFARequired: f.MFARequired,
	}
	for _, p := range f.Phones {
		shown.PhoneNumbers = append(shown.PhoneNumbers, phone{Value: p.Number, Type: p.Type, Primary: p.Primary})
	}
	return shown
}
