package api

import (
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// declareNull has the document say of every member that may be null that it may. The framework says so of texts, numbers
// and times, but not of objects, which it refers to, and lists the words of an enumeration without it.
func declareNull(schemas huma.Registry) {
	for name, schema := range schemas.Map() {
		of := schemas.TypeFromRef(schemaPrefix + name)
		if of == nil || of.Kind() != reflect.Struct || schema.Properties == nil {
			continue
		}
		for _, f := range reflect.VisibleFields(of) {
			member, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			is := schema.Properties[member]
			switch {
			case f.Anonymous || is == nil:
			case is.Ref != "" && f.Type.Kind() == reflect.Pointer && !strings.Contains(options, "omitempty"):
				schema.Properties[member] = &huma.Schema{
					AnyOf: []*huma.Schema{{Ref: is.Ref}, {Type: typeNull}}, Description: f.Tag.Get("doc"),
				}
			case is.Nullable && len(is.Enum) > 0 && !slices.Contains(is.Enum, nil):
				is.Enum = append(is.Enum, nil)
			}
		}
	}
}

const (
	schemaPrefix = "#/components/schemas/"
	typeNull     = "null" // JSON Schema 2020-12, which OpenAPI 3.1 has
)
