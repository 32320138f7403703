package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// EmailDomain is an e-mail domain of the organisation.
type EmailDomain struct {
	Domain               string     `json:"domain" doc:"In ASCII, as DNS has it."`
	Written              string     `json:"written" doc:"As people write it."`
	State                string     `json:"state" enum:"pending,verified"`
	Record               txt        `json:"record"`
	CreatedAt            time.Time  `json:"created_at"`
	VerifiedAt           *time.Time `json:"verified_at" doc:"null: it is not proved."`
	VerifiedBy           *string    `json:"verified_by" doc:"dns or operator."`
	TrustedConnectionIDs []string   `json:"trusted_connection_ids" nullable:"false" doc:"Those that are believed when they say that an address of the domain is somebody's."`
	AdopterID            *string    `json:"adopter_id" format:"uuid" doc:"The connection that may adopt all accounts of the domain that no connection has; null: none."`
}

// txt is the TXT record that proves a domain.
type txt struct {
	Type  string `json:"type" enum:"TXT"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

// ByDomain names a domain.
type ByDomain struct {
	Domain string `path:"domain" doc:"Its name, in ASCII or as people write it." maxLength:"255"`
}

// MatchingDomain is ByDomain for a write.
type MatchingDomain struct {
	ByDomain

	IfMatch string `header:"If-Match" doc:"Carry it out only if the ETag is still this one." maxLength:"1000"`
}

type addDomain struct {
	Body struct {
		Domain string `json:"domain" doc:"What stands behind the @ of the addresses." minLength:"1" maxLength:"255"`
	}
}

type trustConnections struct {
	MatchingDomain

	Body struct {
		ConnectionIDs []string `json:"connection_ids" doc:"All of them; the others are no longer trusted." nullable:"false" maxItems:"500"`
	}
}

type makeDomainAdoptable struct {
	MatchingDomain

	Body struct {
		ConnectionID string `json:"connection_id" doc:"The connection that may adopt them." minLength:"1" maxLength:"36"`
	}
}

func (s *service) addEmailDomains() {
	add(s, operation{
		method: http.MethodGet, path: "/domains", id: "list-domains", tag: "Domains", summary: "List the e-mail domains", needs: "directory:view",
	}, func(ctx context.Context, who domain.Administrator, in *Paged) (*page[EmailDomain], error) {
		all, err := s.Administration.EmailDomains(ctx, who)
		if err != nil {
			return nil, err
		}
		return slicePage(exchangeOf(ctx), "domains", *in, all, func(e domain.EmailDomain) string { return e.Name }, showEmailDomain)
	})
	add(s, operation{
		method: http.MethodPost, path: "/domains", id: "add-domain", tag: "Domains", summary: "Begin to prove an e-mail domain",
		description: "Make the TXT record of the answer in DNS, then verify.", needs: "directory:edit", status: http.StatusCreated,
	}, func(ctx context.Context, who domain.Administrator, in *addDomain) (*created[EmailDomain], error) {
		e, err := s.Administration.AddEmailDomain(ctx, who, in.Body.Domain)
		return &created[EmailDomain]{Location: Prefix + "/domains/" + e.Name, ETag: tag(e.Version), Body: showEmailDomain(e)}, err
	})
	add(s, operation{
		method: http.MethodGet, path: "/domains/{domain}", id: "get-domain", tag: "Domains", summary: "Read one e-mail domain", needs: "directory:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByDomain) (*one[EmailDomain], error) {
		e, err := s.Administration.EmailDomain(ctx, who, in.Domain)
		return oneEmailDomain(e), err
	})
	add(s, operation{
		method: http.MethodPost, path: "/domains/{domain}/verify", id: "verify-domain", tag: "Domains", summary: "Prove an e-mail domain by its TXT record",
		description: "At most one organisation has a domain: whoever proves it first.", needs: "directory:edit",
	}, func(ctx context.Context, who domain.Administrator, in *MatchingDomain) (*one[EmailDomain], error) {
		e, err := s.Administration.VerifyEmailDomain(ctx, who, s.Resolver, in.Domain, ifMatch(in.IfMatch))
		return oneEmailDomain(e), err
	})
	add(s, operation{
		method: http.MethodPut, path: "/domains/{domain}/trusted", id: "trust-connections", tag: "Domains", summary: "Say which connections are trusted with addresses of a domain",
		needs: "directory:edit",
	}, func(ctx context.Context, who domain.Administrator, in *trustConnections) (*one[EmailDomain], error) {
		ids := make([]domain.ConnectionID, len(in.Body.ConnectionIDs))
		for i, text := range in.Body.ConnectionIDs {
			id, err := filtered[domain.Connection]("connection_ids", text)
			if err != nil {
				return nil, err
			}
			ids[i] = id
		}
		e, err := s.Administration.TrustConnections(ctx, who, in.Domain, ifMatch(in.IfMatch), ids)
		return oneEmailDomain(e), err
	})
	add(s, operation{
		method: http.MethodPost, path: "/domains/{domain}/adoptable", id: "make-domain-adoptable", tag: "Domains", summary: "Let a connection adopt all accounts of a domain",
		description: "Those of the domain that no connection has, now and later, owners excepted: they show in the look-ups of the connection, and its first write to one makes it its own. Needs users:edit, too, and everything that people may do.",
		needs:       "directory:edit",
	}, func(ctx context.Context, who domain.Administrator, in *makeDomainAdoptable) (*one[EmailDomain], error) {
		by, err := filtered[domain.Connection]("connection_id", in.Body.ConnectionID)
		if err != nil {
			return nil, err
		}
		e, err := s.Administration.MakeDomainAdoptable(ctx, who, in.Domain, ifMatch(in.IfMatch), by)
		return oneEmailDomain(e), err
	})
	add(s, operation{
		method: http.MethodDelete, path: "/domains/{domain}/adoptable", id: "unmake-domain-adoptable", tag: "Domains", summary: "Let no connection adopt accounts of a domain any more",
		description: "What a connection has adopted stays its own. Needs users:edit, too.", needs: "directory:edit",
	}, func(ctx context.Context, who domain.Administrator, in *MatchingDomain) (*one[EmailDomain], error) {
		e, err := s.Administration.MakeDomainAdoptable(ctx, who, in.Domain, ifMatch(in.IfMatch), domain.ConnectionID{})
		return oneEmailDomain(e), err
	})
	add(s, operation{
		method: http.MethodDelete, path: "/domains/{domain}", id: "remove-domain", tag: "Domains", summary: "Remove an e-mail domain",
		description: "Nobody is trusted with its addresses any more, and another organisation may prove it.", needs: "directory:edit", status: http.StatusNoContent,
	}, func(ctx context.Context, who domain.Administrator, in *MatchingDomain) (*struct{}, error) {
		return nil, s.Administration.RemoveEmailDomain(ctx, who, in.Domain, ifMatch(in.IfMatch))
	})
}

func oneEmailDomain(e domain.EmailDomain) *one[EmailDomain] {
	return &one[EmailDomain]{ETag: tag(e.Version), Body: showEmailDomain(e)}
}

func showEmailDomain(e domain.EmailDomain) EmailDomain {
	shown := EmailDomain{
		Domain: e.Name, Written: e.Written, State: "pending", Record: txt{"TXT", e.Record(), e.Challenge}, CreatedAt: e.CreatedAt,
		VerifiedAt: moment(e.VerifiedAt), VerifiedBy: orNil(string(e.VerifiedBy)), TrustedConnectionIDs: append([]string{}, idTextsOf(e.Trusted)...),
		AdopterID: idOr(e.Adopter),
	}
	if !e.VerifiedAt.IsZero() {
		shown.State = "verified"
	}
	return shown
}
