package api

import (
	"context"
	"net/http"

	"usher/domain"
)

// module is a part of Usher or of the application, in which people may do things or not.
type module struct {
	ID         string   `json:"id" doc:"As permissions spell it." example:"campaigns"`
	Name       string   `json:"name" doc:"As people read it."`
	Actions    []string `json:"actions" nullable:"false" doc:"Those that every module has, view, create, edit and delete, and its own."`
	HasObjects bool     `json:"has_objects" doc:"Permissions can be given on single objects, named by their ids."`
	BuiltIn    bool     `json:"built_in" doc:"One of Usher's own, which cannot be changed."`
}

type registerModule struct {
	Matching
	Forcing

	Body struct {
		Name       string   `json:"name,omitempty" doc:"As people read it; the id unless given." maxLength:"100"`
		Actions    []string `json:"actions,omitempty" doc:"Beside view, create, edit and delete, which every module has." maxItems:"54" nullable:"false"`
		HasObjects bool     `json:"has_objects,omitempty" doc:"Permissions can be given on single objects. It cannot be taken back."`
	}
}

// Forcing is the choice to take something out of everything that mentions it.
type Forcing struct {
	Force bool `query:"force" doc:"Take what goes out of every profile, licence and person that mentions it, instead of refusing."`
}

type removeModule struct {
	Matching
	Forcing
}

func (s *service) addModules() {
	add(s, operation{
		method: http.MethodGet, path: "/modules", id: "list-modules", tag: "Modules", summary: "List the module catalogue",
		description: "Usher's own modules, then those that the application registered.", needs: "profiles:view",
	}, func(ctx context.Context, who domain.Administrator, in *Paged) (*page[module], error) {
		all, err := s.Administration.Modules(ctx, who)
		if err != nil {
			return nil, err
		}
		return slicePage(exchangeOf(ctx), "modules", *in, all, func(m domain.Module) string { return m.ID }, showModule)
	})
	add(s, operation{
		method: http.MethodPut, path: "/modules/{id}", id: "register-module", tag: "Modules", summary: "Register or change a module",
		description: "What is so already changes nothing: an application can send its modules whenever it starts. " +
			"The id has 1 to 64 lower-case letters, digits, hyphens and underscores. An action that goes must not be mentioned by a profile or person, unless that is forced.",
		needs: "profiles:edit",
	}, s.registerModule)
	add(s, operation{
		method: http.MethodDelete, path: "/modules/{id}", id: "remove-module", tag: "Modules", summary: "Take a module out of the catalogue",
		description: "It is refused while a profile, licence or person mentions it, unless that is forced.", needs: "profiles:edit", status: http.StatusNoContent,
	}, func(ctx context.Context, who domain.Administrator, in *removeModule) (*struct{}, error) {
		return nil, respelt(s.Administration.RemoveModule(ctx, who, in.ID, ifMatch(in.IfMatch), in.Force), "module", "id")
	})
}

func (s *service) registerModule(ctx context.Context, who domain.Administrator, in *registerModule) (*one[module], error) {
	spec := domain.ModuleSpec{ID: in.ID, Name: in.Body.Name, Actions: in.Body.Actions, HasObjects: in.Body.HasObjects}
	m, err := s.Administration.RegisterModule(ctx, who, spec, ifMatch(in.IfMatch), in.Force)
	return &one[module]{ETag: tag(m.Version), Body: showModule(m)}, respelt(err, "module", "id", "hasObjects", "has_objects")
}

func showModule(m domain.Module) module {
	return module{ID: m.ID, Name: m.Name, Actions: append([]string{}, m.Actions...), HasObjects: m.HasObjects, BuiltIn: m.BuiltIn}
}
