package domain

import (
	"context"
	"io"
	"slices"
	"strconv"
	"time"

	"usher/domain/attribute"
)

// EmailDomains gives the domains of the organisation, by name. It needs directory:view.
func (ad *Administration) EmailDomains(ctx context.Context, who Administrator) ([]EmailDomain, error) {
	var all []EmailDomain
	err := ad.look(ctx, who, ModuleDirectory, ActionView, "", func(tx Tx) (err error) {
		all, err = tx.EmailDomains().List(who.Organisation)
		return err
	})
	return all, err
}

// EmailDomain reads one domain. It needs directory:view. NotFound.
func (ad *Administration) EmailDomain(ctx context.Context, who Administrator, text string) (EmailDomain, error) {
	var found EmailDomain
	err := ad.look(ctx, who, ModuleDirectory, ActionView, "", func(tx Tx) (err error) {
		found, err = findDomain(tx, who.Organisation, text)
		return err
	})
	return found, err
}

// AddEmailDomain begins the proof of a domain: the answer has the TXT record to make. It needs directory:edit. Invalid,
// NameTaken, DomainTaken, TooMany.
func (ad *Administration) AddEmailDomain(ctx context.Context, who Administrator, text string) (EmailDomain, error) {
	var made EmailDomain
	err := ad.change(ctx, who, ModuleDirectory, ActionEdit, "", func(tx Tx, now time.Time) (err error) {
		made, err = addDomain(tx, ad.author(who), text, ad.random, now)
		return err
	})
	return made, err
}

// VerifyEmailDomain asks DNS whether the TXT record of a domain is there, and if so the domain is proved. What is proved
// already stays so. It needs directory:edit. NotFound, DomainUnproved, DomainTaken, Unavailable.
func (ad *Administration) VerifyEmailDomain(ctx context.Context, who Administrator, resolver Resolver, text string, match IfMatch) (EmailDomain, error) {
	if err := who.need(ModuleDirectory, ActionEdit, ""); err != nil {
		return EmailDomain{}, err
	}
	known, err := ad.readDomain(ctx, who, text)
	if err != nil || !known.VerifiedAt.IsZero() {
		return known, err
	}
	records, err := resolver.TXT(ctx, known.Record())
	if err != nil {
		return known, err
	}
	if !slices.Contains(records, known.Challenge) {
		return known, &Error{
			Kind: Conflict, Code: CodeDomainUnproved, Field: "domain",
			Message: "DNS has no TXT record at " + known.Record() + " with the value " + known.Challenge + "; make it, wait until it can be seen, and ask again",
		}
	}
	return ad.changeDomain(ctx, who, text, match, func(_ Tx, is *EmailDomain, now time.Time) error {
		if is.Challenge != known.Challenge { // deleted and added anew meanwhile
			return &Error{Kind: Precondition, Code: CodeVersionMismatch, Message: "the domain was added anew meanwhile; make its new record"}
		}
		is.prove(ProofDNS, now)
		return nil
	})
}

func (ad *Administration) readDomain(ctx context.Context, who Administrator, text string) (EmailDomain, error) {
	var known EmailDomain
	err := ad.store.Read(ctx, func(tx Tx) (err error) {
		known, err = findDomain(tx, who.Organisation, text)
		return err
	})
	return known, err
}

func (e *EmailDomain) prove(by Proof, now time.Time) {
	if e.VerifiedAt.IsZero() {
		e.VerifiedAt, e.VerifiedBy = now, by
	}
}

