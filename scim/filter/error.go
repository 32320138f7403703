package filter

import (
	"strconv"
	"unicode/utf8"

	"usher/domain"
)

func (p *parser) refuse(message string) error {
	return &domain.Error{Kind: domain.Invalid, Code: p.code, Message: message}
}

// fault is a refusal of what stands at the current place.
func (p *parser) fault(reason string) error { return p.faultAt(p.i, reason) }

func (p *parser) faultAt(at int, reason string) error { return p.errorAt(p.code, at, reason) }

// pathFault is a refusal of a path as such: of a name that the schema does not know, of brackets that do not close. What
// else is wrong inside the brackets is an invalid filter (RFC 7644 section 3.12). In a filter all is one.
func (p *parser) pathFault(at int, reason string) error {
	if p.path {
		return p.errorAt(domain.CodeInvalidPath, at, reason)
	}
	return p.faultAt(at, reason)
}

func (p *parser) errorAt(code string, at int, reason string) error {
	where := "the text ends too early: "
	if at < len(p.s) {
		where = "at character " + strconv.Itoa(utf8.RuneCountInString(p.s[:at])+1) + ": "
	}
	return &domain.Error{Kind: domain.Invalid, Code: code, Message: where + reason}
}

// quoted repeats a little of what the client wrote.
func quoted(s string) string {
	const most = 48
	if len(s) > most {
		cut := most
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return `"` + s + `"`
}
