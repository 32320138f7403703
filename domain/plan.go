package domain

import "context"

// Plan is what an organisation has bought beside seats.
type Plan string

// The plans.
const (
	PlanStandard     Plan = "standard" // unless something else was bought
	PlanProfessional Plan = "professional"
	PlanProPlus      Plan = "pro_plus"
)

// ParsePlan checks the name of a plan; empty is the standard one. Invalid.
func ParsePlan(text string) (Plan, error) {
	if text == "" {
		return PlanStandard, nil
	}
	plan := Plan(text)
	return plan, oneOf("plan", plan, PlanStandard, PlanProfessional, PlanProPlus)
}

// hasCalls reports whether the plan includes call statistics (rule stats.calls).
func (p Plan) hasCalls() bool { return p == PlanProfessional || p == PlanProPlus }

// Plans is the store of what organisations have bought.
type Plans interface {
	// Of reads the plan of an organisation.
	Of(org OrganisationID) (Plan, error)
	// Set writes it.
	Set(org OrganisationID, plan Plan) error
}

// SetPlan changes what an organisation has bought. What is so already changes nothing. NotFound, Invalid.
func (in *Installation) SetPlan(ctx context.Context, slug string, plan Plan) (Organisation, Plan, error) {
	var outcome Organisation
	plan, err := ParsePlan(string(plan))
	if err != nil {
		return outcome, plan, err
	}
	now := in.env.instant()
	err = in.change(ctx, slug, func(tx Tx, o Organisation) error {
		outcome = o
		was, err := tx.Plans().Of(o.ID)
		if err != nil || was == plan {
			return err
		}
		if err := tx.Plans().Set(o.ID, plan); err != nil {
			return err
		}
		event, err := in.event(o.ID, PlanChanged, "organisation", o.ID.UUID, now)
		if err != nil {
			return err
		}
		event.Before, event.After = texts("plan", string(was)), texts("plan", string(plan))
		return tx.Events().Append(event)
	})
	return outcome, plan, err
}

// PlanOf reads what an organisation has bought. NotFound.
func (in *Installation) PlanOf(ctx context.Context, slug string) (Organisation, Plan, error) {
	var o Organisation
	var plan Plan
	err := in.store.Read(ctx, func(tx Tx) (err error) {
		if o, err = tx.Organisations().BySlug(slug); err != nil {
			return err
		}
		plan, err = tx.Plans().Of(o.ID)
		return err
	})
	return o, plan, err
}

// Plan reads what the administrator's organisation has bought. Everybody who may do anything in it may read it.
func (ad *Administration) Plan(ctx context.Context, who Administrator) (Plan, error) {
	var plan Plan
	err := ad.store.Read(ctx, func(tx Tx) (err error) {
		plan, err = tx.Plans().Of(who.Organisation)
		return err
	})
	return plan, err
}
