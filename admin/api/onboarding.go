package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// onboardingItem is one line of the list for new people.
type onboardingItem struct {
	Key       string `json:"key" doc:"Lower-case letters, digits, hyphens and underscores; each once." minLength:"1" maxLength:"64"`
	Label     string `json:"label" minLength:"1" maxLength:"100"`
	Automatic string `json:"automatic" enum:"none,profile_assigned,queue_assigned,first_sign_in" doc:"By what it ticks itself."`
}

type onboardingTemplate struct {
	Items []onboardingItem `json:"items" nullable:"false" maxItems:"50"`
}

type setOnboarding struct {
	IfMatch string `header:"If-Match" doc:"Carry it out only if the ETag is still this one." maxLength:"1000"`

	Body onboardingTemplate
}

// onboardingStep is an item as it stands for one person.
type onboardingStep struct {
	Key       string       `json:"key"`
	Label     string       `json:"label"`
	Automatic string       `json:"automatic" enum:"none,profile_assigned,queue_assigned,first_sign_in"`
	Done      bool         `json:"done"`
	TickedAt  *time.Time   `json:"ticked_at" doc:"null: not ticked by hand."`
	TickedBy  *participant `json:"ticked_by"`
}

type onboardingSteps struct {
	Done  bool             `json:"done" doc:"All of them are."`
	Items []onboardingStep `json:"items" nullable:"false"`
}

type tickOnboarding struct {
	ByID

	Item string `path:"item" doc:"The key of the item." maxLength:"64"`
	Body struct {
		Done bool `json:"done" doc:"Tick it, or take the tick back. What ticks itself stays ticked."`
	}
}

func (s *service) addOnboarding() {
	add(s, operation{
		method: http.MethodGet, path: "/onboarding", id: "get-onboarding", tag: "Onboarding", summary: "Read the list that new people go through", needs: "onboarding:view",
	}, func(ctx context.Context, who domain.Administrator, _ *struct{}) (*one[onboardingTemplate], error) {
		t, err := s.Administration.OnboardingTemplate(ctx, who)
		return showTemplate(t), err
	})
	add(s, operation{
		method: http.MethodPut, path: "/onboarding", id: "set-onboarding", tag: "Onboarding", summary: "Say what new people go through",
		description: "In place of the list there was; ticks of items that are in both stay.", needs: "onboarding:edit",
	}, func(ctx context.Context, who domain.Administrator, in *setOnboarding) (*one[onboardingTemplate], error) {
		items := make([]domain.OnboardingItem, len(in.Body.Items))
		for i, item := range in.Body.Items {
			items[i] = domain.OnboardingItem{Key: item.Key, Label: item.Label, Automatic: domain.OnboardingAutomatic(item.Automatic)}
		}
		t, err := s.Administration.ChangeOnboardingTemplate(ctx, who, ifMatch(in.IfMatch), items)
		return showTemplate(t), err
	})
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}/onboarding", id: "get-user-onboarding", tag: "Onboarding", summary: "Read how far a person has come", needs: "onboarding:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*plain[onboardingSteps], error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		steps, err := s.Administration.OnboardingOf(ctx, who, id)
		return showSteps(steps), err
	})
	add(s, operation{
		method: http.MethodPut, path: "/users/{id}/onboarding/{item}", id: "tick-onboarding", tag: "Onboarding", summary: "Tick an item for a person", needs: "onboarding:edit",
	}, func(ctx context.Context, who domain.Administrator, in *tickOnboarding) (*plain[onboardingSteps], error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		steps, err := s.Administration.TickOnboarding(ctx, who, id, in.Item, in.Body.Done)
		return showSteps(steps), err
	})
}

func showTemplate(t domain.OnboardingTemplate) *one[onboardingTemplate] {
	shown := &one[onboardingTemplate]{ETag: tag(t.Version), Body: onboardingTemplate{Items: []onboardingItem{}}}
	for _, item := range t.Items {
		shown.Body.Items = append(shown.Body.Items, onboardingItem{item.Key, item.Label, string(item.Automatic)})
	}
	return shown
}

func showSteps(steps []domain.OnboardingStep) *plain[onboardingSteps] {
	shown := &plain[onboardingSteps]{Body: onboardingSteps{Done: true, Items: []onboardingStep{}}}
	for _, s := range steps {
		step := onboardingStep{Key: s.Key, Label: s.Label, Automatic: string(s.Automatic), Done: s.Done, TickedAt: moment(s.ByHand.At)}
		if s.ByHand.Item != "" {
			step.TickedBy = &participant{s.ByHand.By.Kind, idOrNil(s.ByHand.By.ID)}
		}
		shown.Body.Items = append(shown.Body.Items, step)
		shown.Body.Done = shown.Body.Done && s.Done
	}
	return shown
}
