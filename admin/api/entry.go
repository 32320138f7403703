package api

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"usher/domain"
)

// entries is what differs between the endpoints of roles, profiles, teams and queues: everything else about them is the
// same. New is the body that makes one, Changed the one that takes its place, Shown what is answered.
type entries[Noun, New, Changed, Shown any] struct {
	noun, plural, tag string // plural is the path, and the module whose permissions are asked for
	making, changing  string // what is to be known of it

	get    func(ctx context.Context, who domain.Administrator, id domain.ID[Noun]) (Noun, error)
	create func(ctx context.Context, who domain.Administrator, in New) (Noun, error)
	edit   func(ctx context.Context, who domain.Administrator, id domain.ID[Noun], match domain.IfMatch, in Changed) (Noun, error)
	remove func(ctx context.Context, who domain.Administrator, id domain.ID[Noun], match domain.IfMatch, replacement domain.ID[Noun]) error
	entry  func(Noun) domain.Entry[Noun]
	show   func(Noun) Shown
}

// writing is the input that makes something.
type writing[Body any] struct {
	Body Body
}

// replacing is the input that puts something in place of what there was.
type replacing[Body any] struct {
	Matching

	Body Body
}

// deleting is the input that deletes what people may hold.
type deleting struct {
	Matching

	Replacement string `query:"replacement" doc:"The id of another one that whoever holds this gets in its place; needed where it is held." maxLength:"36"`
}

func addEntries[Noun, New, Changed, Shown any](s *service, e entries[Noun, New, Changed, Shown]) {
	path := "/" + e.plural
	add(s, operation{
		method: http.MethodPost, path: path, id: "create-" + e.noun, tag: e.tag, summary: "Make a " + e.noun,
		description: e.making, needs: e.plural + ":create", status: http.StatusCreated,
	}, func(ctx context.Context, who domain.Administrator, in *writing[New]) (*created[Shown], error) {
		n, err := e.create(ctx, who, in.Body)
		known := e.entry(n)
		return &created[Shown]{Location: Prefix + path + "/" + known.ID.String(), ETag: tag(known.Version), Body: e.show(n)}, err
	})
	add(s, operation{
		method: http.MethodGet, path: path + "/{id}", id: "get-" + e.noun, tag: e.tag, summary: "Read one " + e.noun, needs: e.plural + ":view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*one[Shown], error) {
		id, err := identified[Noun](in.ID, e.noun)
		if err != nil {
			return nil, err
		}
		n, err := e.get(ctx, who, id)
		return e.one(n), err
	})
	add(s, operation{
		method: http.MethodPut, path: path + "/{id}", id: "update-" + e.noun, tag: e.tag, summary: "Change a " + e.noun,
		description: e.changing, needs: e.plural + ":edit",
	}, func(ctx context.Context, who domain.Administrator, in *replacing[Changed]) (*one[Shown], error) {
		id, err := identified[Noun](in.ID, e.noun)
		if err != nil {
			return nil, err
		}
		n, err := e.edit(ctx, who, id, ifMatch(in.IfMatch), in.Body)
		return e.one(n), err
	})
	e.addDelete(s)
}

func (e entries[Noun, New, Changed, Shown]) addDelete(s *service) {
	add(s, operation{
		method: http.MethodDelete, path: "/" + e.plural + "/{id}", id: "delete-" + e.noun, tag: e.tag, summary: "Delete a " + e.noun,
		description: "It is refused while somebody holds it, unless another one is named that they get in its place.",
		needs:       e.plural + ":delete", status: http.StatusNoContent,
	}, func(ctx context.Context, who domain.Administrator, in *deleting) (*struct{}, error) {
		id, err := identified[Noun](in.ID, e.noun)
		if err != nil {
			return nil, err
		}
		replacement, err := filtered[Noun]("replacement", in.Replacement)
		if err != nil {
			return nil, err
		}
		return nil, e.remove(ctx, who, id, ifMatch(in.IfMatch), replacement)
	})
}

func (e entries[Noun, New, Changed, Shown]) one(n Noun) *one[Shown] {
	return &one[Shown]{ETag: tag(e.entry(n).Version), Body: e.show(n)}
}

// respelt names the field at fault as it is called here: fields is the domain's name, ours, ….
func respelt(err error, fields ...string) error {
	var e *domain.Error
	if !errors.As(err, &e) {
		return err
	}
	for pair := range slices.Chunk(fields, 2) {
		if e.Field == pair[0] {
			told := *e
			told.Field = pair[1]
			return &told
		}
	}
	return err
}

// chosenID reads an identifier in a body; null is none.
func chosenID[Noun any](field string, text *string) (domain.ID[Noun], error) {
	if text == nil {
		return domain.ID[Noun]{}, nil
	}
	return filtered[Noun](field, *text)
}

// idOr is an identifier as it is answered; nil for none.
func idOr[Noun any](id domain.ID[Noun]) *string { return idOrNil(id.UUID) }
