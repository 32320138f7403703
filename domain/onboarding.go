package domain

import (
	"context"
	"fmt"
	"slices"
	"time"

	"usher/domain/attribute"
)

// OnboardingItem is one line of the list that a new person goes through (rule onboarding).
type OnboardingItem struct {
	Key       string // 1 to 64 lower-case letters, digits, hyphens and underscores
	Label     string // as people read it
	Automatic OnboardingAutomatic
}

// OnboardingAutomatic says by what an item ticks itself. It is looked up, not copied: what is no longer so is not ticked.
type OnboardingAutomatic string

// By what.
const (
	TickedByHand    OnboardingAutomatic = "none"
	ProfileAssigned OnboardingAutomatic = "profile_assigned"
	QueueAssigned   OnboardingAutomatic = "queue_assigned"
	FirstSignIn     OnboardingAutomatic = "first_sign_in"
)

// OnboardingTemplate is the list of an organisation.
type OnboardingTemplate struct {
	Items   []OnboardingItem
	Version int64 // 0: the default, never changed
}

// DefaultOnboarding is the list until an organisation makes its own.
func DefaultOnboarding() OnboardingTemplate {
	return OnboardingTemplate{Items: []OnboardingItem{
		{"profile", "Has a profile", ProfileAssigned}, {"queue", "Is in a queue", QueueAssigned}, {"sign-in", "Has signed in", FirstSignIn},
	}}
}

// OnboardingTick is what was ticked by hand for a person.
type OnboardingTick struct {
	Item string
	At   time.Time
	By   Actor
}

// OnboardingStep is one item as it stands for one person.
type OnboardingStep struct {
	OnboardingItem

	Done   bool
	ByHand OnboardingTick // zero: not ticked by hand
}

const maxOnboardingItems = 50

// Onboarding is the store of the list and of what was ticked by hand.
type Onboarding interface {
	// Template reads the list of an organisation.
	Template(org OrganisationID) (OnboardingTemplate, error)
	// SaveTemplate writes it over the version that was read; the unit of work runs again when that is no longer the current
	// one.
	SaveTemplate(org OrganisationID, was, is OnboardingTemplate) error
	// Ticks reads what was ticked by hand for a person.
	Ticks(org OrganisationID, user UserID) ([]OnboardingTick, error)
	// Tick ticks an item that is not.
	Tick(org OrganisationID, user UserID, tick OnboardingTick) error
	// Untick takes a tick back.
	Untick(org OrganisationID, user UserID, item string) error
}

func (t OnboardingTemplate) tree() attribute.Value {
	items := make([]attribute.Value, len(t.Items))
	for i, item := range t.Items {
		items[i] = texts("key", item.Key, "label", item.Label, "automatic", string(item.Automatic))
	}
	return attribute.NewComplex(attribute.Member{Name: "items", Value: attribute.NewList(items...)})
}

// OnboardingTemplate reads the list. Needs onboarding:view.
func (ad *Administration) OnboardingTemplate(ctx context.Context, who Administrator) (OnboardingTemplate, error) {
	var t OnboardingTemplate
	err := ad.look(ctx, who, ModuleOnboarding, ActionView, "", func(tx Tx) (err error) {
		t, err = tx.Onboarding().Template(who.Organisation)
		return err
	})
	return t, err
}

// ChangeOnboardingTemplate puts another list in place of the one there is. Ticks of items that are in both stay. Needs
// onboarding:edit. Invalid, TooMany, Precondition.
func (ad *Administration) ChangeOnboardingTemplate(ctx context.Context, who Administrator, match IfMatch, items []OnboardingItem) (OnboardingTemplate, error) {
	if len(items) > maxOnboardingItems {
		return OnboardingTemplate{}, tooMany("items", fmt.Sprintf("list at most %d items", maxOnboardingItems))
	}
	items = slices.Clone(items)
	for i := range items {
		at := fmt.Sprintf("items[%d].", i)
		if !isIdentifier(items[i].Key) {
			return OnboardingTemplate{}, InvalidField(at+"key", "name an item with 1 to 64 lower-case letters, digits, hyphens and underscores")
		}
		if slices.ContainsFunc(items[:i], func(other OnboardingItem) bool { return other.Key == items[i].Key }) {
			return OnboardingTemplate{}, InvalidField(at+"key", "another item has this key; give each its own")
		}
		var err error
		if items[i].Label, err = label(at+"label", items[i].Label); err != nil {
			return OnboardingTemplate{}, err
		}
		if err := oneOf(at+"automatic", items[i].Automatic, TickedByHand, ProfileAssigned, QueueAssigned, FirstSignIn); err != nil {
			return OnboardingTemplate{}, err
		}
	}
	var outcome OnboardingTemplate
	err := ad.change(ctx, who, ModuleOnboarding, ActionEdit, "", func(tx Tx, now time.Time) error {
		was, err := tx.Onboarding().Template(who.Organisation)
		if err != nil {
			return err
		}
		if err := match.admits(was.Version); err != nil {
			return err
		}
		outcome = OnboardingTemplate{Items: items, Version: was.Version}
		if slices.Equal(was.Items, items) {
			return nil
		}
		outcome.Version++
		if err := tx.Onboarding().SaveTemplate(who.Organisation, was, outcome); err != nil {
			return err
		}
		return ad.record(tx, who, OnboardingChanged, "organisation", who.Organisation.UUID, now, was.tree(), outcome.tree())
	})
	return outcome, err
}

