package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strconv"

	"usher/domain"
)

// signer makes cursors that nobody else can make: what a cursor says, and a keyed hash of it together with the query it
// belongs to. A cursor of another organisation, filter or order is refused.
type signer struct{ key []byte }

const (
	signatureSize = 16   // bytes
	maxCursor     = 4096 // characters
)

func newSigner(key []byte) (signer, error) {
	if len(key) != 32 {
		return signer{}, errors.New("api: CursorKey must have 32 bytes, it has " + strconv.Itoa(len(key)))
	}
	return signer{key: slices.Clone(key)}, nil
}

func (s signer) sign(says []byte, query []string) []byte {
	mac := hmac.New(sha256.New, s.key)
	for _, part := range query {
		mac.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	mac.Write(says)
	return mac.Sum(nil)[:signatureSize]
}

// seal makes the text of a cursor of a query.
func (s signer) seal(says []byte, query ...string) string {
	return base64.RawURLEncoding.EncodeToString(append(s.sign(says, query), says...))
}

// open reads the text of a cursor. InvalidCursor.
func (s signer) open(text string, query ...string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(text) > maxCursor || len(raw) < signatureSize || !hmac.Equal(raw[:signatureSize], s.sign(raw[signatureSize:], query)) {
		return nil, &domain.Error{
			Kind: domain.Invalid, Code: domain.CodeInvalidCursor, Field: "cursor",
			Message: "this cursor is not one of this query: send it as it was answered, with the same filters and sort, or begin again without one",
		}
	}
	return raw[signatureSize:], nil
}

// Paged are the parameters of a page.
type Paged struct {
	Limit  int    `query:"limit" doc:"At most so many items." minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" doc:"Where to go on: next_cursor of the page before." maxLength:"4096"`
}

// page is one page of a list.
type page[Item any] struct {
	Link string `header:"Link" doc:"rel=\"next\": the next page, where there is one."`
	Body pageBody[Item]
}

type pageBody[Item any] struct {
	Items      []Item  `json:"items" nullable:"false"`
	NextCursor *string `json:"next_cursor" doc:"Where the next page begins; null on the last one."`
}

// pageOf makes a page; next is empty on the last one.
func (x *exchange) pageOf(next string) (cursor *string, link string) {
	if next == "" {
		return nil, ""
	}
	query := x.r.URL.Query()
	query.Set("cursor", next)
	target := url.URL{Path: x.r.URL.Path, RawQuery: query.Encode()}
	return &next, "<" + target.String() + `>; rel="next"`
}

// newPage makes a page of what was found.
func newPage[Found, Item any](x *exchange, found []Found, show func(Found) Item, next string) *page[Item] {
	p := &page[Item]{Body: pageBody[Item]{Items: make([]Item, 0, len(found))}}
	for _, f := range found {
		p.Body.Items = append(p.Body.Items, show(f))
	}
	p.Body.NextCursor, p.Link = x.pageOf(next)
	return p
}

// slicePage makes a page of a list that is at hand whole, bounded as those are. id names an item; the cursor is the
// name of the last one, and the list keeps its order.
func slicePage[Found, Item any](x *exchange, name string, in Paged, all []Found, id func(Found) string, show func(Found) Item) (*page[Item], error) {
	query := []string{name, x.who.Organisation.String()}
	if in.Cursor != "" {
		last, err := x.cursors.open(in.Cursor, query...)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(all, func(f Found) bool { return id(f) == string(last) })
		if at < 0 {
			return nil, &domain.Error{
				Kind: domain.Invalid, Code: domain.CodeExpiredCursor, Field: "cursor",
				Message: "what this cursor stood at has gone; begin again without one",
			}
		}
		all = all[at+1:]
	}
	next := ""
	if len(all) > in.Limit {
		all = all[:in.Limit]
		next = x.cursors.seal([]byte(id(all[in.Limit-1])), query...)
	}
	return newPage(x, all, show, next), nil
}

// sealPosition is the cursor of a place in a query of the store; empty where there is none. A sort key has at most 2,000
// bytes, so that every cursor fits into a URL.
func (x *exchange) sealPosition(at *domain.Position, query ...string) string {
	if at == nil {
		return ""
	}
	says := append([]byte{0}, at.ID[:]...)
	if at.Nil {
		says[0] = 1
	}
	return x.cursors.seal(append(says, at.Key...), query...)
}

// openPosition reads it; nil for no cursor.
func (x *exchange) openPosition(text string, query ...string) (*domain.Position, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no cursor is no error
	}
	says, err := x.cursors.open(text, query...)
	if err != nil {
		return nil, err
	}
	at := &domain.Position{Nil: says[0] == 1}
	copy(at.ID[:], says[1:])
	at.Key = string(says[1+len(at.ID):])
	return at, nil
}
