package nfs

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"iter"

	"aetherfs/backend"
)

// place is where a listing of a directory goes on.
type place struct {
	dir    Hash
	cookie uint64
}

// recentPlaces is how many listings are under way at a time, more or less: of
// each page the end is kept.
const recentPlaces = 1 << 15

// Cookies of what each directory begins with. Those of names are greater.
const (
	fromStart = 0
	afterDot  = 1
	afterDots = 2
)

// cookieOf is where to go on behind a mark. It is made of the mark alone, so
// that it means the same after a restart, on every gateway, and whatever comes
// and goes in the directory.
func cookieOf(mark string) uint64 {
	sum := sha256.Sum256([]byte(mark))
	return binary.BigEndian.Uint64(sum[:])>>2 | 1<<62
}

// entry is a line of a directory.
type entry struct {
	name   string
	node   backend.Node
	cookie uint64
	blank  bool // the node has no attributes
}

// page is one reply of READDIR or READDIRPLUS.
type page struct {
	encoder
	limit int // bytes
	plus  bool
	names int  // bytes that names and their numbers may take yet, but for the first
	some  bool // entries are in it
}

// readdir: handle, cookie, verifier, count → attributes, verifier, a page of
// entries, whether that was the last.
func (v *view) readdir(ctx context.Context, d *fields) (encoder, error) {
	h, err := v.handle(d)
	cookie, _, count := d.uint64(), d.uint64(), d.uint32()
	if err != nil {
		return nil, err
	}
	return v.list(ctx, d, h, cookie, page{limit: int(count), names: int(count)})
}

// readdirplus: handle, cookie, verifier, count for names, count → as readdir,
// with attributes and handles.
func (v *view) readdirplus(ctx context.Context, d *fields) (encoder, error) {
	h, err := v.handle(d)
	cookie, _, names, count := d.uint64(), d.uint64(), d.uint32(), d.uint32()
	if err != nil {
		return nil, err
	}
	return v.list(ctx, d, h, cookie, page{limit: int(count), names: int(names), plus: true})
}

// list fills a page. The verifier is 0: cookies are good for ever.
func (v *view) list(ctx context.Context, d *fields, h handle, cookie uint64, p page) (encoder, error) {
	switch {
	case d.bad:
		return nil, errGarbage
	case h.kind != directory:
		return nil, errNotDir
	}
	dir, err := v.begin(ctx, h, cookie, &p)
	if err != nil {
		return nil, err
	}
	var names []string // that clients get handles of
	last := entry{cookie: cookie}
	end := true
	for x, err := range v.entries(ctx, dir, cookie) {
		if err != nil {
			return nil, err
		}
		if end = p.add(x, v.key); !end {
			break
		}
		names, last = append(names, x.node.Name), x
	}
	if !end && len(names) == 0 {
		return nil, errTooSmall
	}
	if p.plus {
		v.finder.remember(names...)
	}
	if !end && last.cookie > afterDots {
		v.places.put(place{h.path, last.cookie}, last.node.Mark())
	}
	p.bool(false)
	p.bool(end)
	return p.encoder, nil
}

// begin writes the head of a page, and returns the directory. Its attributes
// are told on the first page, which looks whether it is there.
func (v *view) begin(ctx context.Context, h handle, cookie uint64, p *page) (dir string, err error) {
	p.encoder, p.limit = succeeded(), min(p.limit, v.share())
	if cookie == fromStart {
		n, err := v.node(ctx, h)
		if err != nil {
			return "", err
		}
		dir = n.Name
		p.someAttributes(attributesOf(n))
	} else {
		if dir, err = v.finder.name(ctx, h); err != nil {
			return "", err
		}
		p.noAttributes()
	}
	p.uint64(0)
	return dir, nil
}

// add appends an entry if there is room for it, and for the end of the page.
func (p *page) add(x entry, key []byte) bool {
	const end = 8 // bytes: no entry follows, whether that was the last
	e := p.encoder
	e.bool(true)
	e.uint64(fileID(x.node))
	e.string(x.name)
	e.uint64(x.cookie)
	names := len(e) - len(p.encoder)
	if p.plus {
		if x.blank {
			e.noAttributes()
		} else {
			e.someAttributes(attributesOf(x.node))
		}
		e.bool(true)
		e.opaque(handleOf(x.node).seal(key))
	}
	if p.some && names > p.names || len(e)+end > p.limit {
		return false
	}
	p.names -= names
	p.encoder, p.some = e, true
	return true
}

// entries yields what a directory holds, behind a cookie.
func (v *view) entries(ctx context.Context, dir string, cookie uint64) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		if cookie == fromStart && !yield(dot(".", dir, afterDot), nil) {
			return
		}
		if cookie <= afterDot && !yield(dot("..", above(dir), afterDots), nil) {
			return
		}
		after := ""
		if cookie > afterDots {
			var err error
			if after, err = v.mark(ctx, dir, cookie); err != nil {
				yield(entry{}, err)
				return
			}
		}
		for n, err := range v.tree.ReadDir(ctx, dir, after) {
			if err != nil {
				yield(entry{}, stale(err))
				return
			}
			if dir == "" && !v.exported(n.Name) {
				continue
			}
			// Of datasets a listing does not tell when they changed.
			if !yield(entry{name: n.Base(), node: n, cookie: cookieOf(n.Mark()), blank: dir == ""}, nil) {
				return
			}
		}
	}
}

func dot(name, dir string, cookie uint64) entry {
	return entry{name: name, node: backend.Node{Name: dir, Dir: true}, cookie: cookie, blank: true}
}

// mark returns where a listing goes on. That of a page which ended here lately
// is known, as long as it is not one of too many; another is found by listing
// from the beginning: errBadCookie if it is gone.
func (v *view) mark(ctx context.Context, dir string, cookie uint64) (string, error) {
	if mark, ok := v.places.get(place{HashOf(dir), cookie}); ok {
		return mark, nil
	}
	for n, err := range v.tree.ReadDir(ctx, dir, "") {
		if err != nil {
			return "", stale(err)
		}
		if cookieOf(n.Mark()) == cookie {
			return n.Mark(), nil
		}
	}
	return "", errBadCookie
}
