package simulation

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"

	"aetherfs/backend"
)

// begun is an upload of one client.
type begun struct {
	dataset string
	number  int // in the model
	key     int
	id      string
	parts   [maxParts]value // that were answered, by number - 1
}

func (u *begun) path() backend.Path { return pathOf(u.dataset, u.key) }

func (c *client) beginUpload(g *gateway, dataset string) {
	c.openUpload(g, dataset, c.anyKey())
}

func (c *client) openUpload(g *gateway, dataset string, key int) {
	u := &begun{dataset: dataset, key: key}
	var ok bool
	if u.number, ok = c.w.uploads.next(dataset); !ok {
		return
	}
	o, ctx, done := c.begin(g, input{action: actBegin, dataset: dataset, upload: u.number, key: u.key})
	defer done()
	var err error
	if u.id, err = g.tree.CreateUpload(ctx, u.path(), backend.UploadOptions{}); err == nil {
		c.w.uploads.add(u)
		c.uploads = append(c.uploads, u)
	}
	c.answer(o, output{}, err)
}

// goOn takes one of its uploads a step on: most often by a part or to its end.
func (c *client) goOn(g *gateway, dataset string) {
	if len(c.uploads) == 0 {
		c.beginUpload(g, dataset)
		return
	}
	u := c.uploads[c.rng.IntN(len(c.uploads))]
	switch p := c.rng.IntN(12); {
	case p == 0:
		c.abort(g, u)
	case u.parts == [maxParts]value{} || p < 4:
		c.putPart(g, u, c.rng.IntN(maxParts))
	case p < 7:
		c.copyPart(g, u, c.rng.IntN(maxParts))
	default:
		c.complete(g, u)
	}
}

// bigPart is long enough to have another behind it, and quickly stored: its
// chunks are the same over and over.
func (c *client) bigPart() value {
	c.serial++
	data := fmt.Appendf(nil, "part %d of client %d. ", c.serial, c.id)
	data = append(data, bytes.Repeat(body(0)[:64<<10], backend.MinPartBytes>>16)...)
	return c.w.values.add(md5Of(data), data)
}

func (c *client) putPart(g *gateway, u *begun, n int) {
	v := c.text()
	if n == 0 && c.rng.IntN(20) == 0 {
		v = c.bigPart()
	}
	c.sendPart(g, u, n, v)
}

func (c *client) sendPart(g *gateway, u *begun, n int, v value) {
	o, ctx, done := c.begin(g, input{action: actPart, dataset: u.dataset, upload: u.number, part: n, value: v})
	defer done()
	_, err := g.tree.PutPart(ctx, u.path(), u.id, n+1, bytes.NewReader(c.w.values.content(v).data), backend.PutOptions{})
	if err == nil {
		u.parts[n] = v
	}
	c.answer(o, output{}, err)
}

// copyPart makes a part of a piece of what it last saw in any file.
func (c *client) copyPart(g *gateway, u *begun, n int) {
	from := pathOf(datasets[c.rng.IntN(len(datasets))], c.anyKey())
	v := c.seen[from]
	if v <= 0 {
		return
	}
	source := c.w.values.content(v)
	off := c.rng.IntN(len(source.data))
	length := 1 + c.rng.IntN(len(source.data)-off)
	c.copyPiece(g, u, n, from, off, source.data[off:off+length])
}

// copyPiece makes a part of data, which is what it last saw at off of a file.
func (c *client) copyPiece(g *gateway, u *begun, n int, from backend.Path, off int, data []byte) {
	source := c.w.values.content(c.seen[from])
	o, ctx, done := c.begin(g, input{action: actPart, dataset: u.dataset, upload: u.number, part: n})
	defer done()
	got, err := g.tree.CopyPart(ctx, u.path(), u.id, n+1, from, int64(off), int64(len(data)), backend.ReadCond{IfMatch: []string{source.etag}})
	switch e := known(err); {
	case err == nil:
		o.in.value = c.w.values.add(got.ETag, data)
		u.parts[n] = o.in.value
	case e != nil && !errors.Is(e, backend.ErrNoUpload): // perhaps of the source
		o.drop(err)
		return
	default: // which ETag it has, should it be there, nobody knows
		c.serial++
		o.in.value = c.w.values.add(fmt.Sprintf("lost part %d of client %d", c.serial, c.id), data)
	}
	c.answer(o, output{}, err)
}

// complete makes the file of the parts that were answered, and asks again if it
// gets no answer, as clients do.
func (c *client) complete(g *gateway, u *begun) {
	in, list := c.completion(u)
	in.absent = c.rng.IntN(4) == 0
	for range 2 {
		if c.completeOnce(g, in, u, list) {
			return
		}
		if g = c.w.gateway(c.rng); g == nil {
			return
		}
	}
}

// completion is what it takes to make the file.
func (c *client) completion(u *begun) (input, []backend.CompletePart) {
	in := input{action: actComplete, dataset: u.dataset, upload: u.number, key: u.key}
	var list []backend.CompletePart
	var data, sums []byte
	before := 0 // bytes of the part before
	for n, v := range u.parts {
		if v == 0 {
			continue
		}
		part := c.w.values.content(v)
		if before < backend.MinPartBytes { // all but the last must be long
			list, data, sums, in.parts = nil, nil, nil, [maxParts]value{}
		}
		list = append(list, backend.CompletePart{Number: n + 1, ETag: part.etag})
		data, in.parts[n] = append(data, part.data...), v
		before = len(part.data)
		sum, _ := hex.DecodeString(part.etag)
		sums = append(sums, sum...)
	}
	in.value = c.w.values.add(fmt.Sprintf("%x-%d", md5.Sum(sums), len(list)), data)
	return in, list
}

// completeOnce reports whether there was an answer.
func (c *client) completeOnce(g *gateway, in input, u *begun, list []backend.CompletePart) bool {
	o, ctx, done := c.begin(g, in)
	defer done()
	opts := backend.CompleteOptions{}
	if in.absent {
		opts.Cond.IfNoneMatch = []string{"*"}
	}
	info, err := g.tree.Complete(ctx, u.path(), u.id, list, opts)
	if err == nil {
		if got := c.valueOf(g, info); got != in.value {
			c.w.bad("%s completed %v as value %d, want %d", g.name, u.path(), got, in.value)
		}
		c.seen[u.path()] = in.value
	}
	c.answer(o, output{}, err)
	return err == nil || known(err) != nil
}

func (c *client) abort(g *gateway, u *begun) {
	o, ctx, done := c.begin(g, input{action: actAbort, dataset: u.dataset, upload: u.number, key: u.key})
	defer done()
	c.answer(o, output{}, g.tree.Abort(ctx, u.path(), u.id))
}

func (c *client) listUploads(g *gateway, dataset string) { c.listUploadsOf(g, dataset, false) }

func (c *client) listUploadsOf(g *gateway, dataset string, final bool) {
	o, ctx, done := c.begin(g, input{action: actUploads, dataset: dataset, final: final})
	defer done()
	o.in.known = c.w.uploads.known(dataset)
	out := output{}
	for u, err := range g.tree.ListUploads(ctx, dataset, backend.Query{}, "") {
		if err != nil {
			c.answer(o, out, err)
			return
		}
		if n, ok := c.w.uploads.number(dataset, u.ID); ok {
			out.uploads[n] = o.in.known[n]
		}
	}
	c.answer(o, out, nil)
}
