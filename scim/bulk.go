package scim

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/schema"
)

const urnBulkResponse = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"

// operation is one operation of a Bulk request (RFC 7644 section 3.7).
type operation struct {
	method  string
	bulkID  string
	of      schema.Type
	id      string // of the resource; for a POST what it created
	link    string // the bulkId that stands in the path in place of an id
	match   domain.IfMatch
	data    attribute.Value
	refers  []int  // the operations whose resources it names by bulkId, in path or data
	dangles string // a bulkId it names that is nobody's
	done    bool
	version string // of the resource afterwards
	failure *refusal
}

// bulkRun is a Bulk request being carried out.
type bulkRun struct {
	*exchange

	operations []*operation
	byID       map[string]int // the POST operation of each bulkId
	views      [2]*schema.View
	failures   int
	limit      int      // failOnErrors; 0: none
	down       *refusal // why nothing further is tried: the store cannot be reached
}

// bulk answers POST /Bulk. Every operation is atomic by itself; they are carried out in their order, except that what
// an operation names by bulkId comes before it.
func (x *exchange) bulk() error {
	text, err := x.body(maxBody)
	if err != nil {
		return err
	}
	body, err := parse(text, attribute.Bounds{Depth: attribute.DefaultDepth + 4})
	if err != nil {
		return err
	}
	b := &bulkRun{exchange: x, byID: map[string]int{}}
	if err := b.read(body); err != nil {
		return err
	}
	for _, t := range schema.Types() {
		if b.views[t], err = x.view(t); err != nil {
			return err
		}
	}
	b.link()
	for _, group := range components(len(b.operations), func(i int) []int { return b.operations[i].refers }) {
		b.carryOut(group)
		if err := x.r.Context().Err(); err != nil {
			return err
		}
		if b.limit > 0 && b.failures >= b.limit {
			break
		}
	}
	return b.answer()
}

// read takes the request apart. What is wrong with a single operation is that operation's failure.
func (b *bulkRun) read(body attribute.Value) error {
	list := body.Get("Operations")
	if list.Kind() != attribute.List || list.Len() == 0 {
		return invalidSyntax("Operations must be a list of at least one operation")
	}
	if list.Len() > maxOperations {
		return &domain.Error{
			Kind: domain.Invalid, Code: domain.CodeTooLarge, Field: "Operations",
			Message: "send at most " + strconv.Itoa(maxOperations) + " Operations at once",
		}
	}
	if limit := body.Get("failOnErrors"); limit.Assigned() {
		n, err := strconv.Atoi(limit.Text())
		if err != nil {
			return domain.InvalidField("failOnErrors", "send a whole number as failOnErrors, or leave it out")
		}
		b.limit = max(n, 0)
	}
	for i := range list.Len() {
		o := &operation{}
		if err := o.read(list.Item(i), b.base); err != nil {
			o.failure = refused(err, b.caller.RequestID)
		} else if o.method == http.MethodPost {
			if _, twice := b.byID[o.bulkID]; twice {
				o.failure = refused(domain.InvalidField("bulkId", "give every POST of a request a bulkId of its own"), "")
			} else {
				b.byID[o.bulkID] = i
			}
		}
		b.operations = append(b.operations, o)
	}
	return nil
}

// read takes one operation apart.
func (o *operation) read(v attribute.Value, base string) error {
	o.method = strings.ToUpper(strings.TrimSpace(v.Get("method").Text()))
	o.bulkID = v.Get("bulkId").Text()
	o.data = v.Get("data")
	if version := v.Get("version").Text(); version != "" {
		o.match = parseCondition(version).versions()
	}
	path := v.Get("path").Text()
	if path == "" {
		return invalidSyntax("every operation needs a path, like /Users or /Users/{id}")
	}
	path, _, _ = strings.Cut(strings.TrimPrefix(path, base), "?")
	parts := strings.Split(strings.TrimPrefix(canonicalPath(path), "/"), "/")
	switch "/" + parts[0] {
	case schema.User.Endpoint():
		o.of = schema.User
	case schema.Group.Endpoint():
		o.of = schema.Group
	default:
		parts = nil
	}
	if len(parts) == 2 {
		o.id = parts[1]
		if link, ok := cutBulkID(o.id); ok {
			o.id, o.link = "", link
		}
	}
	return o.check(len(parts))
}

