package domain

import (
	"slices"
	"strconv"
	"strings"

	"usher/domain/attribute"
)

// Communication is how somebody's telephone is set. The zero value leaves everything to the application.
type Communication struct {
	TelephonyLanguage string // a BCP 47 tag, such as es-ES
	AutoAnswer        *bool
	AutomaticGain     *bool // automatic gain control of the microphone
	EchoCancellation  *bool
	NoiseReduction    *bool
	LogLevel          LogLevel
	AudioCodecs       []string // the preferred one first
	VideoCodecs       []string
	SIPTransport      SIPTransport
}

// LogLevel is how much somebody's telephone notes down.
type LogLevel string

// The log levels.
const (
	LogError LogLevel = "error"
	LogWarn  LogLevel = "warn"
	LogInfo  LogLevel = "info"
	LogDebug LogLevel = "debug"
)

// SIPTransport is what carries SIP (RFC 3261 section 18, RFC 7118).
type SIPTransport string

// The transports of SIP.
const (
	SIPOverUDP SIPTransport = "udp"
	SIPOverTCP SIPTransport = "tcp"
	SIPOverTLS SIPTransport = "tls"
	SIPOverWSS SIPTransport = "wss"
)

// Bounds of a list of codecs and of a codec's name.
const (
	maxCodecs    = 32
	maxCodecName = 32
)

// IsZero reports whether nothing is set.
func (c Communication) IsZero() bool { return !c.tree().Assigned() }

// Parse checks the settings, and spells them canonically. Invalid, naming the field below communication.
func (c Communication) Parse() (Communication, error) {
	if c.TelephonyLanguage != "" {
		tag, ok := ParseLanguage(c.TelephonyLanguage)
		if !ok {
			return c, InvalidField("communication.telephony_language", "use a language tag (BCP 47), such as es-ES")
		}
		c.TelephonyLanguage = tag
	}
	if c.LogLevel != "" {
		if err := oneOf("communication.log_level", c.LogLevel, LogError, LogWarn, LogInfo, LogDebug); err != nil {
			return c, err
		}
	}
	if c.SIPTransport != "" {
		if err := oneOf("communication.sip_transport", c.SIPTransport, SIPOverUDP, SIPOverTCP, SIPOverTLS, SIPOverWSS); err != nil {
			return c, err
		}
	}
	if err := codecs("communication.audio_codecs", c.AudioCodecs); err != nil {
		return c, err
	}
	return c, codecs("communication.video_codecs", c.VideoCodecs)
}

// codecs checks a list of names of codecs, as media types have them (RFC 4855): opus, PCMU, G722, VP8, H264.
func codecs(field string, list []string) error {
	if len(list) > maxCodecs {
		return tooMany(field, "name at most "+strconv.Itoa(maxCodecs)+" codecs")
	}
	for i, name := range list {
		if !isCodec(name) {
			return InvalidField(field, "use names of codecs such as opus, PCMU or H264: letters, digits, hyphens, dots and slashes, at most "+strconv.Itoa(maxCodecName))
		}
		if slices.ContainsFunc(list[:i], func(other string) bool { return strings.EqualFold(other, name) }) {
			return InvalidField(field, "name each codec once, the preferred one first")
		}
	}
	return nil
}

func isCodec(name string) bool {
	if name == "" || len(name) > maxCodecName {
		return false
	}
	for i := range len(name) {
		switch c := name[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case i > 0 && (c == '-' || c == '.' || c == '/'):
		default:
			return false
		}
	}
	return true
}

// tree is the settings as the store and the event log have them; Null for none.
func (c Communication) tree() attribute.Value {
	tree := attribute.NewComplex()
	text := func(name, value string) {
		if value != "" {
			tree.Set(name, attribute.NewString(value))
		}
	}
	truth := func(name string, value *bool) {
		if value != nil {
			tree.Set(name, attribute.NewBool(*value))
		}
	}
	list := func(name string, values []string) {
		if len(values) > 0 {
			tree.Set(name, textList(values))
		}
	}
	text("telephony_language", c.TelephonyLanguage)
	truth("auto_answer", c.AutoAnswer)
	truth("automatic_gain", c.AutomaticGain)
	truth("echo_cancellation", c.EchoCancellation)
	truth("noise_reduction", c.NoiseReduction)
	text("log_level", string(c.LogLevel))
	list("audio_codecs", c.AudioCodecs)
	list("video_codecs", c.VideoCodecs)
	text("sip_transport", string(c.SIPTransport))
	if tree.Len() == 0 {
		return attribute.Value{}
	}
	return tree
}

// Text is the settings for the store; empty for none. [CommunicationFrom] reads it.
func (c Communication) Text() string {
	tree := c.tree()
	if !tree.Assigned() {
		return ""
	}
	return string(attribute.AppendJSON(nil, tree))
}

// CommunicationFrom reads what Text made. Internal.
func CommunicationFrom(text string) (Communication, error) {
	if text == "" {
		return Communication{}, nil
	}
	tree, err := attribute.Read([]byte(text), attribute.Bounds{})
	if err != nil {
		return Communication{}, &Error{Kind: Internal, Code: CodeInternal, Message: "stored telephone settings cannot be read", Err: err}
	}
	truth := func(name string) *bool {
		if v := tree.Get(name); v.Kind() == attribute.Bool {
			is := v.Truth()
			return &is
		}
		return nil
	}
	list := func(name string) []string {
		var values []string
		for _, item := range tree.Get(name).Items() {
			values = append(values, item.Text())
		}
		return values
	}
	return Communication{
		TelephonyLanguage: tree.Get("telephony_language").Text(),
		AutoAnswer:        truth("auto_answer"), AutomaticGain: truth("automatic_gain"),
		EchoCancellation: truth("echo_cancellation"), NoiseReduction: truth("noise_reduction"),
		LogLevel:    LogLevel(tree.Get("log_level").Text()),
		AudioCodecs: list("audio_codecs"), VideoCodecs: list("video_codecs"),
		SIPTransport: SIPTransport(tree.Get("sip_transport").Text()),
	}, nil
}

// beside is the part of a change that is kept beside the document.
func (c FieldChange) beside(tx Tx, u User) (aside, error) {
	if c.Communication == nil {
		return aside{}, nil
	}
	was, err := tx.UserFields().Communication(u.Organisation, u.ID)
	if err != nil {
		return aside{}, err
	}
	return aside{
		name: "communication", was: was.tree(), is: c.Communication.tree(),
		write: func() error { return tx.UserFields().PutCommunication(u.Organisation, u.ID, *c.Communication) },
	}, nil
}
