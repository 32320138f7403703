package main

import (
	"usher/domain"
	"usher/oauth"
)

// wireOAuth makes the door of the clients of connections.
func (a *App) wireOAuth(limiter *domain.Limiter) (err error) {
	env := a.config.Environment
	c := oauth.Config{
		OAuth: domain.NewOAuth(lagging{a.store, env.Now, a.metrics.lag}, env, a.config.Random), Now: env.Now, Log: a.config.Log,
		RequestID: requestID, ClientAddress: clientOf,
	}
	if limiter != nil {
		c.Limiter = limiter
	}
	a.oauth, err = oauth.New(c)
	return err
}
