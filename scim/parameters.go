package scim

import (
	"math"
	"net/url"
	"strconv"
	"strings"

	"usher/domain"
	"usher/domain/attribute"
)

// parameters are what a query asks for (RFC 7644 sections 3.4.2 and 3.9, RFC 9865 section 2), from a URL or from the
// body of a search request. Numbers keep whether they were sent.
type parameters struct {
	attributes, excluded []string

	filter    text
	sortBy    string
	sortOrder string

	startIndex number
	count      number
	cursor     text
}

type text struct {
	set  bool
	text string
}

type number struct {
	set bool
	n   int
}

// readQuery reads the query of a URL. Names compare without case; what is not known is ignored. Unlike net/url, which
// leaves out what it cannot read, this refuses it: a filter that got lost would be answered with everybody.
func readQuery(raw string) (parameters, error) {
	var p parameters
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, errName := url.QueryUnescape(name)
		value, errValue := url.QueryUnescape(value)
		if errName != nil || errValue != nil {
			return p, invalidSyntax("the query of the URL has a % that no two hexadecimal digits follow; write % as %25")
		}
		if err := p.set(name, value); err != nil {
			return p, err
		}
	}
	return p, nil
}

// set takes one parameter of a URL.
func (p *parameters) set(name, value string) error {
	switch strings.ToLower(name) {
	case "attributes":
		p.attributes = append(p.attributes, names(value)...)
	case "excludedattributes":
		p.excluded = append(p.excluded, names(value)...)
	case "filter":
		return p.filter.once("filter", domain.CodeInvalidFilter, value)
	case "sortby":
		p.sortBy = strings.TrimSpace(value)
	case "sortorder":
		p.sortOrder = strings.TrimSpace(value)
	case "cursor":
		return p.cursor.once("cursor", domain.CodeInvalidCursor, value)
	case "startindex":
		return p.startIndex.read("startIndex", value)
	case "count":
		return p.count.read("count", value)
	}
	return nil
}

// once sets a parameter that must not be sent twice with different values: one of them would be ignored.
func (t *text) once(name, code, value string) error {
	if t.set && t.text != value {
		return &domain.Error{Kind: domain.Invalid, Code: code, Field: name, Message: "send one " + name}
	}
	t.set, t.text = true, value
	return nil
}

// read reads an integer of any size: what no int holds is as far away as the nearest that one holds. Empty is not sent.
func (n *number) read(name, value string) error {
	value = strings.TrimSpace(value)
	if value == "" {
		return nil
	}
	digits := strings.TrimLeft(value, "+-")
	if len(value)-len(digits) > 1 || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return domain.InvalidField(name, "send a whole number as "+name)
	}
	i, err := strconv.ParseInt(value, 10, 64)
	if err != nil { // out of range, since it is digits only; i is the nearest
		i = math.MaxInt32
		if value[0] == '-' {
			i = math.MinInt32
		}
	}
	n.set, n.n = true, int(i)
	return nil
}

// readSearch reads the body of a search request (RFC 7644 section 3.4.3). Numbers may come as text, and lists of names
// as one text with commas, as they are in a URL.
func readSearch(body attribute.Value) (parameters, error) {
	var p parameters
	for _, m := range body.Members() {
		if m.Value.Kind() == attribute.Null {
			continue
		}
		values := []attribute.Value{m.Value}
		if m.Value.Kind() == attribute.List {
			values = m.Value.Items()
		}
		for _, v := range values {
			var value string
			switch v.Kind() {
			case attribute.String, attribute.Number:
				value = v.Text()
			case attribute.Bool, attribute.Complex, attribute.List, attribute.Null:
				if isParameter(m.Name) {
					return p, domain.InvalidField(m.Name, "send text or a number as "+m.Name)
				}
				continue
			}
			if err := p.set(m.Name, value); err != nil {
				return p, err
			}
		}
	}
	return p, nil
}

func isParameter(name string) bool {
	for _, known := range []string{"attributes", "excludedAttributes", "filter", "sortBy", "sortOrder", "cursor", "startIndex", "count"} {
		if attribute.EqualName(known, name) {
			return true
		}
	}
	return false
}
