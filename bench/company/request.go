package company

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// The requests of a push.

func (p *push) patch(ctx context.Context, target string, operation object) error {
	body := object{"schemas": []any{urnPatch}, "Operations": []any{operation}}
	return p.client.do(ctx, http.MethodPatch, target, body, nil, http.StatusOK, http.StatusNoContent)
}

// lookUp finds the id of the one resource whose attribute has a value; empty: there is none.
func (p *push) lookUp(ctx context.Context, target, attribute, value string) (string, error) {
	var found struct {
		TotalResults int
		Resources    []struct{ ID string }
	}
	filter := attribute + " eq " + quote(value)
	if err := p.client.do(ctx, http.MethodGet, target+url.QueryEscape(filter), nil, &found, http.StatusOK); err != nil {
		return "", err
	}
	if found.TotalResults != len(found.Resources) || found.TotalResults > 1 {
		return "", fmt.Errorf("company: the look-up %s found %d, of which it shows %d", filter, found.TotalResults, len(found.Resources))
	}
	if found.TotalResults == 0 {
		return "", nil
	}
	return found.Resources[0].ID, nil
}

func (p *push) create(ctx context.Context, target string, body object) (string, error) {
	var made struct{ ID string }
	if err := p.client.do(ctx, http.MethodPost, target, body, &made, http.StatusCreated); err != nil {
		return "", err
	}
	if made.ID == "" {
		return "", fmt.Errorf("company: POST %s: the answer has no id", target)
	}
	return made.ID, nil
}
