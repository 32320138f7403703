package domain

import (
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// author appends the events of what somebody does in an organisation: what an administrator and the operator can both
// do is written once, for either.
type author struct {
	env          Environment
	organisation OrganisationID
	actor        Actor
	requestID    string
	from         string // see [Event]
	person       UserID // on behalf of whom the actor acts: whose key it is, or who comes by the connection; zero: of nobody
}

func (ad *Administration) author(who Administrator) author {
	return author{env: ad.env, organisation: who.Organisation, actor: who.Actor, requestID: who.RequestID, from: who.From, person: who.person}
}

func (in *Installation) author(o Organisation) author {
	return author{env: in.env, organisation: o.ID, actor: ActorOperator(), from: in.env.Host}
}

// itself is Usher, which does what a time has come for from nowhere.
func (in *Installation) itself(o Organisation) author {
	return author{env: in.env, organisation: o.ID, actor: ActorSystem()}
}

func (d *Directory) author(caller Caller) author {
	return author{
		env: d.env, organisation: caller.Organisation, actor: Actor{Kind: "connection", ID: caller.Connection.UUID},
		requestID: caller.RequestID, from: caller.From,
	}
}

// event prepares the record of something the author does.
func (a author) event(what EventType, subjectKind string, subject uuid.UUID, at time.Time) (Event, error) {
	id, err := newID[Event](a.env)
	event := Event{
		ID: id, Organisation: a.organisation, Type: what, Actor: a.actor, SubjectKind: subjectKind, Subject: subject,
		RequestID: a.requestID, From: a.from, At: at,
	}
	if event.From != "" {
		event.Person = a.behind()
	}
	return event, err
}

// behind is the person who acts, themselves or by something of theirs; zero: nobody.
func (a author) behind() UserID {
	if a.actor.Kind == "user" {
		return UserID{UUID: a.actor.ID}
	}
	return a.person
}

// record appends an event about a subject: what changed, as it was and as it is.
func (a author) record(tx Tx, what EventType, subjectKind string, subject uuid.UUID, at time.Time, before, after attribute.Value) error {
	event, err := a.event(what, subjectKind, subject, at)
	if err != nil {
		return err
	}
	event.Before, event.After = before, after
	return tx.Events().Append(event)
}

// scribe of what the author does to people.
func (a author) scribe() scribe {
	return scribe{env: a.env, event: func(what EventType, user UserID, at time.Time) (Event, error) {
		return a.event(what, "user", user.UUID, at)
	}}
}
