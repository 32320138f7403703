package traffic

import (
	"bytes"
	"fmt"
	"strconv"

	"usher/bench/load"
)

// The kinds of requests of [Organisation.Joins].
const (
	Join  = 0
	Leave = 1
)

// Joins makes workers that add one person to a group and remove them again. The person must not be a member already:
// worker i takes outsider - i. The answer is asked for without the members, so that their number is not what is measured.
func (o Organisation) Joins(n int, group string, outsider int) []load.Worker {
	return workers(n, func(i int) load.Worker {
		id := o.People.User(outsider - i).String()
		add := []byte(patchOf + `{"op":"add","path":"members","value":[{"value":"` + id + `"}]}]}`)
		remove := []byte(patchOf + `{"op":"remove","path":"members[value eq \"` + id + `\"]"}]}`)
		in := false
		return &asking{status: 200, request: func(dst []byte) ([]byte, int) {
			body, kind := add, Join
			if in {
				body, kind = remove, Leave
			}
			in = !in
			return o.Form.Send(dst, "PATCH", body, "/Groups/", group, "?excludedAttributes=members"), kind
		}}
	})
}

// Once is a worker that sends some requests in turn, each as it is made, and keeps what was answered.
type Once struct {
	Steps   []Step
	Answers [][]byte // the beginning of each
	Sizes   []int64

	at int
}

// Step is one request of Once.
type Step struct {
	Make   func(dst []byte) []byte
	Status int
}

// Request implements load.Worker. Every step is a kind of its own.
func (o *Once) Request(dst []byte) ([]byte, int) {
	if o.at == len(o.Steps) {
		return nil, 0
	}
	o.at++
	return o.Steps[o.at-1].Make(dst), o.at - 1
}

// Answer implements load.Worker.
func (o *Once) Answer(a load.Answer) error {
	if want := o.Steps[o.at-1].Status; a.Status != want {
		return load.Unexpected(a)
	}
	const kept = 4096
	o.Answers = append(o.Answers, bytes.Clone(a.Body[:min(len(a.Body), kept)]))
	o.Sizes = append(o.Sizes, a.Size)
	return nil
}

// CreateGroup is the step that creates a group without members.
func (o Organisation) CreateGroup(name string) Step {
	body := []byte(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"` + name + `"}`)
	return Step{func(dst []byte) []byte { return o.Form.Send(dst, "POST", body, "/Groups") }, 201}
}

// ReplaceMembers is the step that makes people from to to-1 the members of a group, in one PUT of the whole group.
func (o Organisation) ReplaceMembers(group, name string, from, to int) Step {
	body := []byte(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"` + name + `","members":`)
	body = append(o.appendMembers(body, from, to), '}')
	return Step{func(dst []byte) []byte {
		return o.Form.Send(dst, "PUT", body, "/Groups/", group, "?excludedAttributes=members")
	}, 200}
}

// AddMembers is the step that adds people from to to-1 to a group.
func (o Organisation) AddMembers(group string, from, to int) Step {
	body := o.appendMembers([]byte(patchOf+`{"op":"add","path":"members","value":`), from, to)
	body = append(body, "}]}"...)
	return Step{func(dst []byte) []byte {
		return o.Form.Send(dst, "PATCH", body, "/Groups/", group, "?excludedAttributes=members")
	}, 200}
}

func (o Organisation) appendMembers(dst []byte, from, to int) []byte {
	dst = append(dst, '[')
	for n := from; n < to; n++ {
		if n > from {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, `{"value":"`...), o.People.User(n).String()...), `"}`...)
	}
	return append(dst, ']')
}

// ReadGroups makes workers that read a whole group over and over.
func (o Organisation) ReadGroups(n int, group string) []load.Worker {
	return workers(n, func(int) load.Worker {
		return &asking{status: 200, holds: []byte(`"id":"` + group + `"`), request: func(dst []byte) ([]byte, int) {
			return o.Form.Get(dst, "/Groups/", group), 0
		}}
	})
}

// ID finds the id of the resource in an answer.
func ID(answer []byte) (string, error) {
	_, rest, found := bytes.Cut(answer, []byte(`"id":"`))
	id, _, ended := bytes.Cut(rest, []byte(`"`))
	if !found || !ended {
		return "", fmt.Errorf("no id in the answer %.200s", answer)
	}
	return string(id), nil
}

// number finds the integer after a name in an answer: "totalResults":7.
func number(answer []byte, name string) (int, error) {
	_, rest, found := bytes.Cut(answer, []byte(`"`+name+`":`))
	end := bytes.IndexAny(rest, ",}")
	if !found || end < 0 {
		return 0, fmt.Errorf("no %s in the answer %.200s", name, answer)
	}
	return strconv.Atoi(string(rest[:end]))
}
