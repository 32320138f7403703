package e2e_test

import (
	"encoding/json"
	"os/exec"

	"github.com/stretchr/testify/require"
)

// newcomer: somebody who has nothing but the program clicks through what the demo prints.
func newcomer(h *house) {
	var demo struct {
		SignIn      string `json:"sign_in_url"`
		Directory   string `json:"directory_url"`
		Letters     string `json:"letters_url"`
		Application string `json:"application_url"`
		Owner       string `json:"owner_username"`
	}
	command := exec.Command(h.binary, "demo", "--listen", "127.0.0.1:0", "--json")
	command.Env = h.environment()
	said := start(h.T, command)
	said.wait(func([]byte) bool { return json.Unmarshal([]byte(said.String()), &demo) == nil })

	ana := h.open()
	ana.beAtToy(demo.SignIn, "Ana García")
	ana.sees("Ana García", "Manager")

	directory := ana.beside()
	directory.visit(demo.Directory)
	directory.press("Deactivate: Ana García")
	directory.sees("Deactivated, and pushed", "PATCH")
	directory.look("toy-directory")
	ana.reload()
	require.NotContains(h, ana.text("main"), "Ana García")
	ana.beAtToy(demo.SignIn, "Ana García")
	ana.sees("cannot")

	directory.press("Reactivate: Ana García")
	ana.beAtToy(demo.SignIn, "Ana García")
	ana.sees("Ana García")

	// A colleague in another browser: what a group gives holds from the next click on, and a logout by the provider too.
	bjorn := h.open()
	bjorn.beAtToy(demo.SignIn, "Björn Åkesson")
	bjorn.sees("Björn Åkesson", "Agent")
	directory.press("Add to Team leads: Björn Åkesson")
	bjorn.reload()
	bjorn.sees("Manager")
	directory.press("Sign out everywhere: Björn Åkesson")
	directory.sees("A logout token has gone to Usher")
	bjorn.reload()
	require.NotContains(h, bjorn.text("main"), "Björn Åkesson")
	ana.reload()
	ana.sees("Ana García") // and nobody else's

	// The application is told who is there, and what they are.
	ana.visit(demo.Application)
	ana.sees("Hello Ana García", "You are Manager")
	ana.look("application")
	bjorn.visit(demo.Application)
	bjorn.press("Toy identity provider")
	bjorn.press("Björn Åkesson")
	bjorn.sees("Hello Björn Åkesson")
	directory.visit(demo.Directory)
	directory.press("Deactivate: Björn Åkesson")
	bjorn.reload()
	bjorn.sees("Toy identity provider") // signed out, and asked anew

	directory.visit(demo.Letters)
	directory.sees(demo.Owner)
	directory.look("letters")

	// The owner, by letter.
	olga := h.open()
	olga.visit(demo.Letters)
	olga.press("/invitation/")
	olga.sees("Welcome to Acme")
	olga.fill("password", password, "again", password)
	olga.press("Accept and go on")
	olga.sees(demo.Owner, "Owner")
}

// beAtToy signs in at the toy identity provider by clicking on somebody.
func (w *window) beAtToy(signIn, person string) {
	w.Helper()
	w.visit(signIn)
	w.press("Toy identity provider")
	w.sees("Who are you today?")
	w.look("toy-who")
	w.press(person)
}
