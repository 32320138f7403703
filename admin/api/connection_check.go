package api

import (
	"context"
	"net/http"

	"usher/domain"
)

// connectionCheck is the outcome of a test.
type connectionCheck struct {
	Good  bool          `json:"good" doc:"Nothing failed."`
	Steps []checkedStep `json:"steps" doc:"In their order; after the first that failed the others are skipped."`
}

type checkedStep struct {
	Step    string  `json:"step" doc:"connection, address, tls, discovery, issuer, endpoints, algorithms, pkce, keys, client."`
	Verdict string  `json:"verdict" enum:"passed,failed,unclear,skipped" doc:"unclear: the provider does not let it be known."`
	Message string  `json:"message" doc:"What was found, or what is wrong and what to do."`
	Side    *string `json:"side" doc:"Where to mend it: provider, here or person; null: nothing is to be mended."`
	Said    *string `json:"said" doc:"The provider's own words, at most 200 characters; foreign text."`
}

func (s *service) addConnectionCheck() {
	add(s, operation{
		method: http.MethodPost, path: "/connections/{id}/test", id: "test-connection", tag: "Connections", summary: "Test a connection's OpenID provider",
		description: "Asks the provider everything but a person: its name, certificate, document, keys, and whether it accepts the client's secret. " +
			"Changes nothing. A test that fails is answered with 200 too, and says which step failed, why, and on which side to mend it.",
		needs: "directory:edit",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*plain[connectionCheck], error) {
		id, err := identified[domain.Connection](in.ID, "connection")
		if err != nil {
			return nil, err
		}
		check, err := s.Administration.CheckConnection(ctx, who, id, s.Checker)
		if err != nil {
			return nil, spelled(err, map[string]string{"connection": "id"})
		}
		told := connectionCheck{Good: check.Good, Steps: make([]checkedStep, 0, len(check.Steps))}
		for _, step := range check.Steps {
			told.Steps = append(told.Steps, checkedStep{
				Step: step.Name, Verdict: step.Verdict, Message: step.Message, Side: orNil(step.Side), Said: orNil(step.Said),
			})
		}
		return &plain[connectionCheck]{Body: told}, nil
	})
}
