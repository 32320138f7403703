package domain

import (
	"slices"
	"time"
)

// byPassword is a session that a right password or an accepted invitation begins, with what is left to do (rules access.mfa,
// password.expiry, mfa.reset).
func byPassword(tx Tx, policy Policy, s SignIn, v Visitor, now time.Time) (Session, error) {
	begun := Session{Organisation: s.Organisation, User: s.User, Method: ByPassword, ProvedAt: now}
	has, err := hasFactor(tx, s.Organisation, s.User)
	if err != nil {
		return begun, err
	}
	if has {
		known, err := knownDevice(tx, s, v, now)
		if err != nil {
			return begun, err
		}
		if known {
			begun.Factor = FactorDevice
		} else {
			begun.Steps = append(begun.Steps, StepSecondFactor)
		}
	}
	if expires := s.expires(policy); !s.PasswordEndsAt.IsZero() || !expires.IsZero() && !now.Before(expires) {
		begun.Steps = append(begun.Steps, StepPassword)
	}
	if has {
		return begun, nil
	}
	demanded, err := factorDemanded(tx, s.Organisation, s.User)
	if demanded || s.Enrol {
		begun.Steps = append(begun.Steps, StepEnrol)
	}
	return begun, err
}

// knownDevice reports whether somebody comes with a browser that is not asked for a second factor.
func knownDevice(tx Tx, s SignIn, v Visitor, now time.Time) (bool, error) {
	b, ok := parseSecret(DeviceTokenPrefix, v.Device)
	if !ok || b.Organisation != s.Organisation {
		return false, nil
	}
	return tx.Devices().Known(s.Organisation, s.User, b.Hash, now)
}

// lacks reports whether a step is left.
func (s Session) lacks(step SignInStep) bool { return slices.Contains(s.Steps, step) }

// next refuses a step that is not the one that is left first; in a session that opens something, everything may be done.
func (s Session) next(step SignInStep) error {
	if len(s.Steps) > 0 && s.Steps[0] != step {
		return stepMissing(s.Steps[0])
	}
	return nil
}
