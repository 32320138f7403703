package domain

import "context"

// Organisation reads the administrator's organisation. Everybody who may do anything in it may read it. NotFound.
func (ad *Administration) Organisation(ctx context.Context, who Administrator) (Organisation, error) {
	var o Organisation
	err := ad.store.Read(ctx, func(tx Tx) (err error) {
		o, err = tx.Organisations().Get(who.Organisation)
		return err
	})
	return o, err
}
