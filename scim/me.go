package scim

import "net/http"

// me answers /Me (RFC 7644 section 3.11). A directory token stands for a connection and not for a person, so there is
// nobody to answer with.
func (x *exchange) me() error {
	return refuse(http.StatusNotImplemented, "no_person",
		"a directory token stands for a connection, not for a person; look the person up at /Users, by id or with a filter")
}