// TrustConnections says which connections are trusted to verify addresses of a domain: what they say of an address is then
// believed, and whoever has it, owners excepted, may be signed in by them. So it needs directory:edit, and to trust one more
// everything that people may do (rule owner.escalation). NotFound, Invalid, Forbidden, DomainUnproved, VersionMismatch.
func (ad *Administration) TrustConnections(ctx context.Context, who Administrator, text string, match IfMatch, trusted []ConnectionID) (EmailDomain, error) {
	return ad.changeDomain(ctx, who, text, match, func(tx Tx, is *EmailDomain, _ time.Time) error {
		for _, id := range trusted {
			if err := demandConnection(tx, who.Organisation, id, "connection_ids"); err != nil {
				return err
			}
		}
		if len(trusted) > 0 && is.VerifiedAt.IsZero() {
			return unproved()
		}
		if len(added(is.Trusted, trusted)) > 0 {
			if err := who.mayReachAnybody(tx, "connection_ids"); err != nil {
				return err
			}
		}
		is.Trusted = distinctIDs(trusted)
		return nil
	})
}

// MakeDomainAdoptable lets a connection adopt all accounts of a proved domain that no connection has, those of owners
// excepted, now and later (rule link.adopt); with the zero id none does any more. It needs directory:edit, users:edit, and,
// since whoever it is could be reached by the directory then, everything that people may do (rule owner.escalation).
// NotFound, Invalid, DomainUnproved, VersionMismatch.
func (ad *Administration) MakeDomainAdoptable(ctx context.Context, who Administrator, text string, match IfMatch, by ConnectionID) (EmailDomain, error) {
	if err := who.need(ModuleUsers, ActionEdit, ""); err != nil {
		return EmailDomain{}, err
	}
	return ad.changeDomain(ctx, who, text, match, func(tx Tx, is *EmailDomain, _ time.Time) error {
		if by.IsZero() || by == is.Adopter {
			is.Adopter = by
			return nil
		}
		if err := demandConnection(tx, who.Organisation, by, "connection_id"); err != nil {
			return err
		}
		if is.VerifiedAt.IsZero() {
			return unproved()
		}
		if err := who.mayReachAnybody(tx, "domain"); err != nil {
			return err
		}
		is.Adopter = by
		return nil
	})
}

// RemoveEmailDomain forgets a domain: no connection is trusted with its addresses or adopts its accounts any more, and
// another organisation may prove it. It needs directory:edit. NotFound, VersionMismatch.
func (ad *Administration) RemoveEmailDomain(ctx context.Context, who Administrator, text string, match IfMatch) error {
	return ad.change(ctx, who, ModuleDirectory, ActionEdit, "", func(tx Tx, now time.Time) error {
		return removeDomain(tx, ad.author(who), text, match, now)
	})
}

func (ad *Administration) changeDomain(ctx context.Context, who Administrator, text string, match IfMatch, change func(tx Tx, is *EmailDomain, now time.Time) error) (EmailDomain, error) {
	var outcome EmailDomain
	err := ad.change(ctx, who, ModuleDirectory, ActionEdit, "", func(tx Tx, now time.Time) (err error) {
		outcome, err = saveDomain(tx, ad.author(who), text, match, now, func(is *EmailDomain) error { return change(tx, is, now) })
		return err
	})
	return outcome, err
}

// AddEmailDomain adds a domain, as [Administration.AddEmailDomain]. NotFound, Invalid, NameTaken, DomainTaken, TooMany.
func (in *Installation) AddEmailDomain(ctx context.Context, slug, text string) (EmailDomain, error) {
	now := in.env.instant()
	var made EmailDomain
	err := in.change(ctx, slug, func(tx Tx, o Organisation) (err error) {
		made, err = addDomain(tx, in.author(o), text, in.random, now)
		return err
	})
	return made, err
}

// ListEmailDomains gives the domains of an organisation, by name. NotFound.
func (in *Installation) ListEmailDomains(ctx context.Context, slug string) ([]EmailDomain, error) {
	var all []EmailDomain
	err := in.store.Read(ctx, func(tx Tx) error {
		o, err := tx.Organisations().BySlug(slug)
		if err != nil {
			return err
		}
		all, err = tx.EmailDomains().List(o.ID)
		return err
	})
	return all, err
}

