package scim

import (
	"net/http"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/patch"
	"usher/scim/schema"
)

// createUser answers POST /Users (RFC 7644 section 3.3).
func (x *exchange) createUser() error {
	view, shown, err := x.shape(schema.User)
	if err != nil {
		return err
	}
	text, err := x.body(maxBody)
	if err != nil {
		return err
	}
	body, err := parse(text, attribute.Bounds{})
	if err != nil {
		return err
	}
	user, err := x.provision(view, body)
	if err != nil {
		return err
	}
	return x.answerUser(http.StatusCreated, &user, shown)
}

// provision creates a person from a body.
func (x *exchange) provision(view *schema.View, body attribute.Value) (domain.User, error) {
	tree, err := view.Tree(body, x.note)
	if err != nil {
		return domain.User{}, err
	}
	if err := view.Complete(tree); err != nil {
		return domain.User{}, err
	}
	return x.Directory.ProvisionWith(x.r.Context(), x.caller, tree, domain.PushPassword(view.Password(body)))
}

// readUser answers GET /Users/{id} (RFC 7644 section 3.4.1).
func (x *exchange) readUser() error {
	_, shown, err := x.shape(schema.User)
	if err != nil {
		return err
	}
	id, err := userID(x.id())
	if err != nil {
		return err
	}
	user, err := x.Directory.User(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	if err := x.show([]*domain.User{&user}, shown); err != nil {
		return err
	}
	if c := readCondition(x.r.Header, "If-None-Match"); c.set && c.matches(user.Version, userTag(&user)) {
		return x.unchanged(metaOfUser(&user))
	}
	return x.answerUser(http.StatusOK, &user, shown)
}

// replaceUser answers PUT /Users/{id} (RFC 7644 section 3.5.1).
func (x *exchange) replaceUser() error {
	return x.changeUser(x.replacement)
}

// patchUser answers PATCH /Users/{id} (RFC 7644 section 3.5.2).
func (x *exchange) patchUser() error {
	return x.changeUser(x.patching)
}

// change is what a body says of a person.
type change struct {
	// of makes the new attributes of the current ones. It may be called more than once.
	of       func(current attribute.Value) (attribute.Value, error)
	password domain.PushedPassword
}

// changeUser changes a person as the body says, which read turns into a change. The person is read before the body: in
// one statement that verifies the token, finds out whether there is anything to change, and brings what the change
// starts from.
func (x *exchange) changeUser(read func(*schema.View, []byte) (change, error)) error {
	_, shown, err := x.shape(schema.User)
	if err != nil {
		return err
	}
	id, err := userID(x.id())
	if err != nil {
		return err
	}
	remembered := x.recalled
	known, caller, err := x.Directory.OpenUser(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	x.caller, x.recalled = caller, false
	if c := readCondition(x.r.Header, "If-None-Match"); c.set && c.matches(known.Version, userTag(&known)) {
		return errMatched()
	}
	text, err := x.body(maxBody)
	if err != nil {
		return err
	}
	how, err := x.current(remembered, func() (change, error) {
		view, err := x.view(schema.User)
		if err != nil {
			return change{}, err
		}
		return read(view, text)
	})
	if err != nil {
		return err
	}
	match := readCondition(x.r.Header, "If-Match").versions()
	user, err := x.Directory.ChangeUserWith(x.r.Context(), x.caller, id, match, &known, how.of, how.password)
	if err != nil {
		return err
	}
	return x.answerUser(http.StatusOK, &user, shown)
}

// current reads a body by the organisation's schemas. Those of a remembered caller may be older than the latest change
// of them; where something was not known by them, that is looked up and the body read again.
func (x *exchange) current(remembered bool, read func() (change, error)) (change, error) {
	how, err := read()
	if !remembered || err == nil && !x.ignored {
		return how, err
	}
	caller, _, denied := x.authenticate(x.r.Context(), x.r.Header, inForce)
	if denied != nil {
		return change{}, denied
	}
	if caller.SchemaVersion == x.caller.SchemaVersion {
		return how, err
	}
	x.caller = caller
	return read()
}

// replacement reads the body of a PUT. What it leaves out is cleared, except what is not the directory's to clear.
func (x *exchange) replacement(view *schema.View, text []byte) (change, error) {
	body, err := parse(text, attribute.Bounds{})
	if err != nil {
		return change{}, err
	}
	return x.replacing(view, body)
}

func (x *exchange) replacing(view *schema.View, body attribute.Value) (change, error) {
	tree, err := view.Tree(body, x.note)
	if err != nil {
		return change{}, err
	}
	if err := view.Complete(tree); err != nil {
		return change{}, err
	}
	return change{
		of:       func(current attribute.Value) (attribute.Value, error) { return view.Replace(current, tree) },
		password: domain.PushPassword(view.Password(body)),
	}, nil
}

// patching reads the body of a PATCH.
func (x *exchange) patching(view *schema.View, text []byte) (change, error) {
	operations, err := patch.Read(text, view, view, x.note)
	if err != nil {
		return change{}, err
	}
	how := change{of: func(current attribute.Value) (attribute.Value, error) {
		return patch.Apply(operations, current, view, view, x.note)
	}}
	if x.recalled || x.caller.Policy.PasswordSync == domain.PasswordKeep { // else nobody asks, and the body is not read a second time
		how.password = domain.PushPassword(patch.Password(text, view))
	}
	return how, nil
}

// deleteUser answers DELETE /Users/{id} (RFC 7644 section 3.6).
func (x *exchange) deleteUser() error {
	id, err := userID(x.id())
	if err != nil {
		return err
	}
	if c := readCondition(x.r.Header, "If-None-Match"); c.set {
		user, err := x.Directory.User(x.r.Context(), x.caller, id)
		if err != nil {
			return err
		}
		if c.matches(user.Version, userTag(&user)) {
			return errMatched()
		}
	}
	if err := x.Directory.Deprovision(x.r.Context(), x.caller, id, readCondition(x.r.Header, "If-Match").versions()); err != nil {
		return err
	}
	x.send(http.StatusNoContent, nil)
	return nil
}

// answerUser answers with a person.
func (x *exchange) answerUser(status int, u *domain.User, shown schema.Selection) error {
	if !u.Usher.Assigned() { // a read has it already
		if err := x.show([]*domain.User{u}, shown); err != nil {
			return err
		}
	}
	m := metaOfUser(u)
	x.describe(status, m)
	s := x.stream(status)
	var err error
	if s.buf, err = appendShownUser(s.buf, u, shown, x.base); err != nil {
		s.release()
		return err
	}
	return s.close()
}

// describe sets the headers that say which resource in which version the answer is about.
func (x *exchange) describe(status int, m meta) {
	h := x.w.Header()
	h["Etag"] = []string{m.etag()} // the canonical form of ETag to net/http; names of headers have no case
	if status == http.StatusCreated {
		h["Location"] = []string{location(x.base, m.of, m.id)}
	}
}

// unchanged answers that the client's copy is current (RFC 9110 section 15.4.5).
func (x *exchange) unchanged(m meta) error {
	x.describe(http.StatusNotModified, m)
	x.send(http.StatusNotModified, nil)
	return nil
}

// userID reads the identifier of a person. One that is none answers like one that names nobody.
func userID(text string) (domain.UserID, error) {
	id, ok := domain.ParseID[domain.User](text)
	if !ok {
		return id, notFound("user")
	}
	return id, nil
}

// notFound answers for an identifier of another form than ours, in the words of the store for one that names nothing.
func notFound(what string) error {
	return &domain.Error{Kind: domain.NotFound, Code: domain.CodeNotFound, Message: "there is no such " + what}
}
