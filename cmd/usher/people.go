package main

import (
	"net/http"

	"usher/internal/secret"
	"usher/signin"
)

// peoplePurpose is what the cookies of people, and what only they should know, are sealed for. Their places say which.
const peoplePurpose = "people"

// wirePeople makes the door of people.
func (a *App) wirePeople(key secret.Key) (err error) {
	a.people, err = signin.New(signin.Config{
		Entrance: a.Entrance, Party: a.party, Registrar: a.registrar(key), Signer: a.signer, BaseURL: a.baseURL(),
		Seal: func(text, place []byte) ([]byte, error) { return key.Seal(peoplePurpose, text, place) },
		Open: func(sealed, place []byte) ([]byte, error) { return key.Open(peoplePurpose, sealed, place) },
		Now:  a.config.Environment.Now, Random: a.config.Random, Log: a.config.Log, Observe: label,
		RequestID:     func(r *http.Request) string { return requestID(r.Context()) },
		ClientAddress: func(r *http.Request) string { return clientOf(r.Context()) },
	})
	return err
}
