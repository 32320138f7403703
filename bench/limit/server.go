package limit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	byIDSQL   = "SELECT document FROM users WHERE organisation_id = $1 AND user_id = $2 AND archived_at IS NULL"
	byNameSQL = "SELECT document FROM users WHERE organisation_id = $1 AND user_name_key = $2 AND archived_at IS NULL"
)

// Server answers GET /scim/v2/Users/{id} and GET /scim/v2/Users?filter=userName eq "…".
type Server struct {
	Pool   *pgxpool.Pool
	Tokens map[string]uuid.UUID // organisation by token
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	organisation, known := s.Tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if !known {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/scim/v2/Users")
	if path == "" {
		s.list(w, r, organisation)
		return
	}
	id, err := uuid.Parse(strings.TrimPrefix(path, "/"))
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	document, err := s.one(r.Context(), byIDSQL, organisation, pgtype.UUID{Bytes: id, Valid: true})
	answer(w, document, err)
}

// list answers one person in the frame of a list.
func (s *Server) list(w http.ResponseWriter, r *http.Request, organisation uuid.UUID) {
	name, ok := strings.CutPrefix(r.URL.Query().Get("filter"), `userName eq "`)
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	document, err := s.one(r.Context(), byNameSQL, organisation, strings.ToLower(strings.TrimSuffix(name, `"`)))
	list := make([]byte, 0, 2048)
	list = append(list, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":1,"itemsPerPage":1,"startIndex":1,"Resources":[`...)
	list = append(append(list, document...), "]}"...)
	answer(w, list, err)
}

func (s *Server) one(ctx context.Context, sql string, organisation uuid.UUID, key any) (document []byte, err error) {
	err = s.Pool.QueryRow(ctx, sql, pgtype.UUID{Bytes: organisation, Valid: true}, key).Scan(&document)
	return document, err
}

func answer(w http.ResponseWriter, body []byte, err error) {
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		w.WriteHeader(http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		h := w.Header()
		h["Content-Type"] = []string{"application/scim+json"}
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
		_, _ = w.Write(body)
	}
}

// Serve answers on a free port of this machine until ctx ends, and says on log where, as `usher serve` does.
func Serve(ctx context.Context, database, token, organisation string, connections int, log io.Writer) error {
	id, err := uuid.Parse(organisation)
	if err != nil {
		return err
	}
	config, err := pgxpool.ParseConfig(database)
	if err != nil {
		return err
	}
	config.MaxConns = int32(connections)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: &Server{Pool: pool, Tokens: map[string]uuid.UUID{token: id}}}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := json.NewEncoder(log).Encode(map[string]string{"msg": "serving", "url": "http://" + l.Addr().String()}); err != nil {
		return err
	}
	if err := server.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("limit: serve: %w", err)
	}
	return nil
}
