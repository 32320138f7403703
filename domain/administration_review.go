package domain

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"usher/domain/attribute"
)

const (
	// ReviewBatch is how many people a unit of work of a review looks at, so that nobody waits long for it.
	ReviewBatch = 500
	// openBatches is how many of those are looked at while somebody waits who asked for a review; the sweep goes on.
	openBatches = 10

	maxReviewNote = 1000 // characters
)

// ReviewPlan reads how often the organisation reviews its people. Needs reviews:view.
func (ad *Administration) ReviewPlan(ctx context.Context, who Administrator) (ReviewPlan, error) {
	var plan ReviewPlan
	err := ad.look(ctx, who, ModuleReviews, ActionView, "", func(tx Tx) (err error) {
		plan, err = tx.Reviews().Plan(who.Organisation)
		return err
	})
	return plan, err
}

// ChangeReviewPlan says how often the organisation reviews its people. Needs reviews:edit. Invalid, Precondition.
func (ad *Administration) ChangeReviewPlan(ctx context.Context, who Administrator, match IfMatch, every ReviewEvery) (ReviewPlan, error) {
	outcome := ReviewPlan{Every: every}
	if err := oneOf("every", every, ReviewWeekly, ReviewMonthly, ReviewQuarterly, ReviewYearly, ReviewNever); err != nil {
		return outcome, err
	}
	err := ad.change(ctx, who, ModuleReviews, ActionEdit, "", func(tx Tx, now time.Time) error {
		was, err := tx.Reviews().Plan(who.Organisation)
		if err != nil {
			return err
		}
		if err := match.admits(was.Version); err != nil {
			return err
		}
		outcome.Version = was.Version
		if was.Every == every {
			return nil
		}
		outcome.Version++
		if err := tx.Reviews().SavePlan(who.Organisation, was, outcome); err != nil {
			return err
		}
		return ad.record(tx, who, ReviewPlanChanged, "organisation", who.Organisation.UUID, now, texts("every", string(was.Every)), texts("every", string(every)))
	})
	return outcome, err
}

// OpenReview begins a review at this moment. Its findings are made at once where there are not many people, and otherwise
// by the sweep, which goes on where this ended. Needs reviews:create.
func (ad *Administration) OpenReview(ctx context.Context, who Administrator) (Review, error) {
	id, err := newID[Review](ad.env)
	if err != nil {
		return Review{}, err
	}
	by := ad.author(who)
	err = ad.change(ctx, who, ModuleReviews, ActionCreate, "", func(tx Tx, now time.Time) error {
		_, err := openReview(tx, by, id, now, now)
		return err
	})
	if err == nil {
		err = makeReview(ctx, ad.store, by, id, ad.env.instant(), openBatches)
	}
	var made Review
	if err == nil {
		err = ad.store.Read(ctx, func(tx Tx) (err error) {
			made, err = tx.Reviews().Get(who.Organisation, id)
			return err
		})
	}
	return made, err
}

// openReview adds a review unless there is one of that due time.
func openReview(tx Tx, by author, id ReviewID, dueAt, now time.Time) (opened bool, err error) {
	r := Review{ID: id, Organisation: by.organisation, DueAt: dueAt, OpenedAt: now, Version: 1}
	if opened, err = tx.Reviews().Open(r); err != nil || !opened {
		return opened, err
	}
	return true, by.record(tx, ReviewOpened, "review", id.UUID, now, attribute.Value{}, r.tree())
}

// makeReview makes findings, batch by batch, each a unit of work that holds the review: any number of replicas may do this at
// once, and who comes later goes on where others ended. It ends when all are there or after so many batches (0: no matter).
func makeReview(ctx context.Context, store Store, by author, id ReviewID, now time.Time, batches int) error {
	for n := 1; ; n++ {
		done := false
		err := store.Write(ctx, func(tx Tx) (err error) {
			done, err = makeBatch(tx, by, id, now)
			return err
		})
		if err != nil || done || n == batches {
			return err
		}
	}
}

func makeBatch(tx Tx, by author, id ReviewID, now time.Time) (done bool, err error) {
	r, err := tx.Reviews().Claim(by.organisation, id)
	if err != nil || !r.MadeAt.IsZero() {
		return true, err
	}
	defaults, err := tx.Assignments().Defaults(by.organisation)
	if err != nil {
		return false, err
	}
	people, err := tx.Reviews().People(by.organisation, r.After, ReviewBatch)
	if err != nil {
		return false, err
	}
	var found []ReviewFinding
	for _, p := range people {
		found = append(found, p.findings(defaults, r.OpenedAt)...)
		r.After = p.User
	}
	if len(found) > 0 {
		if err := tx.Reviews().Put(by.organisation, id, found); err != nil {
			return false, err
		}
	}
	r.Version++
	if done = len(people) < ReviewBatch; done {
		r.MadeAt = now
		if err := by.record(tx, ReviewMade, "review", id.UUID, now, attribute.Value{}, r.tree()); err != nil {
			return false, err
		}
	}
	return done, tx.Reviews().Save(r)
}

// SweepReviews opens the review of an organisation that is due, once per period whoever asks and however often, and makes the
// findings that are missing of this one and of others. It returns how many it opened. NotFound.
func (in *Installation) SweepReviews(ctx context.Context, slug string) (opened int, err error) {
	id, err := newID[Review](in.env)
	if err != nil {
		return 0, err
	}
	now := in.env.instant()
	var unmade []ReviewID
	var by author
	err = in.change(ctx, slug, func(tx Tx, o Organisation) error {
		opened, by = 0, in.itself(o)
		plan, err := tx.Reviews().Plan(o.ID)
		if err != nil {
			return err
		}
		if dueAt, ok := plan.Every.due(now); ok && dueAt.After(o.CreatedAt) {
			made, err := openReview(tx, by, id, dueAt, now)
			if err != nil {
				return err
			}
			if made {
				opened = 1
			}
		}
		unmade, err = tx.Reviews().Unmade(o.ID)
		return err
	})
	for _, id := range unmade {
		if err == nil {
			err = makeReview(ctx, in.store, by, id, now, 0)
		}
	}
	return opened, err
}

