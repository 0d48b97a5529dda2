package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"aetherfs/backend"
)

// datasets are all that clients use.
var datasets = [...]string{one, two}

// How long clients wait for an answer: most give up, as real ones do.
const (
	hasty   = time.Minute
	patient = 2 * 24 * time.Hour
)

// client does one operation after the other, each at any gateway.
type client struct {
	w       *world
	id      int
	rng     *rand.Rand
	serial  int // of its contents
	seen    map[backend.Path]value
	uploads []*begun
}

func newClient(w *world, id int) *client {
	return &client{w: w, id: id, rng: w.dice.of("client", id), seen: map[backend.Path]value{}}
}

// kinds are the operations with how often they are chosen.
var kinds = []struct {
	weight int
	do     func(*client, *gateway, string)
}{
	{20, (*client).get},
	{18, (*client).put},
	{8, (*client).remove},
	{10, (*client).copy},
	{6, (*client).rename},
	{6, (*client).copyFar},
	{6, (*client).transact},
	{8, (*client).list},
	{4, (*client).createDataset},
	{3, (*client).removeDataset},
	{2, (*client).look},
	{5, (*client).beginUpload},
	{14, (*client).goOn},
	{2, (*client).listUploads},
}

// live does n operations.
func (c *client) live(n int) {
	for range n {
		time.Sleep(around(c.rng, 120*time.Millisecond))
		if chance(c.rng, c.w.weather.idle) {
			time.Sleep(upTo(c.rng, c.w.weather.idleUpTo))
		}
		c.act()
	}
}

// act does one operation, of any kind.
func (c *client) act() {
	total := 0
	for _, k := range kinds {
		total += k.weight
	}
	n, g, dataset := c.rng.IntN(total), c.w.gateway(c.rng), datasets[c.rng.IntN(len(datasets))]
	if g == nil {
		return
	}
	for _, k := range kinds {
		if n -= k.weight; n < 0 {
			k.do(c, g, dataset)
			return
		}
	}
}

// begin notes an operation and returns how long it may take.
func (c *client) begin(g *gateway, in input) (*operation, context.Context, context.CancelFunc) {
	limit := hasty
	if c.w.patience > 0 {
		limit = c.w.patience
	} else if c.rng.IntN(4) == 0 {
		limit = patient
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit+time.Duration(c.rng.IntN(1e6)))
	go func() { // the connection ends with the process
		select {
		case <-g.view.cut:
			cancel()
		case <-ctx.Done():
		}
	}()
	o := c.w.history.begin(c.id, g, in)
	return o, ctx, func() {
		cancel()
		c.w.punctual(o, o.call, c.w.bound)
	}
}

// answer notes what became of an operation.
func (c *client) answer(o *operation, out output, err error) {
	switch {
	case err == nil:
		o.end(out)
	case known(err) != nil:
		o.end(output{err: known(err)})
	case errors.Is(err, backend.ErrChanged):
		o.drop(err)
	default:
		c.expect(o, err)
		o.open(err)
	}
}

// expect reports errors that no fault of the store explains.
func (c *client) expect(o *operation, err error) {
	switch {
	case errors.Is(err, errStale), o.at.ended.Load():
	case c.w.weather.name == fair, o.in.final:
		c.w.bad("%v at %s, where nothing went wrong: %v", o.in, o.at.name, err)
	case errors.Is(err, backend.ErrUnavailable), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
	case errors.Is(err, backend.ErrCorrupt) && c.w.weather.rots:
	default:
		c.w.bad("%v at %s: %v", o.in, o.at.name, err)
	}
}

// errNotSent: it failed before anything was sent to a log.
var errNotSent = errors.New("not sent")

// commit runs a transaction.
func (c *client) commit(g *gateway, dataset string, changes []change, fill func(ctx context.Context, tx backend.Tx) error) {
	o, ctx, done := c.begin(g, input{action: actCommit, dataset: dataset, changes: changes})
	defer done()
	infos, err := func() ([]backend.Info, error) {
		tx, err := g.tree.Begin(ctx, dataset)
		if err != nil {
			return nil, errors.Join(errNotSent, err)
		}
		defer tx.Close()
		if err := fill(ctx, tx); err != nil {
			return nil, errors.Join(errNotSent, err)
		}
		return tx.Commit(ctx)
	}()
	if errors.Is(err, errNotSent) && known(err) == nil {
		c.expect(o, err)
		o.drop(err)
		return
	}
	out := output{}
	for n, i := range infos {
		got := c.valueOf(g, i)
		out.values = append(out.values, got)
		c.seen[pathOf(dataset, changes[n].key)] = got
	}
	c.answer(o, out, err)
}

