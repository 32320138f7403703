package domain

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Neither reads nor changes come as far as the store for those who may not: on any object of a module, or on this one.
func TestAdministrationNeedsPermission(t *testing.T) {
	t.Parallel()
	ad := NewAdministration(nil, Environment{}, nil) // a store that is asked would be a nil dereference
	view := Permission{Module: ModuleUsers, Action: ActionView}
	who := Administrator{Permissions: Permissions{view: TheseObjects("a"), {Module: ModuleAudit, Action: ActionView}: AllObjects()}}
	refusedBy := func(module, action, object string) {
		t.Helper()
		change := ad.change(context.Background(), who, module, action, object, func(Tx, time.Time) error { return nil })
		look := ad.look(context.Background(), who, module, action, object, func(Tx) error { return nil })
		for _, err := range []error{change, look} {
			var refusal *Error
			require.ErrorAs(t, err, &refusal)
			require.Equal(t, CodePermissionMissing, refusal.Code)
			require.Equal(t, Forbidden, refusal.Kind)
			require.Equal(t, module+":"+action, refusal.Field)
		}
	}
	refusedBy(ModuleUsers, ActionView, "b")
	refusedBy(ModuleUsers, ActionEdit, "a")
	refusedBy(ModuleUsers, ActionEdit, "")
	refusedBy(ModuleDirectory, ActionDelete, "")
	require.NoError(t, who.need(ModuleUsers, ActionView, "a"))
	require.NoError(t, who.need(ModuleUsers, ActionView, ""))
	require.NoError(t, who.need(ModuleAudit, ActionView, "anything"))
	require.NoError(t, Administrator{Owner: true}.need(ModuleDirectory, ActionDelete, "x"))
}