// Reviews reads reviews, the newest first. Needs reviews:view.
func (ad *Administration) Reviews(ctx context.Context, who Administrator, before ReviewID, limit int) ([]Review, error) {
	var list []Review
	err := ad.look(ctx, who, ModuleReviews, ActionView, "", func(tx Tx) (err error) {
		list, err = tx.Reviews().List(who.Organisation, before, limit)
		return err
	})
	return list, err
}

// Review reads one, with how much of it is decided. Needs reviews:view. NotFound.
func (ad *Administration) Review(ctx context.Context, who Administrator, id ReviewID) (Review, error) {
	var r Review
	err := ad.look(ctx, who, ModuleReviews, ActionView, "", func(tx Tx) (err error) {
		r, err = tx.Reviews().Get(who.Organisation, id)
		return err
	})
	return r, err
}

// ReviewFindings reads findings of a review in order of person and finding. Needs reviews:view. NotFound.
func (ad *Administration) ReviewFindings(ctx context.Context, who Administrator, q FindingQuery) ([]ReviewFinding, error) {
	var list []ReviewFinding
	err := ad.look(ctx, who, ModuleReviews, ActionView, "", func(tx Tx) error {
		if _, err := tx.Reviews().Get(who.Organisation, q.Review); err != nil {
			return err
		}
		var err error
		list, err = tx.Reviews().Findings(who.Organisation, q)
		return err
	})
	return list, err
}

// DecideFinding says what is to become of a finding, in place of what was said before. match is a condition on the review,
// whose version changes with every decision. Needs reviews:edit. NotFound, Invalid, Precondition, ReviewSigned.
func (ad *Administration) DecideFinding(ctx context.Context, who Administrator, review ReviewID, match IfMatch, user UserID, finding Finding, verdict Verdict, note string) (ReviewFinding, error) {
	is := ReviewFinding{User: user, Finding: finding, Verdict: verdict, Note: note, DecidedBy: who.Actor}
	if err := oneOf("decision", verdict, VerdictKeep, VerdictChange, VerdictRemove); err != nil {
		return is, err
	}
	switch {
	case utf8.RuneCountInString(note) > maxReviewNote:
		return is, InvalidField("note", fmt.Sprintf("use at most %d characters", maxReviewNote))
	case storable(note, maxReviewNote) != note:
		return is, InvalidField("note", "use text in UTF-8 without NUL")
	}
	err := ad.change(ctx, who, ModuleReviews, ActionEdit, "", func(tx Tx, now time.Time) error {
		r, err := tx.Reviews().Claim(who.Organisation, review)
		if err != nil {
			return err
		}
		if err := match.admits(r.Version); err != nil {
			return err
		}
		if !r.SignedAt.IsZero() {
			return &Error{Kind: Conflict, Code: CodeReviewSigned, Message: "this review is signed off; decide in the next one, or open another"}
		}
		is.DecidedAt = now
		if err := tx.Reviews().Decide(who.Organisation, review, is); err != nil {
			return err
		}
		r.Version++ // who signs by If-Match signs what they have read
		if err := tx.Reviews().Save(r); err != nil {
			return err
		}
		return ad.record(tx, who, ReviewDecided, "review", review.UUID, now, attribute.Value{},
			texts("user", user.String(), "finding", string(finding), "decision", string(verdict)))
	})
	return is, err
}

// SignReview signs a review off: everything found is decided, and stays as it is. A second time changes nothing. Needs
// reviews:sign. NotFound, Precondition, ReviewUndecided.
func (ad *Administration) SignReview(ctx context.Context, who Administrator, id ReviewID, match IfMatch) (Review, error) {
	var outcome Review
	err := ad.change(ctx, who, ModuleReviews, ActionSign, "", func(tx Tx, now time.Time) error {
		r, err := tx.Reviews().Claim(who.Organisation, id)
		if err != nil {
			return err
		}
		if err := match.admits(r.Version); err != nil {
			return err
		}
		if r.SignedAt.IsZero() {
			if _, err := ad.sign(tx, who, r, now); err != nil {
				return err
			}
		}
		outcome, err = tx.Reviews().Get(who.Organisation, id)
		return err
	})
	return outcome, err
}

func (ad *Administration) sign(tx Tx, who Administrator, r Review, now time.Time) (Review, error) {
	open, err := tx.Reviews().Undecided(r.Organisation, r.ID)
	switch {
	case err != nil:
		return r, err
	case r.MadeAt.IsZero():
		return r, &Error{Kind: Conflict, Code: CodeReviewUndecided, Message: "the findings of this review are still being made; sign it when they are there and decided"}
	case open > 0:
		return r, &Error{Kind: Conflict, Code: CodeReviewUndecided, Message: numbered(open, "finding of this review is", "findings of this review are") + " not decided; decide first"}
	}
	r.SignedAt, r.SignedBy = now, who.Actor
	r.Version++
	if err := tx.Reviews().Save(r); err != nil {
		return r, err
	}
	return r, ad.record(tx, who, ReviewSigned, "review", r.ID.UUID, now, attribute.Value{}, r.tree())
}
