// Command app is the smallest application behind Usher: it believes an assertion that it has verified, and shows who came.
// It needs nothing but the standard library.
//
//	go run ./docs/examples/app -listen 127.0.0.1:3000 -issuer http://127.0.0.1:8000
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:3000", "where to listen")
	issuer := flag.String("issuer", "http://127.0.0.1:8000", "the address of Usher, as --public-url has it")
	audience := flag.String("audience", "", "of the application; the issuer unless given")
	organisation := flag.String("organisation", "", "id of the only organisation whose people come; any that has registered the audience unless given")
	flag.Parse()
	if *audience == "" {
		*audience = *issuer
	}
	verifier := &Verifier{Issuer: *issuer, Audience: *audience, Organisation: *organisation, Now: time.Now}
	server := &http.Server{Addr: *listen, Handler: handler(verifier), ReadHeaderTimeout: 10 * time.Second}
	if err := server.ListenAndServe(); err != nil {
		fmt.Fprintln(os.Stderr, "app:", err)
		os.Exit(1)
	}
}

// handler shows who came, as the assertion says and as the headers do.
func handler(verifier *Verifier) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, err := verifier.Verify(r.Context(), r.Header.Get("X-Usher-Assertion"))
		if err != nil {
			http.Error(w, "nobody vouches for this request: "+err.Error(), http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"claims": claims, "user": r.Header.Get("X-Usher-User"), "role": r.Header.Get("X-Usher-Role"), "cookie": r.Header.Get("Cookie"),
		})
	})
}