// VouchForEmailDomain proves a domain by the operator's word. NotFound, DomainTaken.
func (in *Installation) VouchForEmailDomain(ctx context.Context, slug, text string) (EmailDomain, error) {
	now := in.env.instant()
	var outcome EmailDomain
	err := in.change(ctx, slug, func(tx Tx, o Organisation) (err error) {
		outcome, err = saveDomain(tx, in.author(o), text, IfMatch{}, now, func(is *EmailDomain) error {
			is.prove(ProofOperator, now)
			return nil
		})
		return err
	})
	return outcome, err
}

// RemoveEmailDomain forgets a domain, as [Administration.RemoveEmailDomain]. NotFound.
func (in *Installation) RemoveEmailDomain(ctx context.Context, slug, text string) error {
	now := in.env.instant()
	return in.change(ctx, slug, func(tx Tx, o Organisation) error {
		return removeDomain(tx, in.author(o), text, IfMatch{}, now)
	})
}

// findDomain finds a domain by its name in whatever form. NotFound.
func findDomain(tx Tx, org OrganisationID, text string) (EmailDomain, error) {
	name, _, err := ParseEmailDomain(text)
	if err != nil {
		name = text // which no domain has
	}
	return tx.EmailDomains().Get(org, name)
}

func addDomain(tx Tx, by author, text string, random io.Reader, now time.Time) (EmailDomain, error) {
	made, err := newEmailDomain(by.organisation, text, random, now)
	if err != nil {
		return made, err
	}
	all, err := tx.EmailDomains().List(by.organisation)
	if err != nil {
		return made, err
	}
	if len(all) >= MaxEmailDomains {
		return made, &Error{Kind: Conflict, Code: CodeTooMany, Message: "the organisation has " + strconv.Itoa(len(all)) + " domains, which is all it may have; remove one that is not used"}
	}
	if err := tx.EmailDomains().Insert(made); err != nil {
		return made, err
	}
	return made, by.record(tx, DomainAdded, "domain", made.Subject(), now, attribute.Value{}, made.tree())
}

func saveDomain(tx Tx, by author, text string, match IfMatch, now time.Time, change func(is *EmailDomain) error) (EmailDomain, error) {
	was, err := findDomain(tx, by.organisation, text)
	if err != nil {
		return was, err
	}
	if err := match.admits(was.Version); err != nil {
		return was, err
	}
	is := was
	if err := change(&is); err != nil {
		return was, err
	}
	before, after := attribute.Diff(was.tree(), is.tree())
	if !before.Assigned() && !after.Assigned() {
		return was, nil
	}
	is.Version++
	if err := tx.EmailDomains().Save(was, is); err != nil {
		return was, err
	}
	what := DomainChanged
	if was.VerifiedAt.IsZero() && !is.VerifiedAt.IsZero() {
		what = DomainVerified
	}
	after.Set("domain", attribute.NewString(is.Name))
	return is, by.record(tx, what, "domain", is.Subject(), now, before, after)
}

func removeDomain(tx Tx, by author, text string, match IfMatch, now time.Time) error {
	was, err := findDomain(tx, by.organisation, text)
	if err != nil {
		return err
	}
	if err := match.admits(was.Version); err != nil {
		return err
	}
	if err := tx.EmailDomains().Delete(was); err != nil {
		return err
	}
	return by.record(tx, DomainRemoved, "domain", was.Subject(), now, was.tree(), attribute.Value{})
}

func unproved() *Error {
	return &Error{Kind: Conflict, Code: CodeDomainUnproved, Field: "domain", Message: "nobody has proved that this domain is yours; verify it first"}
}

func demandConnection(tx Tx, org OrganisationID, id ConnectionID, field string) error {
	_, err := tx.Connections().Get(org, id)
	if IsKind(err, NotFound) {
		return InvalidField(field, "the organisation has no such connection; list those it has")
	}
	return err
}

// distinctIDs are the ids, each once, in order.
func distinctIDs[Noun any](ids []ID[Noun]) []ID[Noun] {
	list := slices.Clone(ids)
	slices.SortFunc(list, func(a, b ID[Noun]) int { return slices.Compare(a.UUID[:], b.UUID[:]) })
	return slices.Compact(list)
}
