package domain

import (
	"slices"
	"time"

	"usher/domain/attribute"
)

// recompute decides anew what some people are given, and writes what differs, with an event for each of them (rules
// mapping.apply, mapping.precedence, provision.limits). It takes the lock of [Assignments.Lock] itself. Who is not here
// is passed over.
func recompute(tx Tx, org OrganisationID, users []UserID, now time.Time, write scribe) error {
	_, err := recomputing(tx, org, users, false, now, write)
	return err
}

// recomputing is recompute, and counts whom it changed. With takingAway it leaves alone whom it would only give more.
func recomputing(tx Tx, org OrganisationID, users []UserID, takingAway bool, now time.Time, write scribe) (changed int, err error) {
	changed, freed, err := deciding(tx, org, users, takingAway, now, write)
	if err != nil {
		return changed, err
	}
	return changed, grantWishes(tx, org, freed, now, write)
}

// deciding is recomputing, and leaves it to the asker to give away the seats that became free and that people wish for: it
// tells of which licences they are.
func deciding(tx Tx, org OrganisationID, users []UserID, takingAway bool, now time.Time, write scribe) (changed int, freed []string, err error) {
	if len(users) == 0 {
		return 0, nil, nil
	}
	if err := tx.Assignments().Lock(org); err != nil {
		return 0, nil, err
	}
	dossiers, err := tx.Dossiers().Read(org, users, true)
	if err != nil {
		return 0, nil, err
	}
	j, err := judgeOf(tx, org, dossiers)
	if err != nil {
		return 0, nil, err
	}
	hand := settlement{tx: tx, org: org, now: now, write: write}
	for _, d := range dossiers {
		s := j.settle(d, now)
		if takingAway && !s.takes(d) {
			continue
		}
		did, err := hand.carryOut(d, s)
		if err != nil {
			return changed, nil, err
		}
		if did {
			changed++
		}
	}
	return changed, hand.freed, nil
}

// judgeOf reads what holds for everybody when it is decided what some people get.
func judgeOf(tx Tx, org OrganisationID, dossiers []Dossier) (judge, error) {
	j := judge{mappings: map[MappingID]Mapping{}, limits: map[ConnectionID]Limits{}}
	for _, d := range dossiers {
		if _, known := j.limits[d.Connection]; known || d.Connection.IsZero() {
			continue
		}
		limits, err := limitsOf(tx, org, d.Connection)
		if err != nil {
			return j, err
		}
		j.limits[d.Connection] = limits
	}
	var err error
	if j.defaults, err = tx.Assignments().Defaults(org); err != nil {
		return j, err
	}
	if !slices.ContainsFunc(dossiers, func(d Dossier) bool { return len(d.Mappings) > 0 }) {
		return j, nil
	}
	list, err := tx.Mappings().List(org)
	for _, m := range list {
		j.mappings[m.ID] = m
	}
	return j, err
}

// limitsOf reads what a connection may give (rule provision.limits).
func limitsOf(tx Tx, org OrganisationID, id ConnectionID) (Limits, error) {
	policy, err := tx.ConnectionPolicies().Get(org, id)
	if IsKind(err, NotFound) { // the connection is gone, and gives nothing any more
		return NothingAllowed(), nil
	}
	return policy.Limits, err
}

// rulingsOf decides about one person, and writes nothing: what Explain tells. NotFound.
func rulingsOf(tx Tx, org OrganisationID, user UserID) (Dossier, []Ruling, error) {
	dossiers, err := tx.Dossiers().Read(org, []UserID{user}, false)
	if err != nil {
		return Dossier{}, nil, err
	}
	if len(dossiers) == 0 {
		return Dossier{}, nil, &Error{Kind: NotFound, Code: CodeNotFound, Field: "id", Message: "there is no such user"}
	}
	j, err := judgeOf(tx, org, dossiers)
	return dossiers[0], j.rule(dossiers[0]), err
}

// settled is what a decision makes of what a person is given.
type settled struct {
	access  UserAccess // all but the licence, which may have no free seat
	licence string     // that they are to have
	from    GivenLicence
	claims  []Claim // in place of the dossier's
}

// settle puts what was decided into the form in which it is kept. What stays the same keeps its time.
func (j judge) settle(d Dossier, now time.Time) settled {
	s := settled{access: d.Access, licence: d.Access.Licence, from: d.Access.LicenceFrom, claims: slices.Clone(d.Claims)}
	s.access.Queues = nil
	for _, r := range j.rule(d) {
		switch r.Kind {
		case GivenRole:
			s.access.Role = kept(d.Access.Role, r, now)
			s.displace(r, administrators(d.Access.Role))
		case GivenProfile:
			s.access.Profile = kept(d.Access.Profile, r, now)
			s.displace(r, administrators(d.Access.Profile))
		case GivenTeam:
			s.access.Team = kept(d.Access.Team, r, now)
			s.displace(r, administrators(d.Access.Team))
		case GivenSeat:
			s.settleLicence(d.Access, r, now)
			s.displace(r, d.Access.administratorsLicence())
		case GivenQueue:
			s.settleQueue(d.Access.Queues, r, now)
		}
	}
	SortQueues(s.access.Queues)
	return s
}