// valueOf is the value of a file that a gateway tells of; 0: there is none.
func (c *client) valueOf(g *gateway, i backend.Info) value {
	if i.ETag == "" {
		return 0
	}
	v, ok := c.w.values.of(i.ETag)
	if !ok {
		c.w.bad("%s tells of %v with ETag %s, which nobody put", g.name, i.Path, i.ETag)
		return -1
	}
	if want := len(c.w.values.content(v).data); int64(want) != i.Size {
		c.w.bad("%s tells of %v with %d bytes, it has %d", g.name, i.Path, i.Size, want)
	}
	return v
}

func pathOf(dataset string, key int) backend.Path {
	p, err := backend.ParsePath(dataset, keys[key])
	if err != nil {
		panic(err)
	}
	return p
}

// text makes a content and returns the value that it is when it is put at once.
func (c *client) text() value {
	c.serial++
	data := text(c.rng, fmt.Sprintf("content %d of client %d", c.serial, c.id))
	return c.w.values.add(md5Of(data), data)
}

// match returns the ETag condition for a value; none for 0.
func (c *client) match(v value) []string {
	if v == 0 {
		return nil
	}
	return []string{c.w.values.content(v).etag}
}

func (c *client) cond(ch change) backend.Cond {
	o := backend.Cond{}
	if ch.kind != copied {
		o.IfMatch = c.match(ch.match)
	}
	if ch.absent {
		o.IfNoneMatch = []string{"*"}
	}
	return o
}

// someCond makes a change conditional, or not.
func (c *client) someCond(dataset string, ch change) change {
	switch c.rng.IntN(5) {
	case 0:
		ch.absent = true
	case 1, 2:
		key := ch.key
		if ch.kind == copied {
			key = ch.from
		}
		ch.match = max(c.seen[pathOf(dataset, key)], 0)
	}
	return ch
}

func (c *client) anyKey() int { return c.rng.IntN(len(keys)) }

