package domain

import "time"

// SecondFactor is something that proves a person beside a password. Its seed is sealed under the secret key of the
// installation.
type SecondFactor struct {
	Organisation OrganisationID
	User         UserID
	Kind         string // "totp"
	Sealed       []byte
	ConfirmedAt  time.Time // a code of it was right once; zero: it is being set up, and counts for nothing
	Step         int64     // the time step of the last code that was used; that one, and those before, are good no longer (RFC 6238 section 5.2)
}

// FactorTOTP is the kind of a second factor whose codes change with the time (RFC 6238).
const FactorTOTP = "totp"

// SecondFactors is the store of second factors. A person has at most one of a kind.
type SecondFactors interface {
	// Put writes a factor in place of the one of its kind.
	Put(f SecondFactor) error
	// List gives somebody's factors, by kind.
	List(org OrganisationID, user UserID) ([]SecondFactor, error)
	// Use notes the time step of a code that was right; the unit of work runs again when it, or a later one, was used.
	Use(f SecondFactor, step int64) error
	// Remove removes all of somebody and says how many there were.
	Remove(org OrganisationID, user UserID) (int, error)
}

// Factor is by what a session was proved beside a password.
type Factor string

// The factors of a session.
const (
	FactorNone     Factor = ""
	FactorCode     Factor = "totp"
	FactorRecovery Factor = "recovery_code"
	FactorPasskey  Factor = "passkey"
	FactorDevice   Factor = "remembered_device" // which had shown one before
)

// CodeCheck looks at what is kept of a second factor, as it was sealed, and says whether a code is right, and of which time
// step it is. It has no effect, and may be asked more than once.
type CodeCheck func(f SecondFactor) (step int64, right bool)

// Factors is all that there is to know of what proves somebody beside a password; no secret is among it.
type Factors struct {
	CodesSince  time.Time // since when an authenticator app gives codes; zero: none does
	Recovery    int       // recovery codes that are left
	RecoveryOf  time.Time // when they were made; zero: never
	Passkeys    []Passkey // the newest first
	Devices     []Device  // the newest first
	Required    bool      // a second factor is demanded, by the policy or of this person (rule access.mfa)
	MustEnrol   bool      // at the next sign-in, since an administrator removed the last one (rule mfa.reset)
	HasPassword bool
}

// Any reports whether there is a second factor; recovery codes alone are none.
func (f Factors) Any() bool { return !f.CodesSince.IsZero() || len(f.Passkeys) > 0 }

// factorsOf reads all about somebody.
func factorsOf(tx Tx, org OrganisationID, user UserID, now time.Time) (Factors, error) {
	var f Factors
	factors, err := tx.SecondFactors().List(org, user)
	if err != nil {
		return f, err
	}
	for _, x := range factors {
		if x.Kind == FactorTOTP {
			f.CodesSince = x.ConfirmedAt
		}
	}
	if f.Passkeys, err = tx.Passkeys().List(org, user); err != nil {
		return f, err
	}
	if f.Recovery, f.RecoveryOf, err = tx.RecoveryCodes().Left(org, user); err != nil {
		return f, err
	}
	if f.Devices, err = tx.Devices().List(org, user, now); err != nil {
		return f, err
	}
	held, _, err := tx.SignIns().Get(org, user)
	if err != nil {
		return f, err
	}
	f.MustEnrol, f.HasPassword = held.Enrol, held.Password != ""
	f.Required, err = factorDemanded(tx, org, user)
	return f, err
}

// hasFactor reports whether somebody has a second factor that works.
func hasFactor(tx Tx, org OrganisationID, user UserID) (bool, error) {
	factors, err := tx.SecondFactors().List(org, user)
	if err != nil {
		return false, err
	}
	for _, f := range factors {
		if !f.ConfirmedAt.IsZero() {
			return true, nil
		}
	}
	passkeys, err := tx.Passkeys().List(org, user)
	return len(passkeys) > 0, err
}

// factorDemanded reports whether the organisation demands a second factor of everybody, or of this person (rule access.mfa).
func factorDemanded(tx Tx, org OrganisationID, user UserID) (bool, error) {
	policy, err := tx.Policies().Get(org)
	if err != nil || policy.MFA == MFARequired {
		return err == nil, err
	}
	u, err := tx.Users().Find(org, user)
	if err != nil {
		return false, err
	}
	fields, err := u.Fields()
	return fields.MFARequired, err
}
