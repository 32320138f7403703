package traffic

import (
	"usher/bench/load"
)

const patchOf = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`

// Patches switches people off and on again. It remembers who is off, so one is kept for an organisation as long as its
// people are. Every connection has people of its own; only the first half of the seed is touched.
type Patches struct {
	org Organisation
	off []bool
}

// Patches makes it.
func (o Organisation) Patches() *Patches {
	return &Patches{org: o, off: make([]bool, o.People.Users/2)}
}

// Workers makes workers that patch active.
func (p *Patches) Workers(n int) []load.Worker {
	return workers(n, func(i int) load.Worker {
		at := i % len(p.off)
		on, off := []byte(patchOf+`{"op":"replace","path":"active","value":true}]}`), []byte(patchOf+`{"op":"replace","path":"active","value":false}]}`)
		isOn, isOff := []byte(`"active":true`), []byte(`"active":false`)
		w := &asking{status: 200}
		w.request = func(dst []byte) ([]byte, int) {
			body := off
			if w.holds = isOff; p.off[at] {
				body, w.holds = on, isOn
			}
			p.off[at] = !p.off[at]
			id := p.org.People.User(at).String()
			if at += n; at >= len(p.off) {
				at = i
			}
			return p.org.Form.Send(dst, "PATCH", body, "/Users/", id), 0
		}
		return w
	})
}
