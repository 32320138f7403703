package persistence

import "usher/domain"

// What connections may do, and whose people are whose (domain.TrustTx).

func (t tx) ConnectionPolicies() domain.ConnectionPolicies { return connectionPolicies(t) }
func (t tx) Adoptions() domain.Adoptions                   { return adoptions(t) }
func (t tx) EmailDomains() domain.EmailDomains             { return emailDomains(t) }
