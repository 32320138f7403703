package scim

import (
	"mime"
	"net/http"
	"strings"

	"usher/domain"
)

const (
	mediaSCIM = "application/scim+json" // RFC 7644 section 8.1
	mediaJSON = "application/json"
)

// acceptable is the media type of the answer. It is SCIM's, JSON's only for a client that takes nothing else (OneLogin);
// a client that takes neither gets SCIM's all the same, as an answer is of more use to it than a refusal.
func acceptable(h http.Header) string {
	lines := h["Accept"]
	if len(lines) == 0 || len(lines) == 1 && lines[0] == mediaSCIM {
		return mediaSCIM
	}
	plain := false
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ",") {
			name, parameters, _ := strings.Cut(part, ";")
			if refusesByWeight(parameters) {
				continue
			}
			switch strings.ToLower(strings.TrimSpace(name)) {
			case mediaSCIM, "*/*", "application/*":
				return mediaSCIM
			case mediaJSON:
				plain = true
			}
		}
	}
	if plain {
		return mediaJSON
	}
	return mediaSCIM
}

// refusesByWeight reports whether the parameters of a media range say q=0: not that one (RFC 9110 section 12.4.2).
func refusesByWeight(parameters string) bool {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, weight, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if strings.EqualFold(name, "q") {
			return strings.Trim(weight, "0.") == "" && weight != ""
		}
	}
	return false
}

// checkMedia refuses a body of another type than SCIM's or JSON's, or in another character set than UTF-8. A body
// without a type is taken for SCIM.
func checkMedia(h http.Header) error {
	lines := h["Content-Type"]
	if len(lines) == 0 || len(lines) == 1 && (lines[0] == mediaSCIM || lines[0] == mediaJSON || lines[0] == "") {
		return nil
	}
	if len(lines) > 1 {
		return unsupported("send one Content-Type, " + mediaSCIM)
	}
	name, parameters, err := mime.ParseMediaType(lines[0])
	if err != nil || name != mediaSCIM && name != mediaJSON {
		return unsupported("send the body as " + mediaSCIM + " (or " + mediaJSON + ")")
	}
	if charset, given := parameters["charset"]; given && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "utf8") {
		return unsupported("send the body in UTF-8, the character set of JSON (RFC 8259 section 8.1)")
	}
	return nil
}

func unsupported(remedy string) error {
	return &domain.Error{Kind: domain.Invalid, Code: domain.CodeUnsupportedMediaType, Message: remedy}
}
