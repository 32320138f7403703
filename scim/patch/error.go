package patch

import (
	"errors"
	"strconv"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
)

func refuse(code, field, message string) *domain.Error {
	return &domain.Error{Kind: domain.Invalid, Code: code, Field: field, Message: message}
}

// numbered says in which operation a refusal arose, where the client sent several.
func numbered(number int, err error) error {
	var refusal *domain.Error
	if number == 0 || !errors.As(err, &refusal) {
		return err
	}
	told := *refusal
	told.Message = "operation " + strconv.Itoa(number) + ": " + told.Message
	return &told
}

// unreadable is what a client is told of a body that is not JSON within the bounds.
func unreadable(err error) error {
	var fault *attribute.SyntaxError
	if !errors.As(err, &fault) {
		return err
	}
	return refuse(domain.CodeInvalidSyntax, "", "the body is not the JSON this takes: "+fault.Error())
}

func noTarget(p *filter.Path) error {
	return refuse(domain.CodeNoTarget, p.String(), "no value of "+p.String()+" matches the filter in the path; read the resource and name one that it has")
}

func isReadOnly(p *filter.Path) error {
	return refuse(domain.CodeMutability, p.String(), p.String()+" is read-only; leave it out")
}

func isImmutable(field string) error {
	return refuse(domain.CodeMutability, field, field+" cannot be changed once it has a value; leave it as it is")
}

// lasting refuses to leave a required attribute without value: by a removal that is a matter of mutability (RFC 7644
// section 3.5.2.2), otherwise the empty value is at fault.
func lasting(kind Kind, p *filter.Path) error {
	code := domain.CodeInvalidValue
	if kind == Remove && !isActive(p) {
		code = domain.CodeMutability
	}
	return refuse(code, p.String(), p.String()+" cannot be cleared; send the value it should have")
}
