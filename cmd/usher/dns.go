package main

import (
	"context"
	"errors"
	"net"
	"time"

	"usher/domain"
)

// dns asks the resolver of the machine.
type dns struct{}

// dnsTime is how long DNS may take to answer.
const dnsTime = 5 * time.Second

// TXT implements domain.Resolver.
func (dns) TXT(ctx context.Context, name string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, dnsTime)
	defer cancel()
	texts, err := net.DefaultResolver.LookupTXT(ctx, name+".") // the dot: no search list
	var failed *net.DNSError
	if errors.As(err, &failed) && failed.IsNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, &domain.Error{Kind: domain.Unavailable, Code: domain.CodeUnavailable, Message: "DNS does not answer; try again", Err: err}
	}
	return texts, nil
}
