package signin

import (
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"usher/domain"
)

// Codes of authenticator apps (RFC 6238): six digits that change every 30 seconds, of which the one before and the one after
// are good as well, since clocks differ (section 5.2).
const (
	seedSize  = 20 // bytes (RFC 4226 section 4, R6)
	codeStep  = 30 * time.Second
	codeSkew  = 1
	seedGroup = 4                // letters
	seedFor   = 30 * time.Minute // from when it is shown until it is confirmed
)

// seedText is how apps spell a seed.
func seedText() *base32.Encoding { return base32.StdEncoding.WithPadding(base32.NoPadding) }

// newSeed makes what a person's app and this server know together.
func (h *Handler) newSeed() (string, error) {
	raw := make([]byte, seedSize)
	if _, err := io.ReadFull(h.Random, raw); err != nil {
		return "", fmt.Errorf("signin: make a seed: %w", err)
	}
	return seedText().EncodeToString(raw), nil
}

// seedPlace binds a sealed seed to whose it is.
func seedPlace(org domain.OrganisationID, user domain.UserID) []byte {
	return []byte("totp seed " + org.String() + " " + user.String())
}

// pendingPlace binds a seed that is being set up to the session that does so.
func pendingPlace(s domain.Session) []byte {
	return []byte("totp setup " + s.Organisation.String() + " " + s.User.String() + " " + s.ID.String())
}

// sealPending seals a seed for the form that confirms it: nothing is kept of it here until a code of it was right.
func (h *Handler) sealPending(s domain.Session, seed string) (string, error) {
	text := binary.BigEndian.AppendUint64(nil, uint64(h.Now().Add(seedFor).UnixMilli()))
	sealed, err := h.Seal(append(text, seed...), pendingPlace(s))
	return seedText().EncodeToString(sealed), err
}

// openPending gives back the seed of a form; ok is false for one of another session, or of too long ago.
func (h *Handler) openPending(s domain.Session, form string) (seed string, ok bool) {
	sealed, err := seedText().DecodeString(form)
	if err != nil {
		return "", false
	}
	text, err := h.Open(sealed, pendingPlace(s))
	if err != nil || len(text) < 8 || h.Now().UnixMilli() >= int64(binary.BigEndian.Uint64(text)) {
		return "", false
	}
	return string(text[8:]), true
}

// rightCode looks for the time step that a code is of.
func rightCode(seed, typed string, now time.Time) (step int64, right bool) {
	typed = strings.NewReplacer(" ", "", "-", "").Replace(strings.TrimSpace(typed))
	current := now.Unix() / int64(codeStep/time.Second)
	for at := current - codeSkew; at <= current+codeSkew; at++ {
		want, err := hotp.GenerateCodeCustom(seed, uint64(at), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(typed)) == 1 {
			step, right = at, true
		}
	}
	return step, right
}

// checkCode checks a code against what is kept of a person's app.
func (h *Handler) checkCode(typed string) domain.CodeCheck {
	return func(f domain.SecondFactor) (int64, bool) {
		if f.Kind != domain.FactorTOTP {
			return 0, false
		}
		seed, err := h.Open(f.Sealed, seedPlace(f.Organisation, f.User))
		if err != nil {
			return 0, false
		}
		return rightCode(string(seed), typed, h.Now())
	}
}

// setup is what an app is told: by a picture, by an address, or typed by hand.
type setup struct {
	Pending string // the seed, sealed, for the form
	Groups  string // the seed, in groups of letters
	URL     string // otpauth:
	Link    template.URL
	Size    int    // of the picture, in modules
	Path    string // of the picture, in the words of SVG
}

// newSetup makes a seed for a person, whose app shows it under the organisation's name.
func (h *Handler) newSetup(s domain.Session, issuer, account string) (setup, error) {
	seed, err := h.newSeed()
	if err != nil {
		return setup{}, err
	}
	return h.setupOf(s, seed, issuer, account)
}

// setupOf shows a seed, again where a code of it was wrong.
func (h *Handler) setupOf(s domain.Session, seed, issuer, account string) (setup, error) {
	raw, err := seedText().DecodeString(seed)
	if err != nil {
		return setup{}, fmt.Errorf("signin: read a seed: %w", err)
	}
	plain := strings.NewReplacer(":", " ") // which parts the two in an app
	key, err := totp.Generate(totp.GenerateOpts{Issuer: plain.Replace(issuer), AccountName: plain.Replace(account), Secret: raw, Digits: otp.DigitsSix})
	if err != nil {
		return setup{}, fmt.Errorf("signin: spell a seed: %w", err)
	}
	shown := setup{URL: key.URL(), Groups: grouped(seed)}
	if shown.Pending, err = h.sealPending(s, seed); err != nil {
		return setup{}, err
	}
	shown.Size, shown.Path, err = drawing(key.URL())
	return shown, err
}

// grouped is a seed as people read it.
func grouped(seed string) string {
	var b strings.Builder
	for i, r := range seed {
		if i > 0 && i%seedGroup == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// drawing is a QR code (ISO/IEC 18004) as the path of an SVG: each dark row of modules is one bar. Around it are the four
// light modules that readers need.
func drawing(text string) (size int, path string, err error) {
	const quiet = 4
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return 0, "", fmt.Errorf("signin: draw a QR code: %w", err)
	}
	var b strings.Builder
	bounds := code.Bounds()
	dark := func(x, y int) bool {
		r, _, _, _ := code.At(x, y).RGBA()
		return r == 0
	}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; {
			if !dark(x, y) {
				x++
				continue
			}
			from := x
			for x < bounds.Max.X && dark(x, y) {
				x++
			}
			fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
		}
	}
	return bounds.Dx() + 2*quiet, b.String(), nil
}
