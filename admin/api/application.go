package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// Application is a program that lets Usher say who comes.
type Application struct {
	ID          string    `json:"id" format:"uuid"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Origins     []string  `json:"origins" nullable:"false" doc:"Where it is reached; people are sent back to these and to no others."`
	Audience    string    `json:"audience" doc:"To whom assertions for it are addressed (aud)."`
	Algorithm   string    `json:"algorithm" enum:"EdDSA,ES256" doc:"By which they are signed."`
	Modules     []string  `json:"modules" nullable:"false" doc:"Whose permissions it is told; empty: all."`
	CreatedAt   time.Time `json:"created_at"`
	ModifiedAt  time.Time `json:"modified_at"`
}

type createApplication struct {
	Body struct {
		Name        string   `json:"name" doc:"Unique among the applications of the organisation, without case." minLength:"1" maxLength:"100"`
		Description string   `json:"description,omitempty" doc:"Any number of lines." maxLength:"1000"`
		Origins     []string `json:"origins" doc:"Each as https://host or https://host:port; http on this machine only. An origin belongs to one application." example:"[\"https://crm.acme.test\"]" minItems:"1" maxItems:"20" nullable:"false"`
		Audience    string   `json:"audience,omitempty" doc:"Unique in the organisation; the first origin unless given." maxLength:"300"`
		Algorithm   string   `json:"algorithm,omitempty" enum:"EdDSA,ES256" doc:"EdDSA unless given."`
		Modules     []string `json:"modules,omitempty" doc:"Modules of the catalogue; empty: all." maxItems:"100" nullable:"false"`
	}
}

type editApplication struct {
	Matching

	Body struct {
		Name        *string   `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Description *string   `json:"description,omitempty" maxLength:"1000"`
		Origins     *[]string `json:"origins,omitempty" doc:"All of them, in place of those there were." minItems:"1" maxItems:"20"`
		Audience    *string   `json:"audience,omitempty" doc:"What was signed before is addressed to the one before." minLength:"1" maxLength:"300"`
		Algorithm   *string   `json:"algorithm,omitempty" enum:"EdDSA,ES256"`
		Modules     *[]string `json:"modules,omitempty" doc:"Empty: all." maxItems:"100"`
	}
}

func (s *service) addApplications() {
	add(s, operation{
		method: http.MethodGet, path: "/applications", id: "list-applications", tag: "Applications", summary: "List the applications", needs: "applications:view",
	}, func(ctx context.Context, who domain.Administrator, in *Paged) (*page[Application], error) {
		all, err := s.Administration.Applications(ctx, who)
		if err != nil {
			return nil, err
		}
		return slicePage(exchangeOf(ctx), "applications", *in, all, func(a domain.Application) string { return a.ID.String() }, showApplication)
	})
	add(s, operation{
		method: http.MethodPost, path: "/applications", id: "create-application", tag: "Applications", summary: "Register an application",
		description: "From then on people are let through to it, and it is told who they are (docs/bridge.md). Who may do this decides where people's assertions go.",
		needs:       "applications:create", status: http.StatusCreated,
	}, func(ctx context.Context, who domain.Administrator, in *createApplication) (*created[Application], error) {
		b := in.Body
		a, err := s.Administration.CreateApplication(ctx, who, domain.ApplicationSpec{
			Name: b.Name, Description: b.Description, Origins: b.Origins, Audience: b.Audience, Algorithm: b.Algorithm, Modules: b.Modules,
		})
		return &created[Application]{Location: Prefix + "/applications/" + a.ID.String(), ETag: tag(a.Version), Body: showApplication(a)}, err
	})
	add(s, operation{
		method: http.MethodGet, path: "/applications/{id}", id: "get-application", tag: "Applications", summary: "Read one application", needs: "applications:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*one[Application], error) {
		id, err := identified[domain.Application](in.ID, "application")
		if err != nil {
			return nil, err
		}
		a, err := s.Administration.Application(ctx, who, id)
		return &one[Application]{ETag: tag(a.Version), Body: showApplication(a)}, err
	})
	add(s, operation{
		method: http.MethodPatch, path: "/applications/{id}", id: "edit-application", tag: "Applications", summary: "Change an application",
		description: "What is not sent, or null, stays.", needs: "applications:edit",
	}, func(ctx context.Context, who domain.Administrator, in *editApplication) (*one[Application], error) {
		id, err := identified[domain.Application](in.ID, "application")
		if err != nil {
			return nil, err
		}
		b := in.Body
		a, err := s.Administration.EditApplication(ctx, who, id, ifMatch(in.IfMatch), func(spec domain.ApplicationSpec) domain.ApplicationSpec {
			change(&spec.Name, b.Name)
			change(&spec.Description, b.Description)
			change(&spec.Origins, b.Origins)
			change(&spec.Audience, b.Audience)
			change(&spec.Algorithm, b.Algorithm)
			change(&spec.Modules, b.Modules)
			return spec
		})
		return &one[Application]{ETag: tag(a.Version), Body: showApplication(a)}, err
	})
	add(s, operation{
		method: http.MethodDelete, path: "/applications/{id}", id: "delete-application", tag: "Applications", summary: "Take an application off the list",
		description: "From the next request on nobody is let through to it.", needs: "applications:delete", status: http.StatusNoContent,
	}, func(ctx context.Context, who domain.Administrator, in *Matching) (*struct{}, error) {
		id, err := identified[domain.Application](in.ID, "application")
		if err != nil {
			return nil, err
		}
		return nil, s.Administration.DeleteApplication(ctx, who, id, ifMatch(in.IfMatch))
	})
}

func showApplication(a domain.Application) Application {
	out := Application{
		ID: a.ID.String(), Name: a.Name.Text, Description: a.Description, Origins: []string{}, Audience: a.Audience, Algorithm: a.Algorithm,
		Modules: append([]string{}, a.Modules...), CreatedAt: a.CreatedAt.UTC(), ModifiedAt: a.ModifiedAt.UTC(),
	}
	for _, o := range a.Origins {
		out.Origins = append(out.Origins, string(o))
	}
	return out
}