// check refuses what cannot be carried out whatever the operation says.
func (o *operation) check(parts int) error {
	changes := o.method == http.MethodPut || o.method == http.MethodPatch
	switch {
	case parts == 0 || parts > 2:
		return refuse(http.StatusNotFound, "unknown_path", "use the path /Users, /Users/{id}, /Groups or /Groups/{id}")
	case o.method != http.MethodPost && o.method != http.MethodDelete && !changes:
		return refuse(http.StatusMethodNotAllowed, "method_not_allowed", "use POST, PUT, PATCH or DELETE as method of an operation")
	case (o.method == http.MethodPost) != (parts == 1):
		return refuse(http.StatusMethodNotAllowed, "method_not_allowed",
			"POST needs the path of a resource type, like /Users; PUT, PATCH and DELETE that of a resource, like /Users/{id}")
	case o.method == http.MethodPost && o.bulkID == "":
		return invalidSyntax("a POST needs a bulkId, by which the answer is told apart (RFC 7644 section 3.7)")
	case o.method != http.MethodDelete && o.data.Kind() != attribute.Complex:
		return invalidSyntax("the operation needs data, the body that the request would have by itself")
	}
	return nil
}

// answer tells how every operation went that was carried out, in the order of the request.
func (b *bulkRun) answer() error {
	s := b.stream(http.StatusOK)
	s.buf = append(s.buf, `{"schemas":["`+urnBulkResponse+`"],"Operations":[`...)
	first := true
	for _, o := range b.operations {
		if !o.done { // failOnErrors came before it
			continue
		}
		if !first {
			s.buf = append(s.buf, ',')
		}
		first = false
		s.buf = o.append(s.buf, b.base)
		if err := s.spill(); err != nil {
			s.release()
			return err
		}
	}
	s.buf = append(s.buf, "]}"...)
	return s.close()
}

// append tells how an operation went (RFC 7644 section 3.7.3).
func (o *operation) append(dst []byte, base string) []byte {
	dst = append(dst, `{"method":`...)
	dst = attribute.AppendString(dst, o.method)
	if o.bulkID != "" {
		dst = append(dst, `,"bulkId":`...)
		dst = attribute.AppendString(dst, o.bulkID)
	}
	if o.id != "" {
		dst = append(dst, `,"location":`...)
		dst = attribute.AppendString(dst, location(base, o.of, o.id))
	}
	if o.failure == nil {
		if o.version != "" {
			dst = append(dst, `,"version":`...)
			dst = attribute.AppendString(dst, o.version)
		}
		dst = append(dst, `,"status":"`...)
		dst = strconv.AppendInt(dst, int64(o.status()), 10)
		return append(dst, `"}`...)
	}
	dst = append(dst, `,"status":"`...)
	dst = strconv.AppendInt(dst, int64(o.failure.status), 10)
	dst = append(dst, `","response":`...)
	dst = appendRefusal(dst, o.failure)
	return append(dst, '}')
}

// status of an operation that succeeded.
func (o *operation) status() int {
	switch o.method {
	case http.MethodPost:
		return http.StatusCreated
	case http.MethodDelete:
		return http.StatusNoContent
	}
	return http.StatusOK
}

// settle records how an operation ended.
func (b *bulkRun) settle(o *operation, err error) {
	o.done = true
	if err == nil && o.failure == nil {
		return
	}
	if o.failure == nil {
		o.failure = refused(err, b.caller.RequestID)
	}
	if o.method == http.MethodPost {
		o.id = ""
	}
	b.failures++
	b.count(o.method, o.of.Endpoint(), o.failure)
	if o.failure.status == http.StatusServiceUnavailable {
		b.down = o.failure
	}
	if err != nil && o.failure.status >= http.StatusInternalServerError {
		b.logFault(o.failure.code, slog.Any("cause", o.failure.cause))
	}
}
