package domain

// status says why the person has their status: by the latest step of their life, and by what stands in the way of the next.
func (e *Explanation) status(tx Tx) error {
	u := e.User
	reason, step, err := lastStep(tx, u)
	if err != nil {
		return err
	}
	if e.Waiting, _, err = tx.Waiting().Get(u.Organisation, u.ID); err != nil {
		return err
	}
	suspension, suspended, err := tx.Suspensions().Get(u.Organisation, u.ID)
	if err != nil {
		return err
	}
	switch {
	case u.Status == Inactive && suspended:
		reason.Rule, reason.Source, reason.By, reason.Since = "suspend.sticks", SourceAdministrator, suspension.By, suspension.Since
		reason.Reason = "an administrator deactivated the person, and no directory brings them back unless the policy says so"
	case u.Status == Inactive && reason.Source == SourceDirectory:
		reason.Rule, reason.Reason = "scim.active", "the directory says that the person is not active"
	case u.Status == Inactive:
		reason.Rule, reason.Reason = "activate.seat", "an administrator has not activated the person yet"
	case !e.Waiting.User.IsZero():
		reason.Rule, reason.Since = "seat.wait", e.Waiting.Since
		reason.Reason = "the person waits for a free seat of the licence " + e.Waiting.Licence
		if e.Line, err = tx.Waiting().Ahead(e.Waiting); err != nil {
			return err
		}
		e.Line++
	case u.Status == Pending:
		reason.Rule, reason.Reason = "invite.mail", "the person has not accepted the invitation, and no administrator has confirmed them"
		if reason.Source == SourceDirectory {
			reason.Rule = "provision.activation"
			reason.Reason, err = e.notYet(tx)
		}
	default:
		reason.active(step)
	}
	e.Status = reason
	return err
}

// lastStep begins to say why a person has their status: who made the latest step of their life, and when. The zero StatusStep is
// that of somebody whom a directory created as they are.
func lastStep(tx Tx, u User) (StatusReason, StatusStep, error) {
	reason := StatusReason{Status: u.Status, Source: SourceAdministrator}
	step, found, err := tx.StatusSteps().Get(u.Organisation, u.ID)
	switch {
	case err != nil:
		return reason, step, err
	case found:
		reason.By, reason.Since = step.By, step.At
	case !u.Connection.IsZero():
		reason.By, reason.Since = Actor{Kind: "connection", ID: u.Connection.UUID}, u.CreatedAt
	}
	switch {
	case reason.By.Kind == "connection":
		reason.Source = SourceDirectory
	case reason.By == Actor{Kind: "user", ID: u.ID.UUID}:
		reason.Source = SourcePerson
	}
	return reason, step, nil
}

// notYet says why somebody whom a directory created is pending.
func (e *Explanation) notYet(tx Tx) (string, error) {
	policy, err := tx.ConnectionPolicies().Get(e.User.Organisation, e.User.Connection)
	if policy.Activation == ActivateByInvitation {
		return "the connection sends people an invitation, which this one has not accepted", err
	}
	return "the connection makes people active when they first come in", err
}

// active says why somebody is active.
func (r *StatusReason) active(step StatusStep) {
	switch step.Event {
	case UserConfirmed:
		r.Rule, r.Reason = "invite.confirm", "an administrator confirmed the person, without an invitation that was accepted"
	case UserInvitationAccepted:
		r.Rule, r.Reason = "invite.accept", "the person accepted the invitation"
	case FirstAccess:
		r.Rule, r.Reason = "provision.activation", "the person came in for the first time"
	case SeatAssigned, UserUpdated: // the latter by another licence
		r.Rule, r.Reason = "seat.wait", "the person waited for a seat, and was given one"
	case UserActivated:
		r.Rule, r.Reason = "activate.seat", "an administrator activated the person again"
		if r.Source == SourceDirectory {
			r.Rule, r.Reason = "scim.active", "the directory says that the person is active again"
		}
	default:
		r.Rule, r.Reason = "invite.accept", "the person accepted the invitation, or an administrator confirmed them"
		if r.Source == SourceDirectory {
			r.Rule, r.Reason = "provision.activation", "the connection makes people active at once"
		}
	}
}

// ruleDecisions says of each decision about access, and of what else is in the way, by which rule it is so, and since when.
func (e *Explanation) ruleDecisions(tx Tx) error {
	o, err := tx.Organisations().Get(e.User.Organisation)
	for method, d := range e.Decision {
		for i := range d.Also {
			d.Also[i] = e.ruled(d.Also[i], o)
		}
		e.Decision[method] = e.ruled(d, o)
	}
	return err
}

// ruled says of a decision about access by which rule it is so, and who has made it so when.
func (e *Explanation) ruled(d ExplainedDecision, o Organisation) ExplainedDecision {
	byStatus := func(rule string) { d.Rule, d.By, d.Since = rule, e.Status.By, e.Status.Since }
	byBlock := func(rule string) { d.Rule, d.By, d.Since = rule, e.Block.By, e.Block.Since }
	switch d.Reason {
	case ReasonOrganisationSuspended:
		d.Rule, d.Since = "suspend.organisation", o.SuspendedAt
	case ReasonInactive, ReasonWaiting, ReasonPending:
		byStatus(e.Status.Rule)
	case ReasonBlocked:
		byBlock("block.unblock")
	case ReasonInactivity:
		byBlock("block.inactivity")
	case ReasonFailedSignIns:
		byBlock("block.failed")
	case ReasonTemporaryPasswordExpired:
		d.Rule, d.Since = "invite.temporary-password", e.ends
	case ReasonSlowed:
		d.Rule = "owner.last"
	case ReasonNoLongerValid:
		d.Rule, d.Since = "access.window", e.Window.end()
	case ReasonNotYetValid, ReasonOutsideSchedule:
		d.Rule = "access.window"
	default:
		d.Rule = "access.decision"
	}
	return d
}
