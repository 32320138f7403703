package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// APIKey is an API key, without its secret.
type APIKey struct {
	ID          string     `json:"id" format:"uuid"`
	Name        string     `json:"name"`
	UserID      *string    `json:"user_id" format:"uuid" doc:"Whose it is: it permits no more than they may, and ends when they are deactivated or deleted. null: nobody's."`
	Permissions []string   `json:"permissions" nullable:"false" doc:"Each as module:action, on all objects."`
	Unknown     []string   `json:"unknown_permissions" nullable:"false" doc:"Those of them that the module catalogue does not have: they permit nothing, and go from the key when something of that name is registered."`
	State       string     `json:"state" enum:"active,expired,revoked"`
	CreatedAt   time.Time  `json:"created_at"`
	ExpiresAt   *time.Time `json:"expires_at" doc:"null: never."`
	RevokedAt   *time.Time `json:"revoked_at"`
	LastUsedAt  *time.Time `json:"last_used_at" doc:"To the minute."`
}

// newAPIKey is a key with its secret.
type newAPIKey struct {
	APIKey

	Secret string `json:"api_key" doc:"The key itself. It is shown this once."`
}

type createAPIKey struct {
	Body struct {
		Name           string   `json:"name" minLength:"1" maxLength:"100"`
		Permissions    []string `json:"permissions" doc:"Each as module:action, such as users:view; none that the key that asks does not hold." minItems:"1" maxItems:"200" nullable:"false"`
		UserID         string   `json:"user_id,omitempty" doc:"Whose it is; none: nobody's. What the key of a person makes is theirs." format:"uuid"`
		ExpiresInHours int      `json:"expires_in_hours,omitempty" doc:"How long it is good for; 0: for ever." minimum:"0" maximum:"87600"`
	}
}

func (s *service) addAPIKeys() {
	add(s, operation{
		method: http.MethodGet, path: "/api-keys", id: "list-api-keys", tag: "API keys", summary: "List the API keys", needs: "directory:view",
	}, func(ctx context.Context, who domain.Administrator, in *Paged) (*page[APIKey], error) {
		all, known, err := s.Administration.APIKeys(ctx, who)
		if err != nil {
			return nil, err
		}
		show := func(k domain.APIKey) APIKey { return s.showAPIKey(k, k.Unknown(known)) }
		return slicePage(exchangeOf(ctx), "api-keys", *in, all, func(k domain.APIKey) string { return k.ID.String() }, show)
	})
	add(s, operation{
		method: http.MethodPost, path: "/api-keys", id: "create-api-key", tag: "API keys", summary: "Make an API key",
		description: "It can hold no permission that the key that asks does not hold.", needs: "directory:edit", status: http.StatusCreated,
	}, s.createAPIKey)
	add(s, operation{
		method: http.MethodDelete, path: "/api-keys/{id}", id: "revoke-api-key", tag: "API keys", summary: "End an API key",
		description: "It is refused from the next request on, and stays in the list.", needs: "directory:edit", status: http.StatusNoContent,
	}, func(ctx context.Context, who domain.Administrator, in *Matching) (*struct{}, error) {
		id, err := identified[domain.APIKey](in.ID, "API key")
		if err != nil {
			return nil, err
		}
		_, err = s.Administration.RevokeAPIKey(ctx, who, id, ifMatch(in.IfMatch))
		return nil, err
	})
}

func (s *service) createAPIKey(ctx context.Context, who domain.Administrator, in *createAPIKey) (*created[newAPIKey], error) {
	spec := domain.APIKeySpec{Name: in.Body.Name, Lifetime: time.Duration(in.Body.ExpiresInHours) * time.Hour}
	for _, text := range in.Body.Permissions {
		of, err := domain.ParsePermission(text)
		if err != nil {
			return nil, err
		}
		spec.Permissions = append(spec.Permissions, of)
	}
	if in.Body.UserID != "" {
		user, ok := domain.ParseID[domain.User](in.Body.UserID)
		if !ok {
			return nil, domain.InvalidField("user_id", "send an id as it was answered, in lower case with hyphens")
		}
		spec.User = user
	}
	k, text, err := s.Administration.CreateAPIKey(ctx, who, spec)
	return &created[newAPIKey]{
		Location: Prefix + "/api-keys", ETag: tag(k.Version()), Body: newAPIKey{APIKey: s.showAPIKey(k, nil), Secret: text},
	}, err
}

func (s *service) showAPIKey(k domain.APIKey, unknown domain.Permissions) APIKey {
	var user *string
	if !k.User.IsZero() {
		id := k.User.String()
		user = &id
	}
	return APIKey{
		ID: k.ID.String(), Name: k.Name, UserID: user, Permissions: spelt(k.Permissions), Unknown: spelt(unknown), State: state(k.InForce(s.Now()), k.RevokedAt),
		CreatedAt: k.CreatedAt, ExpiresAt: moment(k.ExpiresAt), RevokedAt: moment(k.RevokedAt), LastUsedAt: moment(k.LastUsedAt),
	}
}
