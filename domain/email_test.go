package domain_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
	"usher/persistence/storetest"
)

// A person with more addresses than the bound is refused before the store does any work for them.
func TestEmailsAreBounded(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		tenant := storetest.NewTenant(t, store, "acme", -1)
		directory := domain.NewDirectory(store, storetest.Environment())
		person := func(n int) attribute.Value {
			emails := make([]attribute.Value, n)
			for i := range emails {
				emails[i] = attribute.NewComplex(attribute.Member{Name: "value", Value: attribute.NewString(fmt.Sprintf("%d@acme.test", i))})
			}
			return attribute.NewComplex(
				attribute.Member{Name: "userName", Value: attribute.NewString(fmt.Sprintf("person%d", n))},
				attribute.Member{Name: "emails", Value: attribute.NewList(emails...)})
		}
		_, err := directory.Provision(t.Context(), tenant.Caller, person(1000))
		require.NoError(t, err)
		_, err = directory.Provision(t.Context(), tenant.Caller, person(1001))
		require.True(t, domain.IsCode(err, domain.CodeInvalidValue), "%v", err)
	})
}
