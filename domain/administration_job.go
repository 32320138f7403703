package domain

import "context"

// maxJobsShown is how many of the latest jobs are looked through for those under way.
const maxJobsShown = 200

// Job gives one job and how far it has come. It needs directory:view. NotFound.
func (ad *Administration) Job(ctx context.Context, who Administrator, id JobID) (Job, error) {
	var j Job
	err := ad.look(ctx, who, ModuleDirectory, ActionView, "", func(tx Tx) (err error) {
		j, err = tx.Jobs().Get(who.Organisation, id)
		return err
	})
	return j, err
}

// Jobs gives up to limit jobs before one of them, the latest first; with the zero id the latest. It needs directory:view.
func (ad *Administration) Jobs(ctx context.Context, who Administrator, before JobID, limit int) ([]Job, error) {
	var list []Job
	err := ad.look(ctx, who, ModuleDirectory, ActionView, "", func(tx Tx) (err error) {
		list, err = tx.Jobs().List(who.Organisation, before, limit)
		return err
	})
	return list, err
}
