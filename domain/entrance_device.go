package domain

import "context"

// RememberDevice makes a token by which this browser is not asked for a second factor for 30 days. Only a session in which
// one was shown lately may: no other way in becomes a way round it. As Verify; ProofMissing.
func (e *Entrance) RememberDevice(ctx context.Context, token string, v Visitor) (device string, err error) {
	s, err := e.sensitive(ctx, token, "", v)
	if err != nil {
		return "", err
	}
	if s.Factor == FactorNone || s.Factor == FactorDevice {
		return "", proofMissing()
	}
	id, err := newID[Device](e.env)
	if err != nil {
		return "", err
	}
	secret, err := newSecret(e.random)
	if err != nil {
		return "", err
	}
	now := e.env.instant()
	text, hash := secretText(DeviceTokenPrefix, s.Organisation, secret)
	err = e.store.Write(ctx, func(tx Tx) error {
		if _, err := tx.SignIns().Hold(s.Organisation, s.User); err != nil {
			return err
		}
		if _, err := tx.Sessions().Find(s.Organisation, s.Hash); err != nil {
			return err // it has ended at the same moment, with everything that it had remembered
		}
		err := tx.Devices().Insert(Device{
			ID: id, Organisation: s.Organisation, User: s.User, Hash: hash, Agent: bounded(v.Agent, maxAgent), CreatedAt: now, ExpiresAt: now.Add(deviceLifetime),
		})
		if err != nil {
			return err
		}
		by := doorsClosed{write: e.scribe(s.Organisation, self(s.User), v), now: now}
		return by.say(tx, DeviceRemembered, s.User, texts("device", id.String()))
	})
	return text, err
}

// ForgetDevice makes one browser of whoever has this session be asked again. As Verify; ProofMissing; NotFound.
func (e *Entrance) ForgetDevice(ctx context.Context, token string, id DeviceID, v Visitor) error {
	return e.devices(ctx, token, v, func(tx Tx, s Session, by doorsClosed) error {
		return by.forgetDevice(tx, s.Organisation, s.User, id)
	})
}

// ForgetDevices makes all browsers of whoever has this session be asked again. As Verify; ProofMissing.
func (e *Entrance) ForgetDevices(ctx context.Context, token string, v Visitor) error {
	return e.devices(ctx, token, v, func(tx Tx, s Session, by doorsClosed) error {
		return by.forgetDevices(tx, s.Organisation, s.User)
	})
}

func (e *Entrance) devices(ctx context.Context, token string, v Visitor, forget func(tx Tx, s Session, by doorsClosed) error) error {
	s, err := e.sensitive(ctx, token, "", v)
	if err != nil {
		return err
	}
	now := e.env.instant()
	return e.store.Write(ctx, func(tx Tx) error {
		return forget(tx, s, doorsClosed{write: e.scribe(s.Organisation, self(s.User), v), now: now})
	})
}

// forgetDevice forgets one browser of somebody. NotFound.
func (by doorsClosed) forgetDevice(tx Tx, org OrganisationID, user UserID, id DeviceID) error {
	if err := tx.Devices().Forget(org, user, id); err != nil {
		return err
	}
	return by.say(tx, DeviceForgotten, user, texts("device", id.String()))
}

// EndOtherSessions ends all sessions of whoever has this one but this one. As Verify; ProofMissing.
func (e *Entrance) EndOtherSessions(ctx context.Context, token string, v Visitor) error {
	return e.devices(ctx, token, v, func(tx Tx, s Session, by doorsClosed) error {
		return by.endSessions(tx, s.Organisation, s.User, s.ID)
	})
}
