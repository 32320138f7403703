package traffic

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"usher/bench/load"
)

// Walk is a worker that reads everybody, page after page, by index or by cursor.
type Walk struct {
	org      Organisation
	count    int
	byCursor bool

	Seen  int             // people
	Pages []time.Duration // how long each took

	cursor string
	done   bool
	began  time.Time
}

// Walk makes it. count is how many people a page has.
func (o Organisation) Walk(byCursor bool, count int) *Walk {
	return &Walk{org: o, count: count, byCursor: byCursor}
}

// Request implements load.Worker.
func (w *Walk) Request(dst []byte) ([]byte, int) {
	if w.done {
		return nil, 0
	}
	target := "/Users?count=" + strconv.Itoa(w.count)
	if w.byCursor {
		target += "&cursor=" + w.cursor
	} else {
		target += "&startIndex=" + strconv.Itoa(w.Seen+1)
	}
	w.began = time.Now()
	return w.org.Form.Get(dst, target), 0
}

// Answer implements load.Worker.
func (w *Walk) Answer(a load.Answer) error {
	w.Pages = append(w.Pages, time.Since(w.began))
	if a.Status != 200 {
		return load.Unexpected(a)
	}
	total, errTotal := number(a.Body, "totalResults")
	items, errItems := number(a.Body, "itemsPerPage")
	if err := errors.Join(errTotal, errItems); err != nil {
		return err
	}
	w.Seen += items
	_, rest, more := bytes.Cut(a.Body[:min(len(a.Body), 4096)], []byte(`"nextCursor":"`))
	next, _, _ := bytes.Cut(rest, []byte(`"`))
	w.cursor = string(next)
	w.done = w.byCursor && !more || !w.byCursor && w.Seen >= total
	switch {
	case w.done && w.Seen != total:
		return fmt.Errorf("the pages held %d people, the total says %d", w.Seen, total)
	case !w.done && items == 0:
		return fmt.Errorf("an empty page after %d of %d people", w.Seen, total)
	}
	return nil
}

// Ends are the typical times of the first and of the last full pages.
func (w *Walk) Ends() (first, last time.Duration) {
	full := w.Pages
	if w.Seen%w.count != 0 && len(full) > 1 {
		full = full[:len(full)-1]
	}
	n := min(10, (len(full)+1)/2)
	return median(full[:n]), median(full[len(full)-n:])
}
