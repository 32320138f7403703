package scim

import (
	"net/http"
	"strconv"

	"usher/domain"
)

// serviceProviderConfig answers GET /ServiceProviderConfig (RFC 7643 section 5, RFC 9865 section 4): what this server
// can do, and its limits where a client has to keep them.
func (x *exchange) serviceProviderConfig() error {
	if err := x.refuseFilter(); err != nil {
		return err
	}
	x.send(http.StatusOK, appendProviderConfig(nil, x.base, x.caller.Policy.PasswordSync == domain.PasswordKeep))
	return nil
}

func appendProviderConfig(dst []byte, base string, keepsPasswords bool) []byte {
	dst = append(dst, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],`+
		`"patch":{"supported":true},`+
		`"bulk":{"supported":true,"maxOperations":`+strconv.Itoa(maxOperations)+`,"maxPayloadSize":`+strconv.Itoa(maxBody)+`},`+
		`"filter":{"supported":true,"maxResults":`+strconv.Itoa(maxCount)+`},`+
		`"changePassword":{"supported":`+strconv.FormatBool(keepsPasswords)+`},`+
		`"sort":{"supported":true},`+
		`"etag":{"supported":true},`+
		`"pagination":{"cursor":true,"index":true,"defaultPaginationMethod":"index",`+
		`"defaultPageSize":`+strconv.Itoa(defaultCount)+`,"maxPageSize":`+strconv.Itoa(maxCount)+
		`,"cursorTimeout":`+strconv.Itoa(int(cursorLife.Seconds()))+`},`+
		`"authenticationSchemes":[{"type":"oauthbearertoken","name":"Directory token",`+
		`"description":"A bearer token of one connection, made by \"usher token create\", in the Authorization header",`+
		`"specUri":"https://www.rfc-editor.org/info/rfc6750","primary":true}],`+
		`"meta":{"resourceType":"ServiceProviderConfig","location":"`...)
	dst = append(dst, base...)
	return append(dst, `/ServiceProviderConfig"}}`...)
}
