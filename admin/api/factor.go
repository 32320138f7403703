package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// userFactors is what proves a person beside a password. No secret is among it.
type userFactors struct {
	TOTPSince       *time.Time    `json:"totp_since" doc:"Since when an authenticator app gives codes; null: none does."`
	RecoveryCodes   int           `json:"recovery_codes" doc:"How many are left."`
	RecoveryCodesOf *time.Time    `json:"recovery_codes_of" doc:"When they were made; null: never, or all are used."`
	Passkeys        []userPasskey `json:"passkeys" doc:"The newest first."`
	Required        bool          `json:"required" doc:"A second factor is demanded, by the policy or of this person."`
	MustEnrol       bool          `json:"must_enrol" doc:"One has to be set up at the next sign-in, since an administrator removed the last one."`
}

type userPasskey struct {
	ID         string     `json:"id" format:"uuid"`
	Name       string     `json:"name" doc:"That the person gave it."`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
}

// userDevice is a browser that is not asked for a second factor.
type userDevice struct {
	ID        string    `json:"id" format:"uuid"`
	Agent     *string   `json:"agent" doc:"What the browser calls itself."`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

type deviceInput struct {
	ByID

	Device string `path:"device" doc:"The device's identifier." maxLength:"100"`
}

// addFactors are the operations about what proves people beside a password.
func (s *service) addFactors() {
	factors := func(ctx context.Context, who domain.Administrator, in string) (domain.Factors, error) {
		id, err := identified[domain.User](in, "user")
		if err != nil {
			return domain.Factors{}, err
		}
		return s.Administration.Factors(ctx, who, id)
	}
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}/factors", id: "get-factors", tag: "Sign-in", summary: "Read what proves a person beside a password",
		description: "Kinds, names and times; of the secrets there is nothing.", needs: "users:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*plain[userFactors], error) {
		f, err := factors(ctx, who, in.ID)
		return &plain[userFactors]{Body: showFactors(f)}, err
	})
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}/devices", id: "list-devices", tag: "Sign-in", summary: "List the remembered browsers of a person",
		description: "Those that are not asked for a second factor, the newest first.", needs: "users:view",
	}, func(ctx context.Context, who domain.Administrator, in *sessionsInput) (*page[userDevice], error) {
		f, err := factors(ctx, who, in.ID)
		if err != nil {
			return nil, err
		}
		return slicePage(exchangeOf(ctx), "devices "+in.ID, in.Paged, f.Devices, func(x domain.Device) string { return x.ID.String() }, showDevice)
	})
	add(s, operation{
		method: http.MethodDelete, path: "/users/{id}/devices/{device}", id: "forget-device", tag: "Sign-in",
		summary: "Forget a remembered browser of a person", description: "It is asked for a second factor at the next sign-in.",
		needs: "users:edit", status: http.StatusNoContent,
	}, func(ctx context.Context, who domain.Administrator, in *deviceInput) (*struct{}, error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		device, err := identified[domain.Device](in.Device, "device")
		if err != nil {
			return nil, spelled(err, map[string]string{"id": "device"})
		}
		return nil, s.Administration.ForgetDevice(ctx, who, id, device)
	})
}

func showFactors(f domain.Factors) userFactors {
	shown := userFactors{
		TOTPSince: moment(f.CodesSince), RecoveryCodes: f.Recovery, RecoveryCodesOf: moment(f.RecoveryOf), Passkeys: []userPasskey{},
		Required: f.Required, MustEnrol: f.MustEnrol,
	}
	for _, k := range f.Passkeys {
		shown.Passkeys = append(shown.Passkeys, userPasskey{ID: k.ID.String(), Name: k.Name, CreatedAt: k.CreatedAt, LastUsedAt: moment(k.UsedAt)})
	}
	return shown
}

func showDevice(d domain.Device) userDevice {
	return userDevice{ID: d.ID.String(), Agent: orNil(d.Agent), CreatedAt: d.CreatedAt, ExpiresAt: d.ExpiresAt}
}
