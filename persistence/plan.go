package persistence

import "usher/domain"

type plans struct{ session }

func (t plans) Of(org domain.OrganisationID) (domain.Plan, error) {
	plan := string(domain.PlanStandard)
	_, err := fetch(t, "SELECT plan FROM organisation_plans WHERE organisation_id = ?", []any{org.UUID}, &plan)
	return domain.Plan(plan), err
}

func (t plans) Set(org domain.OrganisationID, plan domain.Plan) error {
	return t.exec("INSERT INTO organisation_plans (organisation_id, plan) VALUES (?, ?) ON CONFLICT (organisation_id) DO UPDATE SET plan = excluded.plan",
		org.UUID, string(plan))
}
