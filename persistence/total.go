package persistence

import "usher/domain"

// setTotal counts what the query selects where it was asked for, unless the page itself tells.
func (p *search[Item]) setTotal(page *domain.Page[Item]) (err error) {
	switch {
	case !p.q.Total:
	case p.q.After == nil && page.Next == nil && (p.q.Offset == 0 || len(page.Items) > 0):
		page.Total = p.q.Offset + len(page.Items)
	default:
		page.Total, err = p.total()
	}
	return err
}

// total counts everything that the query selects. What a connection shows altogether is known without counting; people of
// no connection are in no such number, so a whole organisation is counted.
func (p *search[Item]) total() (int, error) {
	if p.q.Where != nil || !p.table.kept(p.t.scope) {
		return p.count(p.where, p.t.page())
	}
	return p.kept()
}

// kept is the number that is kept of a connection's resources.
func (p *search[Item]) kept() (int, error) {
	var x draft
	p.addKept(&x)
	if p.t.scope.Standing != nil {
		proof, args := standing(p.t.scope)
		x.add(" AND "+proof, args...)
	}
	var n int
	_, err := fetch(p, x.String(), x.args, &n)
	p.proved(n)
	return n, err
}

// addKept selects it.
func (p *search[Item]) addKept(x *draft) {
	x.add("SELECT CAST(COALESCE(SUM(n), 0) AS bigint) FROM resource_counts WHERE organisation_id = ? AND connection_id = ? AND kind = '"+p.table.counted+"'",
		p.t.scope.Organisation.UUID, p.t.scope.Connection.UUID)
}

// count counts the rows of a condition.
func (p *search[Item]) count(c condition, index string) (int, error) {
	if index == "" {
		index = p.t.page()
	}
	var x draft
	x.add("SELECT count(*)")
	w, err := p.way(c, index)
	if err != nil {
		return 0, err
	}
	if found := p.probed[c.seek]; found.few && c.seek.just == c.sql && !c.seek.twice {
		return found.n, nil // those are all there are
	}
	p.addFrom(&x, c, w, "")
	var n int
	_, err = fetch(p, x.String(), x.args, &n)
	p.proved(n)
	return n, err
}
