package traffic

import (
	"usher/bench/load"
)

// Checks makes workers that ask, as nginx does for every request, whether the holder of a session may go on to an
// application: at host, where the application is reached at an origin.
func (o Organisation) Checks(n int, host, session, origin string) []load.Worker {
	request := []byte("GET /auth/check HTTP/1.1\r\nHost: " + host + "\r\nCookie: usher_session=" + session +
		"\r\nX-Original-URL: " + origin + "/deals/7?tab=notes\r\nUser-Agent: usher-bench\r\n\r\n")
	return workers(n, func(int) load.Worker {
		return &asking{status: 200, request: func(dst []byte) ([]byte, int) { return append(dst, request...), 0 }}
	})
}
