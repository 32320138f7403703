package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"usher/domain"
	"usher/domain/attribute"
)

// reach is the modules that a licence reaches: true for all, or a list.
type reach struct{ json.RawMessage }

// Schema implements huma.SchemaProvider.
func (reach) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "true for all modules, or a list of their ids, which may be empty.",
		OneOf:       []*huma.Schema{{Type: huma.TypeBoolean, Enum: []any{true}}, idList(maxObjects)},
	}
}

func (r reach) read() domain.Objects {
	var ids []string
	if json.Unmarshal(r.RawMessage, &ids) != nil { // what is no list is true, by the schema
		return domain.AllObjects()
	}
	return domain.TheseObjects(ids...)
}

// licenceModules is which modules people with a licence reach, whatever they are permitted.
type licenceModules struct {
	Type    string `json:"type" example:"simulator"`
	Modules reach  `json:"modules"`
}

// ByType is the input of an operation on a licence type.
type ByType struct {
	Type string `path:"type" doc:"The name of a licence type, such as full." maxLength:"63"`
}

type setLicenceModules struct {
	ByType

	IfMatch string `header:"If-Match" doc:"Carry it out only if the ETag is still this one." maxLength:"1000"`
	Body    struct {
		Modules reach `json:"modules"`
	}
}

func (s *service) addLicenceModules() {
	add(s, operation{
		method: http.MethodGet, path: "/licences/{type}/modules", id: "get-licence-modules", tag: "Licences", summary: "Read which modules a licence reaches",
		needs: "licences:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByType) (*one[licenceModules], error) {
		l, err := s.Administration.LicenceType(ctx, who, in.Type)
		return oneReach(l), respelt(err, "licence", "type")
	})
	add(s, operation{
		method: http.MethodPut, path: "/licences/{type}/modules", id: "set-licence-modules", tag: "Licences", summary: "Say which modules a licence reaches",
		description: "People with the licence do nothing in other modules, whatever they are permitted. To open a module, the key that asks holds everything in it.",
		needs:       "licences:edit",
	}, func(ctx context.Context, who domain.Administrator, in *setLicenceModules) (*one[licenceModules], error) {
		l, err := s.Administration.SetLicenceModules(ctx, who, in.Type, ifMatch(in.IfMatch), in.Body.Modules.read())
		return oneReach(l), respelt(err, "licence", "type")
	})
}

func oneReach(l domain.LicenceType) *one[licenceModules] {
	shown := licenceModules{Type: l.Name, Modules: reach{json.RawMessage("true")}}
	if !l.Modules.All {
		ids := make([]attribute.Value, len(l.Modules.IDs))
		for i, id := range l.Modules.IDs {
			ids[i] = attribute.NewString(id)
		}
		shown.Modules = reach{attribute.AppendJSON(nil, attribute.NewList(ids...))}
	}
	return &one[licenceModules]{ETag: tag(l.Version), Body: shown}
}
