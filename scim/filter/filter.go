// Package filter owns the grammar of SCIM filters and PATCH paths (RFC 7644 sections 3.4.2.2 and 3.5.2): text goes in,
// the domain's predicate or a path with canonical attributes comes out, or an error that says what is wrong where.
//
// It reads what directories really send, not only what the RFC draws: a sub-attribute after a value path inside a
// filter, booleans as text, values without quotes. It leaves to others what the attributes are (a [Resolver] knows the
// schema), what a predicate means ([domain.Match]) and how a store answers it.
//
//	where, err := filter.Parse(`emails[type eq "work"].value sw "ana@"`, userSchema)
//	path, err := filter.ParsePath(`addresses[type eq "work"].locality`, userSchema)
//
// One pass reads the text once, never goes back, and stops at the bounds.
package filter

import (
	"unicode/utf8"

	"usher/domain"
)

// The bounds of one filter or path. Beyond them a text is refused without being read any further.
const (
	MaxLength = 8 << 10 // bytes
	MaxTerms  = 200     // comparisons and presence tests
	MaxDepth  = 50      // parentheses, negations and value paths within each other
)

// Parse reads a filter (RFC 7644 section 3.4.2.2). Every error is a *domain.Error of Kind Invalid with
// CodeInvalidFilter.
//
// Beyond the RFC it understands a sub-attribute and operator after a value path (emails[type eq "work"].value eq "x",
// which Entra sends: one element must satisfy both), values without quotes (one token up to white space or a closing
// bracket), booleans and numbers in quotes, "not" without parentheses, and date-times without a zone (UTC). A
// comparison with a complex attribute that has a sub-attribute "value" compares that; comparing any complex attribute
// with null asks whether it is there.
func Parse(text string, r Resolver) (domain.Predicate, error) {
	p, err := newParser(text, r, domain.CodeInvalidFilter)
	if err != nil {
		return nil, err
	}
	return p.filter()
}

func newParser(text string, r Resolver, code string) (*parser, error) {
	p := &parser{s: text, r: r, code: code}
	if len(text) > MaxLength {
		return nil, p.refuse("the text is longer than the limit of 8 KiB; ask for less at once")
	}
	if !utf8.ValidString(text) {
		return nil, p.refuse("the text is not valid UTF-8")
	}
	for p.i = range len(text) {
		if c := text[p.i]; c < 0x20 && !isSpace(c) {
			return nil, p.fault("control characters are not allowed; write them as \\u escapes inside quotes")
		}
	}
	p.i = 0
	return p, nil
}
