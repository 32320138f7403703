package persistence

import (
	"usher/domain"
	"usher/domain/attribute"
)

type onboarding struct{ session }

func (t onboarding) Template(org domain.OrganisationID) (domain.OnboardingTemplate, error) {
	var text string
	var version int64
	found, err := fetch(t, "SELECT items, version FROM onboarding_templates WHERE organisation_id = ?", []any{org.UUID}, &text, &version)
	if err != nil || !found {
		return domain.DefaultOnboarding(), err
	}
	list, err := attribute.Read([]byte(text), attribute.Bounds{})
	template := domain.OnboardingTemplate{Version: version}
	for _, m := range list.Members() {
		template.Items = append(template.Items, domain.OnboardingItem{
			Key: m.Value.Get("key").Text(), Label: m.Value.Get("label").Text(), Automatic: domain.OnboardingAutomatic(m.Value.Get("automatic").Text()),
		})
	}
	return template, err
}

func (t onboarding) SaveTemplate(org domain.OrganisationID, was, is domain.OnboardingTemplate) error {
	items := make([]attribute.Value, len(is.Items))
	for i, item := range is.Items {
		items[i] = attribute.NewComplex(
			attribute.Member{Name: "key", Value: attribute.NewString(item.Key)}, attribute.Member{Name: "label", Value: attribute.NewString(item.Label)},
			attribute.Member{Name: "automatic", Value: attribute.NewString(string(item.Automatic))})
	}
	return t.touch(errStale, `INSERT INTO onboarding_templates (organisation_id, items, version) VALUES (?, ?, ?)
ON CONFLICT (organisation_id) DO UPDATE SET items = excluded.items, version = excluded.version WHERE onboarding_templates.version = ?`,
		org.UUID, string(attribute.AppendJSON(nil, attribute.NewList(items...))), is.Version, was.Version)
}

func (t onboarding) Ticks(org domain.OrganisationID, user domain.UserID) ([]domain.OnboardingTick, error) {
	var list []domain.OnboardingTick
	err := t.query("SELECT item, ticked_at, actor_kind, actor_id FROM onboarding_ticks WHERE organisation_id = ? AND user_id = ? ORDER BY item",
		[]any{org.UUID, user.UUID}, func(r row) error {
			var tick domain.OnboardingTick
			var at int64
			err := r.Scan(&tick.Item, &at, &tick.By.Kind, &tick.By.ID)
			tick.At = instant(at)
			list = append(list, tick)
			return err
		})
	return list, err
}

func (t onboarding) Tick(org domain.OrganisationID, user domain.UserID, tick domain.OnboardingTick) error {
	return t.touch(errStale, `INSERT INTO onboarding_ticks (organisation_id, user_id, item, ticked_at, actor_kind, actor_id) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, user_id, item) DO NOTHING`, org.UUID, user.UUID, tick.Item, tick.At.UnixMilli(), tick.By.Kind, tick.By.ID)
}

func (t onboarding) Untick(org domain.OrganisationID, user domain.UserID, item string) error {
	return t.touch(errStale, "DELETE FROM onboarding_ticks WHERE organisation_id = ? AND user_id = ? AND item = ?", org.UUID, user.UUID, item)
}
