package api

import (
	"context"
	"net/http"

	"usher/domain"
)

// appearance is what the organisation looks like to people who sign in.
type appearance struct {
	Accent   *string `json:"accent" doc:"A colour as #rrggbb; null: none of its own. Where text could not be read on it or in it, the pages use a lighter or darker one." example:"#0a6cff"`
	Language *string `json:"language" enum:"en,es" doc:"Of the pages, for people of whom nothing else is known; null: what the browser prefers."`
	Logo     *string `json:"logo" doc:"The path of the logo on this server; null: there is none." example:"/brand/acme/logo?v=5d41402abc4b2a76b9719d911017c592"`
}

type changeAppearance struct {
	IfMatch string `header:"If-Match" doc:"Carry it out only if the ETag is still this one." maxLength:"1000"`

	Body struct {
		Accent   *string `json:"accent,omitempty" doc:"A colour as #rrggbb; empty: none of its own." maxLength:"7"`
		Language *string `json:"language,omitempty" doc:"en, es, or empty for what the browser prefers." maxLength:"2"`
	}
}

type setLogo struct {
	IfMatch string `header:"If-Match" doc:"Carry it out only if the ETag is still this one." maxLength:"1000"`
	RawBody []byte `contentType:"image/*"`
}

type removeLogo struct {
	IfMatch string `header:"If-Match" doc:"Carry it out only if the ETag is still this one." maxLength:"1000"`
}

func (s *service) addAppearance() {
	add(s, operation{
		method: http.MethodGet, path: "/appearance", id: "get-appearance", tag: "Appearance", summary: "Read what the organisation looks like to people",
		needs: "appearance:view",
	}, func(ctx context.Context, who domain.Administrator, _ *struct{}) (*one[appearance], error) {
		a, err := s.Administration.Appearance(ctx, who)
		return oneAppearance(a), err
	})
	add(s, operation{
		method: http.MethodPatch, path: "/appearance", id: "change-appearance", tag: "Appearance", summary: "Change colour and language",
		description: "What is not sent, or null, stays.", needs: "appearance:edit",
	}, func(ctx context.Context, who domain.Administrator, in *changeAppearance) (*one[appearance], error) {
		a, err := s.Administration.ChangeAppearance(ctx, who, ifMatch(in.IfMatch), domain.AppearanceChange{Accent: in.Body.Accent, Language: in.Body.Language})
		return oneAppearance(a), err
	})
	add(s, operation{
		method: http.MethodPut, path: "/appearance/logo", id: "set-logo", tag: "Appearance", summary: "Set the logo",
		description: "The picture itself: PNG, JPEG, or WebP that does not move, of at most 256 KiB and 2,048 pixels wide and high. It is read to the end before it is taken; what the request calls it counts for nothing.",
		needs:       "appearance:edit",
	}, func(ctx context.Context, who domain.Administrator, in *setLogo) (*one[appearance], error) {
		a, err := s.Administration.SetLogo(ctx, who, ifMatch(in.IfMatch), in.RawBody)
		return oneAppearance(a), err
	})
	add(s, operation{
		method: http.MethodDelete, path: "/appearance/logo", id: "remove-logo", tag: "Appearance", summary: "Take the logo away",
		needs: "appearance:edit", status: http.StatusNoContent,
	}, func(ctx context.Context, who domain.Administrator, in *removeLogo) (*struct{}, error) {
		_, err := s.Administration.SetLogo(ctx, who, ifMatch(in.IfMatch), nil)
		return nil, err
	})
}

func oneAppearance(a domain.Appearance) *one[appearance] {
	out := appearance{Accent: orNil(a.Accent), Language: orNil(a.Language)}
	if a.Logo != "" {
		out.Logo = orNil(a.LogoPath())
	}
	return &one[appearance]{ETag: tag(a.Version), Body: out}
}
