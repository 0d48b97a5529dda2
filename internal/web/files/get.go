package files

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"aetherfs/backend"
)

// get answers with a file, or leads to the listing of the directory that has
// its name.
func (q *request) get(name string) error {
	f, dir, err := q.open(name)
	if err != nil {
		return err
	}
	if dir {
		q.redirect()
		return nil
	}
	settings, err := q.tree.Settings(q.r.Context(), f.Info.Path.Dataset)
	if err != nil {
		return err
	}
	rule, _ := settings.Rule(name)
	g := dress(f.Info, rule)
	defer q.release()
	parts, coding, err := q.choose(f.Info, g)
	if err != nil {
		return err
	}
	switch {
	case coding != "":
		return q.sendPacked(f, coding)
	case len(parts) == 0:
		return q.sendWhole(f)
	case len(parts) == 1:
		return q.sendPart(f, parts[0])
	}
	return q.sendParts(f, parts, g.contentType)
}

// open opens the file of a name, unless that is a directory's. Both questions
// are asked at once, as each may take a round trip to the store.
func (q *request) open(name string) (f *backend.File, dir bool, err error) {
	dataset, key := backend.SplitName(name)
	opened := make(chan error, 1)
	go func() {
		p, err := backend.ParsePath(dataset, key)
		if err == nil {
			f, err = q.tree.Open(q.r.Context(), p)
		}
		opened <- err
	}()
	node, err := q.tree.Node(q.r.Context(), name)
	failed := <-opened
	switch {
	case err != nil:
		return nil, false, err
	case node.Dir:
		return nil, true, nil
	}
	return f, false, failed
}

// choose describes a file in the header, and decides which of its bytes are
// the answer, and how they are coded: ErrNotModified or ErrPrecondition if
// conditions say so.
func (q *request) choose(info backend.Info, g guise) (parts []span, coding string, err error) {
	asked, h := q.r.Header, q.w.Header()
	wanted := asked.Get("Range")
	if q.r.Method == http.MethodHead {
		wanted = "" // which RFC 9110 gives no meaning
	}
	if q.h.packs.takes(info.Size) && g.compress {
		h.Set("Vary", "Accept-Encoding")
		if wanted == "" {
			coding = q.coding(info.Size)
		}
	}
	v := q.describe(info, g, coding)
	if err := v.check(asked); err != nil {
		return nil, "", err
	}
	if wanted != "" && v.mayRange(asked) {
		if parts, err = parseRanges(wanted, info.Size); err != nil {
			h.Set("Content-Range", fmt.Sprintf("bytes */%d", info.Size))
		}
	}
	return parts, coding, err
}

// describe sets the headers that do not depend on the part that is sent.
func (q *request) describe(info backend.Info, g guise, coding string) version {
	v := version{
		etag:   strconv.Quote(info.ETag),
		last:   backend.Node{Info: info}.Time().Truncate(time.Second),
		stored: info.Modified.Truncate(time.Second),
	}
	h := q.w.Header()
	if coding != "" {
		v.etag = strconv.Quote(info.ETag + "-" + coding)
		h.Set("Content-Encoding", coding)
	} else {
		h.Set("Accept-Ranges", "bytes")
	}
	h.Set("ETag", v.etag)
	h.Set("Last-Modified", v.last.Format(http.TimeFormat))
	h.Set("Cache-Control", g.keep)
	h.Set("Content-Type", g.contentType)
	for name, value := range map[string]string{
		"Content-Disposition": g.disposition,
		"Content-Encoding":    info.Attr.ContentEncoding,
		"Content-Language":    info.Attr.ContentLanguage,
	} {
		if value != "" {
			h.Set(name, value)
		}
	}
	return v
}
