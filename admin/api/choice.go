package api

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"usher/domain"
)

// choice is what a person is to have of a kind. What is not sent, null and a text are three different things.
type choice struct {
	sent bool
	text string // empty: null
}

// automatic is the choice that leaves it to the directory and the defaults of the organisation.
const automatic = "automatic"

// Schema implements huma.SchemaProvider.
func (choice) Schema(huma.Registry) *huma.Schema {
	shortest, longest := 1, 36
	return &huma.Schema{
		Type: huma.TypeString, Nullable: true, MinLength: &shortest, MaxLength: &longest,
		Description: "An id; null: the person has none, whatever the directory says; \"" + automatic + "\": whatever the directory and the defaults of the organisation say.",
	}
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *choice) UnmarshalJSON(raw []byte) error {
	c.sent = true
	return json.Unmarshal(raw, &c.text)
}

// chosen reads a choice; nil for none that was sent.
func chosen[Noun any](field string, c choice) (*domain.Choice[Noun], error) {
	switch {
	case !c.sent:
		return nil, nil //nolint:nilnil // what was not sent is no error
	case c.text == automatic:
		return domain.Automatically[Noun](), nil
	}
	id, err := filtered[Noun](field, c.text)
	return domain.Choose(id), err
}

// idTexts is a list of identifiers that may be left out. null is none (RFC 7396).
type idTexts struct{ json.RawMessage }

// Schema implements huma.SchemaProvider.
func (idTexts) Schema(huma.Registry) *huma.Schema {
	list := idList(maxQueues)
	list.Nullable = true
	return list
}

const maxQueues = 200 // of one person

// identifiedAll reads the identifiers of a field; nil where it was not sent.
func identifiedAll[Noun any](field string, list idTexts) (*[]domain.ID[Noun], error) {
	if list.RawMessage == nil {
		return nil, nil //nolint:nilnil // what was not sent is no error
	}
	var sent []string
	if err := json.Unmarshal(list.RawMessage, &sent); err != nil {
		return nil, err
	}
	ids := make([]domain.ID[Noun], len(sent))
	for i, text := range sent {
		id, err := filtered[Noun](field, text)
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	return &ids, nil
}
