package scim

import (
	"net/http"
	"strconv"

	"usher/domain/attribute"
	"usher/scim/schema"
)

// Discovery (RFC 7644 section 4) answers what holds for the caller: its organisation's schemas are among them.

// listSchemas answers GET /Schemas.
func (x *exchange) listSchemas() error { return x.listDocuments((*schema.Set).Schemas) }

// readSchema answers GET /Schemas/{urn}.
func (x *exchange) readSchema() error { return x.readDocument("schema", (*schema.Set).Schemas) }

// listResourceTypes answers GET /ResourceTypes.
func (x *exchange) listResourceTypes() error { return x.listDocuments((*schema.Set).ResourceTypes) }

// readResourceType answers GET /ResourceTypes/{name}.
func (x *exchange) readResourceType() error {
	return x.readDocument("resource type", (*schema.Set).ResourceTypes)
}

func (x *exchange) documents(of func(*schema.Set, string) []schema.Document) ([]schema.Document, error) {
	if err := x.refuseFilter(); err != nil {
		return nil, err
	}
	set, err := x.schemas.of(x.r.Context(), x.caller)
	if err != nil {
		return nil, err
	}
	return of(set, x.base), nil
}

// refuseFilter refuses a filter, which a client could take for answered (RFC 7644 section 4).
func (x *exchange) refuseFilter() error {
	p, err := readQuery(x.r.URL.RawQuery)
	if err != nil {
		return err
	}
	if p.filter.set {
		return refuse(http.StatusForbidden, "filter_on_discovery", "there is no filter here; leave the parameter out, the answer is always whole")
	}
	return nil
}

func (x *exchange) listDocuments(of func(*schema.Set, string) []schema.Document) error {
	documents, err := x.documents(of)
	if err != nil {
		return err
	}
	s := x.stream(http.StatusOK)
	n := int64(len(documents))
	s.buf = append(s.buf, `{"schemas":["`+urnListResponse+`"],"totalResults":`...)
	s.buf = strconv.AppendInt(s.buf, n, 10)
	s.buf = append(s.buf, `,"itemsPerPage":`...)
	s.buf = strconv.AppendInt(s.buf, n, 10)
	s.buf = append(s.buf, `,"startIndex":1,"Resources":[`...)
	for i, d := range documents {
		if i > 0 {
			s.buf = append(s.buf, ',')
		}
		s.buf = append(s.buf, d.JSON...)
	}
	s.buf = append(s.buf, "]}"...)
	return s.close()
}

// readDocument answers with one document; names and URNs compare without case.
func (x *exchange) readDocument(what string, of func(*schema.Set, string) []schema.Document) error {
	documents, err := x.documents(of)
	if err != nil {
		return err
	}
	for _, d := range documents {
		if attribute.EqualName(d.ID, x.id()) {
			x.send(http.StatusOK, d.JSON)
			return nil
		}
	}
	return notFound(what)
}
