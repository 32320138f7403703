package scim

import (
	"net/http"

	"usher/domain"
	"usher/scim/schema"
)

// Guests finds the person whom a request shows to be in: by a session's cookie, or by an assertion in place of a token.
type Guests interface {
	// Guest gives them as they stand at this moment; known is false for a request that shows neither. Unauthenticated, AccessRefused,
	// StepMissing.
	Guest(r *http.Request) (g domain.Guest, known bool, err error)
}

// me answers /Me (RFC 7644 section 3.11) for a directory token. It stands for a connection and not for a person, so there is
// nobody to answer with.
func (x *exchange) me() error {
	return refuse(http.StatusNotImplemented, "no_person",
		"a directory token stands for a connection, not for a person; look the person up at /Users, by id or with a filter")
}

// self answers GET /Me for a person, who is asked for nowhere else. handled is false where the request is not one of theirs.
func (x *exchange) self() (handled bool, err error) {
	if x.Guests == nil || x.endpoint.pattern != "/Me" || x.r.Method != http.MethodGet && x.r.Method != http.MethodHead {
		return false, nil
	}
	guest, known, err := x.Guests.Guest(x.r)
	if err != nil || !known {
		return err != nil, err
	}
	user, caller, err := x.Directory.Self(x.r.Context(), guest.User.Organisation, guest.User.ID)
	if err != nil {
		return true, err
	}
	x.caller = caller
	_, shown, err := x.shape(schema.User)
	if err != nil {
		return true, err
	}
	if err := x.show([]*domain.User{&user}, shown); err != nil {
		return true, err
	}
	x.w.Header().Set("Cache-Control", "no-store")
	x.w.Header().Set("Location", x.BaseURL()+"/Users/"+user.ID.String()) // of whom this is another name
	return true, x.answerUser(http.StatusOK, &user, shown)
}