// OnboardingOf reads how far a person has come. Needs onboarding:view. NotFound.
func (ad *Administration) OnboardingOf(ctx context.Context, who Administrator, user UserID) ([]OnboardingStep, error) {
	var steps []OnboardingStep
	err := ad.look(ctx, who, ModuleOnboarding, ActionView, "", func(tx Tx) (err error) {
		steps, err = onboardingOf(tx, who.Organisation, user)
		return err
	})
	return steps, err
}

func onboardingOf(tx Tx, org OrganisationID, user UserID) ([]OnboardingStep, error) {
	access, err := accessOf(tx, org, user)
	if err != nil {
		return nil, err
	}
	t, err := tx.Onboarding().Template(org)
	if err != nil {
		return nil, err
	}
	ticks, err := tx.Onboarding().Ticks(org, user)
	if err != nil {
		return nil, err
	}
	seen, err := tx.Inactivity().Seen(org, []UserID{user})
	if err != nil {
		return nil, err
	}
	steps := make([]OnboardingStep, len(t.Items))
	for i, item := range t.Items {
		steps[i].OnboardingItem = item
		if at := slices.IndexFunc(ticks, func(t OnboardingTick) bool { return t.Item == item.Key }); at >= 0 {
			steps[i].ByHand = ticks[at]
		}
		_, signedIn := seen[user]
		switch item.Automatic {
		case ProfileAssigned:
			steps[i].Done = !access.Profile.ID.IsZero()
		case QueueAssigned:
			steps[i].Done = len(access.Queues) > 0
		case FirstSignIn:
			steps[i].Done = signedIn
		case TickedByHand:
		}
		steps[i].Done = steps[i].Done || steps[i].ByHand.Item != ""
	}
	return steps, nil
}

// TickOnboarding ticks an item for a person by hand, or takes that back; what ticks itself can be ticked by hand as well. What
// is so already changes nothing. Needs onboarding:edit. NotFound, naming the item where the list has none.
func (ad *Administration) TickOnboarding(ctx context.Context, who Administrator, user UserID, item string, done bool) ([]OnboardingStep, error) {
	var steps []OnboardingStep
	err := ad.change(ctx, who, ModuleOnboarding, ActionEdit, "", func(tx Tx, now time.Time) error {
		var err error
		if steps, err = onboardingOf(tx, who.Organisation, user); err != nil {
			return err
		}
		at := slices.IndexFunc(steps, func(s OnboardingStep) bool { return s.Key == item })
		if at < 0 {
			return &Error{Kind: NotFound, Code: CodeNotFound, Field: "item", Message: "the list has no item " + clipped(item) + "; see the list"}
		}
		if done == (steps[at].ByHand.Item != "") {
			return nil
		}
		what, tick := OnboardingTicked, OnboardingTick{Item: item, At: now, By: who.Actor}
		if done {
			err = tx.Onboarding().Tick(who.Organisation, user, tick)
		} else {
			what = OnboardingUnticked
			err = tx.Onboarding().Untick(who.Organisation, user, item)
		}
		if err != nil {
			return err
		}
		if err := ad.record(tx, who, what, "user", user.UUID, now, attribute.Value{}, texts("item", item)); err != nil {
			return err
		}
		steps, err = onboardingOf(tx, who.Organisation, user)
		return err
	})
	return steps, err
}
