package scim_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

func escape(s string) string { return url.QueryEscape(s) }

// keys are the names of an object's members.
func keys(doc any) []string {
	object, ok := doc.(map[string]any)
	if !ok {
		return nil
	}
	list := make([]string, 0, len(object))
	for name := range object {
		list = append(list, name)
	}
	return sorted(list...)
}

// textTree is a flat tree of names and texts.
func textTree(pairs ...string) attribute.Value {
	var tree attribute.Value
	for i := 0; i < len(pairs); i += 2 {
		tree.Set(pairs[i], attribute.NewString(pairs[i+1]))
	}
	return tree
}

func unescape(s string) string {
	text, err := url.QueryUnescape(s)
	if err != nil {
		return s
	}
	return text
}

// rotateToken adds a token to a connection and revokes the one with the hash.
func rotateToken(t testing.TB, store domain.Store, org domain.OrganisationID, connection domain.ConnectionID, old domain.Bearer) string {
	t.Helper()
	var secret [32]byte
	_, err := rand.Read(secret[:])
	require.NoError(t, err)
	id, err := uuid.NewV7()
	require.NoError(t, err)
	text, hash := domain.NewDirectoryToken(org, secret)
	require.NoError(t, store.Write(context.Background(), func(tx domain.Tx) error {
		tokens, err := tx.Tokens().List(org)
		if err != nil {
			return err
		}
		for _, token := range tokens {
			if token.Hash == old.Hash {
				if err := tx.Tokens().Revoke(org, token.ID, time.Now()); err != nil {
					return err
				}
			}
		}
		return tx.Tokens().Insert(domain.Token{
			ID: domain.TokenID{UUID: id}, Organisation: org, Connection: connection, Hash: hash, CreatedAt: time.Now(),
		})
	}))
	return text
}

func itoa(i int) string { return strconv.Itoa(i) }

// only are some members of an object.
func only(doc any, names ...string) map[string]any {
	object, _ := doc.(map[string]any)
	some := map[string]any{}
	for _, name := range names {
		if v, ok := object[name]; ok {
			some[name] = v
		}
	}
	return some
}

func mustBearer(t testing.TB, token string) domain.Bearer {
	t.Helper()
	b, err := domain.ParseBearer(token)
	require.NoError(t, err)
	return b
}

// tokenUntil adds a token that ends at a time.
func tokenUntil(t testing.TB, store domain.Store, org domain.OrganisationID, connection domain.ConnectionID, end time.Time) string {
	t.Helper()
	var secret [32]byte
	_, err := rand.Read(secret[:])
	require.NoError(t, err)
	id, err := uuid.NewV7()
	require.NoError(t, err)
	text, hash := domain.NewDirectoryToken(org, secret)
	require.NoError(t, store.Write(context.Background(), func(tx domain.Tx) error {
		return tx.Tokens().Insert(domain.Token{
			ID: domain.TokenID{UUID: id}, Organisation: org, Connection: connection, Hash: hash,
			CreatedAt: time.Now().Add(-time.Hour), ExpiresAt: end,
		})
	}))
	return text
}

// refusedOf is what was refused to a tenant.
func (s *server) refusedOf(tenant storetest.Tenant) []string {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	var list []string
	for _, e := range s.ledger.entries {
		if e.Kind == domain.TallyRefused && e.Organisation == tenant.Organisation.ID {
			list = append(list, e.What)
		}
	}
	return list
}

// leaves are the attributes of a resource that have plain values, by the path that a filter names them by; the values
// are JSON.
func leaves(path string, doc any) map[string]string {
	found := map[string]string{}
	switch node := doc.(type) {
	case map[string]any:
		for name, v := range node {
			at := name
			if path != "" {
				at = path + "." + name
				if strings.HasPrefix(path, "urn:") && !strings.Contains(path, "User:") {
					at = path + ":" + name
				}
			}
			maps.Copy(found, leaves(at, v))
		}
	case []any:
		for _, v := range node {
			maps.Copy(found, leaves(path, v))
		}
	default:
		text, err := json.Marshal(node)
		if err == nil {
			found[path] = string(text)
		}
	}
	return found
}
