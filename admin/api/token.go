package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// Token is a bearer token of a connection, without its secret.
type Token struct {
	ID           string     `json:"id" format:"uuid"`
	ConnectionID string     `json:"connection_id" format:"uuid"`
	OAuthClient  *string    `json:"oauth_client_id" format:"uuid" doc:"The OAuth client that was given it; null: it was made by hand."`
	State        string     `json:"state" enum:"active,expired,revoked"`
	CreatedAt    time.Time  `json:"created_at"`
	ExpiresAt    *time.Time `json:"expires_at" doc:"null: never."`
	RevokedAt    *time.Time `json:"revoked_at"`
	LastUsedAt   *time.Time `json:"last_used_at" doc:"To the minute."`
}

// newToken is a token with its secret.
type newToken struct {
	Token

	Secret string `json:"token" doc:"The token itself, for the identity provider. It is shown this once."`
}

type createToken struct {
	ByID

	Body *struct {
		ExpiresInHours int `json:"expires_in_hours,omitempty" doc:"How long it is good for; 0: for ever." minimum:"0" maximum:"87600"`
	}
}

type rotateToken struct {
	Matching

	Body *struct {
		OverlapHours *int `json:"overlap_hours,omitempty" doc:"How long the old one stays good; 24 unless given." minimum:"0" maximum:"720"`
	}
}

// defaultOverlap is how long a token stays good beside the one that takes its place.
const defaultOverlap = 24 * time.Hour

func (s *service) addTokens() {
	add(s, operation{
		method: http.MethodGet, path: "/connections/{id}/tokens", id: "list-tokens", tag: "Tokens", summary: "List the tokens of a connection", needs: "directory:view",
	}, func(ctx context.Context, who domain.Administrator, in *membersInput) (*page[Token], error) {
		id, err := identified[domain.Connection](in.ID, "connection")
		if err != nil {
			return nil, err
		}
		all, err := s.Administration.Tokens(ctx, who, id)
		if err != nil {
			return nil, err
		}
		return slicePage(exchangeOf(ctx), "tokens "+in.ID, in.Paged, all, func(t domain.Token) string { return t.ID.String() }, s.showToken)
	})
	add(s, operation{
		method: http.MethodPost, path: "/connections/{id}/tokens", id: "create-token", tag: "Tokens", summary: "Make a token for a connection",
		description: "The other tokens of the connection stay in force. Who has it can change anybody of the directory, so making it takes every permission there is.", needs: "directory:edit", status: http.StatusCreated,
	}, func(ctx context.Context, who domain.Administrator, in *createToken) (*created[newToken], error) {
		id, err := identified[domain.Connection](in.ID, "connection")
		if err != nil {
			return nil, err
		}
		hours := 0
		if in.Body != nil {
			hours = in.Body.ExpiresInHours
		}
		t, text, err := s.Administration.CreateToken(ctx, who, id, time.Duration(hours)*time.Hour)
		return s.madeToken(t, text), err
	})
	add(s, operation{
		method: http.MethodPost, path: "/tokens/{id}/rotate", id: "rotate-token", tag: "Tokens", summary: "Make a token in place of another",
		description: "The new one is good for as long as the old one was made for; the old one ends after the overlap." +
			" Who has it can change anybody of the directory, so making it takes every permission there is.",
		needs: "directory:edit", status: http.StatusCreated,
	}, func(ctx context.Context, who domain.Administrator, in *rotateToken) (*created[newToken], error) {
		id, err := identified[domain.Token](in.ID, "token")
		if err != nil {
			return nil, err
		}
		overlap := defaultOverlap
		if in.Body != nil && in.Body.OverlapHours != nil {
			overlap = time.Duration(*in.Body.OverlapHours) * time.Hour
		}
		t, text, err := s.Administration.RotateToken(ctx, who, id, overlap, ifMatch(in.IfMatch))
		return s.madeToken(t, text), err
	})
	add(s, operation{
		method: http.MethodDelete, path: "/tokens/{id}", id: "revoke-token", tag: "Tokens", summary: "End a token",
		description: "It is refused from the next request on, and stays in the list.", needs: "directory:edit", status: http.StatusNoContent,
	}, func(ctx context.Context, who domain.Administrator, in *Matching) (*struct{}, error) {
		id, err := identified[domain.Token](in.ID, "token")
		if err != nil {
			return nil, err
		}
		_, err = s.Administration.RevokeToken(ctx, who, id, ifMatch(in.IfMatch))
		return nil, err
	})
}

func (s *service) madeToken(t domain.Token, text string) *created[newToken] {
	return &created[newToken]{
		Location: Prefix + "/connections/" + t.Connection.String() + "/tokens", ETag: tag(t.Version()),
		Body: newToken{Token: s.showToken(t), Secret: text},
	}
}

func (s *service) showToken(t domain.Token) Token {
	var client *string
	if !t.Client.IsZero() {
		id := t.Client.String()
		client = &id
	}
	return Token{
		OAuthClient: client, ID: t.ID.String(), ConnectionID: t.Connection.String(), State: state(t.InForce(s.Now()), t.RevokedAt), CreatedAt: t.CreatedAt,
		ExpiresAt: moment(t.ExpiresAt), RevokedAt: moment(t.RevokedAt), LastUsedAt: moment(t.LastUsedAt),
	}
}

// state of a token or key.
func state(inForce bool, revoked time.Time) string {
	switch {
	case inForce:
		return "active"
	case revoked.IsZero():
		return "expired"
	}
	return "revoked"
}
