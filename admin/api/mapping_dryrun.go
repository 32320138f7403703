package api

import (
	"context"
	"encoding/json"
	"net/http"

	"usher/domain"
	"usher/domain/attribute"
)

// wouldChange is one person for whom a mapping would change something.
type wouldChange struct {
	UserID      string          `json:"user_id" format:"uuid"`
	DisplayName string          `json:"display_name"`
	Before      json.RawMessage `json:"before" doc:"What differs, as the event user.access_changed tells it; null: nothing was there."`
	After       json.RawMessage `json:"after" doc:"And as it would be."`
}

type dryRunMapping struct {
	Paged

	Body struct {
		MappingGrants

		MappingID textOrNull `json:"mapping_id,omitzero" doc:"The mapping that would be changed; left out: a new one." minLength:"1" maxLength:"36"`
		GroupID   textOrNull `json:"group_id,omitzero" doc:"The group; left out of a mapping that is there: the one that it is bound to." minLength:"1" maxLength:"36"`
		Priority  int        `json:"priority,omitempty" minimum:"1" maximum:"1000000" default:"100"`
		Delete    bool       `json:"delete,omitempty" doc:"The mapping would be deleted."`
	}
}

const dryRunPath = "/mappings/dry-run"

func (s *service) addDryRun() {
	add(s, operation{
		method: http.MethodPost, path: dryRunPath, id: "dry-run-mapping", tag: "Mappings", summary: "List who would change if a mapping were saved",
		description: "It writes nothing, and is refused as the change itself would be. limit is how many people are looked at, so that a page may be empty and yet " +
			"not be the last: send the same body with the cursor. Seats are not counted.",
		needs: "directory:edit",
	}, s.dryRunMapping)
}

func (s *service) dryRunMapping(ctx context.Context, who domain.Administrator, in *dryRunMapping) (*page[wouldChange], error) {
	x := exchangeOf(ctx)
	q, err := in.read()
	if err != nil {
		return nil, err
	}
	query := []string{"dry-run", who.Organisation.String(), q.Mapping.String()}
	if q.Spec != nil {
		query = append(query, parts(*q.Spec)...)
	}
	if q.After, err = x.openPosition(in.Cursor, query...); err != nil {
		return nil, err
	}
	found, err := s.Administration.MappingDryRun(ctx, who, q)
	if err != nil {
		return nil, spelled(err, mappingFields)
	}
	return newPage(x, found.Items, showWouldChange, x.sealPosition(found.Next, query...)), nil
}

func (in *dryRunMapping) read() (domain.DryRun, error) {
	q := domain.DryRun{Limit: in.Limit}
	var err error
	if q.Mapping, err = filtered[domain.Mapping]("mapping_id", in.Body.MappingID.text); err != nil {
		return q, err
	}
	if in.Body.Delete {
		if q.Mapping.IsZero() {
			err = &domain.Error{Kind: domain.Invalid, Code: domain.CodeRequired, Field: "mapping_id", Message: "name the mapping that would be deleted"}
		}
		return q, err
	}
	spec := domain.MappingSpec{Priority: in.Body.Priority}
	if spec.Group, err = filtered[domain.Group]("group_id", in.Body.GroupID.text); err != nil {
		return q, err
	}
	if q.Mapping.IsZero() && spec.Group.IsZero() {
		return q, &domain.Error{Kind: domain.Invalid, Code: domain.CodeRequired, Field: "group_id", Message: "name the group of the new mapping, or the mapping that would be changed"}
	}
	spec.Grants, err = in.Body.read()
	q.Spec = &spec
	return q, err
}

func showWouldChange(w domain.WouldChange) wouldChange {
	return wouldChange{UserID: w.User.String(), DisplayName: w.Display, Before: treeOrNull(w.Before), After: treeOrNull(w.After)}
}

func treeOrNull(v attribute.Value) json.RawMessage {
	if !v.Assigned() {
		return json.RawMessage("null")
	}
	return attribute.AppendJSON(nil, v)
}