// change does changes in one step.
func (c *client) change(g *gateway, dataset string, changes ...change) {
	c.commit(g, dataset, changes, func(ctx context.Context, tx backend.Tx) error {
		for _, ch := range changes {
			if err := c.apply(ctx, tx, dataset, ch); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *client) apply(ctx context.Context, tx backend.Tx, dataset string, ch change) error {
	p := pathOf(dataset, ch.key)
	switch ch.kind {
	case put:
		return tx.Put(ctx, p, bytes.NewReader(c.w.values.content(ch.value).data), backend.PutOptions{Cond: c.cond(ch)})
	case remove:
		return tx.Remove(ctx, p, c.cond(ch))
	}
	source := backend.ReadCond{IfMatch: c.match(ch.match)}
	return tx.Copy(ctx, p, pathOf(dataset, ch.from), backend.CopyOptions{Source: source, Cond: c.cond(ch)})
}

func (c *client) put(g *gateway, dataset string) {
	v := c.text()
	c.change(g, dataset, c.someCond(dataset, change{kind: put, key: c.anyKey(), value: v}))
}

func (c *client) remove(g *gateway, dataset string) {
	ch := change{kind: remove, key: c.anyKey()}
	if c.rng.IntN(3) == 0 {
		ch.match = max(c.seen[pathOf(dataset, ch.key)], 0)
	}
	c.change(g, dataset, ch)
}

func (c *client) copy(g *gateway, dataset string) {
	c.change(g, dataset, c.someCond(dataset, change{kind: copied, key: c.anyKey(), from: c.anyKey()}))
}

func (c *client) rename(g *gateway, dataset string) {
	from := c.anyKey()
	c.change(g, dataset, renaming(from, (from+1+c.rng.IntN(len(keys)-1))%len(keys))...)
}

func renaming(from, to int) []change {
	return []change{{kind: copied, key: to, from: from}, {kind: remove, key: from}}
}

// transact changes several keys in one step.
func (c *client) transact(g *gateway, dataset string) {
	var changes []change
	for _, key := range c.rng.Perm(len(keys))[:2+c.rng.IntN(2)] {
		ch := change{kind: put, key: key, value: c.text()}
		if c.rng.IntN(3) == 0 {
			ch = change{kind: remove, key: key}
		}
		changes = append(changes, ch)
	}
	if n := c.rng.IntN(len(changes)); changes[n].kind == put {
		changes[n] = c.someCond(dataset, changes[n])
	}
	c.change(g, dataset, changes...)
}

// copyFar copies from the other dataset what it last saw there: in the one it
// is a read, in the other a put.
func (c *client) copyFar(g *gateway, dataset string) {
	other := datasets[(slices.Index(datasets[:], dataset)+1)%len(datasets)]
	from := pathOf(other, c.anyKey())
	v := c.seen[from]
	if v <= 0 {
		return
	}
	c.copyFrom(g, from, dataset, change{kind: put, key: c.anyKey(), value: v})
}

// copyFrom puts what a file of another dataset holds, if that is the value of
// the change.
func (c *client) copyFrom(g *gateway, from backend.Path, dataset string, ch change) {
	c.commit(g, dataset, []change{ch}, func(ctx context.Context, tx backend.Tx) error {
		err := tx.Copy(ctx, pathOf(dataset, ch.key), from, backend.CopyOptions{Source: backend.ReadCond{IfMatch: c.match(ch.value)}})
		if known(err) != nil { // of the other dataset
			return fmt.Errorf("%w: %v", errStale, err)
		}
		return err
	})
}

// errStale: the source of a far copy is not what it was.
var errStale = errors.New("source has changed")

func (c *client) get(g *gateway, dataset string) { c.read(g, dataset, c.anyKey(), false) }

// read gets a key, with every byte.
func (c *client) read(g *gateway, dataset string, key int, final bool) {
	c.readFrom(g, input{action: actGet, dataset: dataset, key: key, final: final}, 0)
}

// readFrom gets a key, with the bytes from off on.
func (c *client) readFrom(g *gateway, in input, off int64) {
	o, ctx, done := c.begin(g, in)
	defer done()
	p := pathOf(in.dataset, in.key)
	f, err := g.tree.Open(ctx, p)
	if errors.Is(err, backend.ErrNotFound) {
		c.seen[p] = 0
		o.end(output{})
		return
	}
	if err != nil {
		c.answer(o, output{}, err)
		return
	}
	v := c.valueOf(g, f.Info)
	body := f.Stream(off, f.Info.Size-off)
	data, err := io.ReadAll(body)
	body.Close()
	if err == nil && v > 0 {
		if want := c.w.values.content(v); !bytes.Equal(data, want.data[off:]) {
			c.w.bad("%s served %d bytes of %v that are not those put under ETag %s", g.name, len(data), p, want.etag)
		}
		c.seen[p] = v
	}
	c.answer(o, output{value: v}, err)
}

func (c *client) list(g *gateway, dataset string) { c.listAll(g, dataset, false) }

func (c *client) listAll(g *gateway, dataset string, final bool) {
	o, ctx, done := c.begin(g, input{action: actList, dataset: dataset, final: final})
	defer done()
	out := output{values: make([]value, len(keys))}
	last := -1
	for i, err := range g.tree.List(ctx, dataset, backend.Query{}) {
		if err != nil {
			c.answer(o, out, err)
			return
		}
		n := slices.Index(keys[:], i.Path.Key())
		if n <= last {
			c.w.bad("%s lists %v behind %s", g.name, i.Path, keys[max(last, 0)])
			return
		}
		last = n
		out.values[n] = c.valueOf(g, i)
	}
	c.answer(o, out, nil)
}

func (c *client) createDataset(g *gateway, dataset string) {
	o, ctx, done := c.begin(g, input{action: actCreate, dataset: dataset})
	defer done()
	c.answer(o, output{}, g.tree.CreateDataset(ctx, dataset))
}

// removeDataset empties a dataset first, or does not.
func (c *client) removeDataset(g *gateway, dataset string) {
	if c.rng.IntN(2) == 0 {
		c.change(g, dataset, emptying()...)
	}
	c.dropDataset(g, dataset)
}

// emptying removes all keys.
func emptying() []change {
	changes := make([]change, len(keys))
	for n := range keys {
		changes[n] = change{kind: remove, key: n}
	}
	return changes
}

func (c *client) dropDataset(g *gateway, dataset string) {
	o, ctx, done := c.begin(g, input{action: actRemove, dataset: dataset})
	defer done()
	c.answer(o, output{}, g.tree.RemoveDataset(ctx, dataset))
}

func (c *client) look(g *gateway, dataset string) {
	o, ctx, done := c.begin(g, input{action: actExists, dataset: dataset})
	defer done()
	_, err := g.tree.Dataset(ctx, dataset)
	c.answer(o, output{}, err)
}
