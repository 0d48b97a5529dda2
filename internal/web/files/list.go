package files

import (
	"encoding/json"
	"net/http"
	"time"

	"aetherfs/backend"
)

// pageEntries is how many names a page of a listing has.
const pageEntries = 1000

// listing is a page of a directory, as JSON for programs.
type listing struct {
	Name    string  `json:"name"` // "" of the root
	Entries []entry `json:"entries"`
	Next    string  `json:"next,omitempty"` // ?after= of the next page; "" on the last
}

// entry is what a directory holds.
type entry struct {
	Name     string    `json:"name"` // the last segment
	Dir      bool      `json:"dir"`
	Size     int64     `json:"size"`           // bytes; 0 of a directory
	Modified time.Time `json:"modified"`       // as its client says, or when it was stored
	ETag     string    `json:"etag,omitempty"` // of a file, with its quotes
}

// list answers with a page of a directory, behind ?after=.
func (q *request) list(name string) error {
	l, err := q.page(name, q.r.URL.Query().Get("after"))
	if err != nil {
		return err
	}
	h := q.w.Header()
	h.Set("Cache-Control", neverKept)
	h.Set("Vary", "Accept")
	if prefersJSON(q.r.Header) {
		body, err := json.Marshal(l)
		if err != nil {
			return err
		}
		q.sendText(http.StatusOK, "application/json", append(body, '\n'))
		return nil
	}
	body, err := render(l)
	if err != nil {
		return err
	}
	h.Set("Content-Security-Policy", pagePolicyHashed)
	q.sendText(http.StatusOK, "text/html; charset=utf-8", body)
	return nil
}

// page reads a page of a directory: ErrNotFound if there is no directory.
// Names that no path can hold are left out; see parsePath.
func (q *request) page(name, after string) (listing, error) {
	l := listing{Name: name, Entries: []entry{}}
	for n, err := range q.tree.ReadDir(q.r.Context(), name, after) {
		switch {
		case err != nil:
			return l, err
		case !reachable(n.Base()):
			continue
		case len(l.Entries) == pageEntries:
			l.Next = l.Entries[pageEntries-1].mark()
			return l, nil
		}
		l.Entries = append(l.Entries, entryOf(n))
	}
	if len(l.Entries) > 0 {
		return l, nil
	}
	n, err := q.tree.Node(q.r.Context(), name)
	if err == nil && !n.Dir {
		err = backend.ErrNotFound
	}
	return l, err
}

func entryOf(n backend.Node) entry {
	e := entry{Name: n.Base(), Dir: n.Dir, Modified: n.Time()}
	if !n.Dir {
		e.Size, e.ETag = n.Info.Size, `"`+n.Info.ETag+`"`
	}
	return e
}

// mark is as backend.Node's.
func (e entry) mark() string {
	if e.Dir {
		return e.Name + "/"
	}
	return e.Name
}