// kept is what was decided of a kind as it is stored. A default is not stored.
func kept[Noun any](was Given[Noun], r Ruling, now time.Time) Given[Noun] {
	if !r.Won || r.Winner.Source == SourceDefault {
		return Given[Noun]{}
	}
	w := r.Winner
	is := Given[Noun]{ID: ID[Noun]{UUID: w.Object}, Source: w.Source, Locked: w.Locked, Mapping: w.Mapping, At: was.At}
	if is == was {
		return was
	}
	if is.At = now; w.Source != SourceMapping {
		is.At = w.At
	}
	return is
}

// settleQueue keeps a queue that was won.
func (s *settled) settleQueue(was []Given[Queue], r Ruling, now time.Time) {
	if !r.Won || len(s.access.Queues) >= maxQueuesOfUser {
		return
	}
	i := slices.IndexFunc(was, func(q Given[Queue]) bool { return q.ID.UUID == r.Winner.Object })
	var before Given[Queue]
	if i >= 0 {
		before = was[i]
	}
	s.access.Queues = append(s.access.Queues, kept(before, r, now))
}

// settleLicence says which licence a person is to have, and why. What a directory gave and gives no more ends in full.
func (s *settled) settleLicence(was UserAccess, r Ruling, now time.Time) {
	if !r.Won {
		switch was.LicenceFrom.Source {
		case SourceMapping, SourceExtension, SourceRoles:
			s.licence, s.from = LicenceFull, GivenLicence{}
		case SourceAdministrator, SourceDefault, SourceDirectory, SourcePerson:
		}
		return
	}
	w := r.Winner
	from := GivenLicence{Source: w.Source, Locked: w.Locked, Mapping: w.Mapping, At: was.LicenceFrom.At}
	switch {
	case w.Source == SourceAdministrator && was.LicenceFrom.Source == "": // nobody noted it, and nothing overrules it
		from = GivenLicence{}
	case w.Text == was.Licence && from == was.LicenceFrom:
	case w.Source == SourceMapping:
		from.At = now
	default:
		from.At = w.At
	}
	s.licence, s.from = w.Text, from
}

// displace keeps an administrator's choice that something stronger takes the place of as a claim, and ends the claim where
// it wins again.
func (s *settled) displace(r Ruling, chosen []Candidate) {
	byHand := r.Won && r.Winner.Source == SourceAdministrator
	if !byHand && len(chosen) == 0 {
		return
	}
	s.claims = slices.DeleteFunc(s.claims, func(c Claim) bool { return c.Kind == r.Kind && c.Source == SourceAdministrator })
	if !byHand {
		c := chosen[0]
		s.claims = append(s.claims, Claim{Kind: r.Kind, Source: SourceAdministrator, Object: c.Object, Text: c.Text, At: c.At})
	}
}

// takes reports whether a person loses anything by it: something they have ends, or another thing takes its place.
func (s settled) takes(d Dossier) bool {
	lost := func(was, is Source, same bool) bool { return was != "" && (is == "" || !same) }
	a, b := d.Access, s.access
	if lost(a.Role.Source, b.Role.Source, a.Role.ID == b.Role.ID) ||
		lost(a.Profile.Source, b.Profile.Source, a.Profile.ID == b.Profile.ID) ||
		lost(a.Team.Source, b.Team.Source, a.Team.ID == b.Team.ID) || a.Licence != s.licence {
		return true
	}
	return slices.ContainsFunc(a.Queues, func(was Given[Queue]) bool {
		return !slices.ContainsFunc(b.Queues, func(is Given[Queue]) bool { return is.ID == was.ID })
	})
}

// settlement carries out what was decided about people.
type settlement struct {
	tx    Tx
	org   OrganisationID
	now   time.Time
	write scribe
	full  []string // licences of which no seat was free a moment ago
	freed []string // licences of which a seat became free that nobody waits for and somebody wishes for
}

// carryOut writes what differs; it reports whether anything that the person is given did.
func (h *settlement) carryOut(d Dossier, s settled) (bool, error) {
	_, changed, err := h.carryOutOver(d.Access, d.Claims, d, s)
	return changed, err
}

// carryOutOver is carryOut where the dossier is already something else than what is stored.
func (h *settlement) carryOutOver(was UserAccess, known []Claim, d Dossier, s settled) (is UserAccess, changed bool, err error) {
	moved, err := h.licence(d, &s)
	if err != nil {
		return was, false, err
	}
	if !sameClaims(known, s.claims) {
		if err := h.tx.Claims().Save(h.org, was.User, known, s.claims); err != nil {
			return was, false, err
		}
	}
	is, saved, err := h.save(was, s.access)
	return is, moved || saved, err
}

// save writes what a person is given, with its event, when something differs.
func (h *settlement) save(was, is UserAccess) (UserAccess, bool, error) {
	before, after := was.tree(), is.tree()
	if attribute.Equal(before, after) {
		return was, false, nil
	}
	is.Version, is.ModifiedAt = was.Version+1, later(h.now, was.ModifiedAt)
	if !attribute.Equal(was.Granted.Tree(), is.Granted.Tree()) {
		is.GrantedAt = h.now
	}
	if !attribute.Equal(was.Revoked.Tree(), is.Revoked.Tree()) {
		is.RevokedAt = h.now
	}
	if err := h.tx.Assignments().Save(was, is); err != nil {
		return was, false, err
	}
	event, err := h.write.event(UserAccessChanged, was.User, h.now)
	if err != nil {
		return was, false, err
	}
	event.Before, event.After = attribute.Diff(before, after)
	return is, true, h.tx.Events().Append(event)
}
