package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// Profile is a named set of permissions.
type Profile struct {
	ID          string    `json:"id" format:"uuid"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Icon        *string   `json:"icon" doc:"The name of an icon; null: none."`
	Baseline    bool      `json:"baseline" doc:"Everybody active has its permissions, whatever else they have."`
	System      bool      `json:"system" doc:"It cannot be deleted."`
	CreatedAt   time.Time `json:"created_at"`
	ModifiedAt  time.Time `json:"modified_at"`
}

// fullProfile is a profile with what it grants.
type fullProfile struct {
	Profile

	Grants permissions `json:"grants"`
}

// listedProfile is a profile with what it comes to.
type listedProfile struct {
	Profile

	Summary []moduleSummary `json:"summary" nullable:"false" doc:"One line per module of the catalogue, in its order."`
}

// moduleSummary is what a profile comes to in one module.
type moduleSummary struct {
	Module  string `json:"module" example:"users"`
	Allowed string `json:"allowed" enum:"all,objects,none" doc:"all: something on every object; objects: only on those that are listed; none: nothing."`
	Objects int    `json:"objects" doc:"How many different objects, where allowed is objects."`
}

// writeProfile is everything of a profile but its name.
type writeProfile struct {
	Description string      `json:"description,omitempty" doc:"Any number of lines; empty where it is left out." maxLength:"1000"`
	Icon        string      `json:"icon,omitempty" doc:"The name of an icon: lower-case letters, digits, hyphens and underscores; none where it is left out." maxLength:"64"`
	Baseline    bool        `json:"baseline,omitempty" doc:"Everybody active has its permissions, whatever else they have."`
	Grants      permissions `json:"grants"`
}

// newProfile is a profile that is to be made.
type newProfile struct {
	Name        string      `json:"name" doc:"Unique among the profiles of the organisation, without case. It cannot be changed later." minLength:"1" maxLength:"100"`
	Description string      `json:"description,omitempty" doc:"Any number of lines." maxLength:"1000"`
	Icon        string      `json:"icon,omitempty" doc:"The name of an icon: lower-case letters, digits, hyphens and underscores." maxLength:"64"`
	Baseline    bool        `json:"baseline,omitempty" doc:"Everybody active has its permissions, whatever else they have."`
	Grants      permissions `json:"grants"`
}

func (w writeProfile) spec() (domain.ProfileSpec, error) {
	grants, err := w.Grants.read("grants")
	return domain.ProfileSpec{Description: w.Description, Icon: w.Icon, Baseline: w.Baseline, Grants: grants}, err
}

func (s *service) addProfiles() {
	add(s, operation{
		method: http.MethodGet, path: "/profiles", id: "list-profiles", tag: "Profiles", summary: "List the profiles",
		description: "By name: those that the key may view, each with what it comes to in every module.", needs: "profiles:view",
	}, s.listProfiles)
	addEntries(s, entries[domain.Profile, newProfile, writeProfile, fullProfile]{
		noun: "profile", plural: "profiles", tag: "Profiles",
		making:   "It can grant no permission that the key that asks does not hold.",
		changing: "Everything but the name. What it grants beyond what it granted before, the key that asks holds.",
		get:      s.Administration.Profile, remove: s.Administration.DeleteProfile, show: showProfile,
		entry: func(p domain.Profile) domain.Entry[domain.Profile] { return p.Entry },
		create: func(ctx context.Context, who domain.Administrator, in newProfile) (domain.Profile, error) {
			spec, err := writeProfile{Description: in.Description, Icon: in.Icon, Baseline: in.Baseline, Grants: in.Grants}.spec()
			if err != nil {
				return domain.Profile{}, err
			}
			spec.Name = in.Name
			return s.Administration.CreateProfile(ctx, who, spec)
		},
		edit: func(ctx context.Context, who domain.Administrator, id domain.ProfileID, match domain.IfMatch, in writeProfile) (domain.Profile, error) {
			spec, err := in.spec()
			if err != nil {
				return domain.Profile{}, err
			}
			return s.Administration.EditProfile(ctx, who, id, match, spec)
		},
	})
}

func (s *service) listProfiles(ctx context.Context, who domain.Administrator, in *Paged) (*page[listedProfile], error) {
	all, err := s.Administration.Profiles(ctx, who)
	if err != nil {
		return nil, err
	}
	modules, err := s.Administration.Modules(ctx, who)
	if err != nil {
		return nil, err
	}
	show := func(p domain.Profile) listedProfile {
		listed := listedProfile{Profile: describeProfile(p), Summary: []moduleSummary{}}
		for _, line := range p.Grants.Summary(modules) {
			listed.Summary = append(listed.Summary, showSummary(line))
		}
		return listed
	}
	return slicePage(exchangeOf(ctx), "profiles", *in, all, func(p domain.Profile) string { return p.ID.String() }, show)
}

func showSummary(line domain.ModuleSummary) moduleSummary {
	shown := moduleSummary{Module: line.Module, Allowed: "none", Objects: line.Objects}
	switch {
	case line.All:
		shown.Allowed = "all"
	case line.Allowed():
		shown.Allowed = "objects"
	}
	return shown
}

func describeProfile(p domain.Profile) Profile {
	return Profile{
		ID: p.ID.String(), Name: p.Name.Text, Description: p.Description, Icon: orNil(p.Icon), Baseline: p.Baseline, System: p.System,
		CreatedAt: p.CreatedAt.UTC(), ModifiedAt: p.ModifiedAt.UTC(),
	}
}

func showProfile(p domain.Profile) fullProfile {
	return fullProfile{Profile: describeProfile(p), Grants: showPermissions(p.Grants)}
}
