package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"aetherfs/internal/journal"
	"aetherfs/internal/kv"
	"aetherfs/internal/manifest"
	"aetherfs/internal/sabotage"
	"aetherfs/internal/store"
)

// DefaultPool is the pool of a dataset that asks for none.
const DefaultPool = "default"

// SegmentKey is the object that is slot n of a dataset's log.
func SegmentKey(dataset manifest.ID, n uint64) string { return journal.SlotKey(logPrefix(dataset), n) }

func logPrefix(dataset manifest.ID) string { return "datasets/" + dataset.String() + "/log/" }

var hubPlace = place{log: "hub/log/", checkpoints: "hub/checkpoints/", nodes: "hub/nodes/"}

func datasetPlace(d *manifest.Dataset) place {
	return place{
		log:         logPrefix(d.ID),
		checkpoints: "datasets/" + d.ID.String() + "/checkpoints/",
		nodes:       "pools/" + d.Pool + "/nodes/",
	}
}

// Embedder is what the catalog needs of the side of the bytes: it carries
// embedded blocks and does not understand them.
type Embedder interface {
	// Pack makes a block of small data: chunk i of it is chunks[i].
	Pack(chunks []manifest.Chunk) ([]byte, error)
	// Learn verifies a block found at byte base of a segment and describes it.
	// It keeps no reference to block.
	Learn(dataset manifest.ID, slot uint64, base int64, block []byte) (*manifest.Block, error)
	// Describe is Learn for a slot that a fold has taken in: new files do not
	// name its chunks.
	Describe(dataset manifest.ID, slot uint64, base int64, block []byte) (*manifest.Block, error)
	// ForgetFolded says that the slots up to base were folded.
	ForgetFolded(dataset manifest.ID, base uint64)
	// Forget drops what was learned of a dataset.
	Forget(dataset manifest.ID)
	// Meet tells of blocks that another gateway has named, so that files
	// written here can share their chunks.
	Meet(pool string, blocks []*manifest.Block)
}

// Options of Open.
type Options struct {
	Store    store.Store
	Embedder Embedder
	Rand     io.Reader        // of ids; it is read concurrently
	Now      func() time.Time // the machine's clock
	Date     time.Time        // the store's, of an earlier answer: Repository.Date; zero: not known

	KV        *kv.DB // keeps nodes; nil: in memory
	NodeBytes int64  // of decoded nodes in memory; 0: DefaultNodeBytes

	// Exclusive: no other gateway has the store open.
	Exclusive bool
	// Staleness is how old the state may be that a read sees of what other
	// gateways write; 0: not at all.
	Staleness time.Duration

	// Committed, if set, is told of each segment that was written: how many
	// transactions it had, and its size.
	Committed func(txs, bytes int)
}

// Catalog is the names of a repository. Its methods may be called
// concurrently.
type Catalog struct {
	o      Options
	writer manifest.ID
	hub    *line[hub]
	nodes  *nodes
	marks  marks
	clock  *clock

	moments atomic.Uint64
	ownKV   *kv.DB // to be closed; nil: none

	ctx    context.Context // of what is opened and shut; ends with Close
	cancel context.CancelFunc
	done   sync.WaitGroup // of the same; Add under mu

	mu       sync.Mutex
	datasets map[manifest.ID]*opening // guarded by mu; nil: closed
}

// Open opens the catalog of a repository. Datasets are opened when they are
// first asked for.
func Open(ctx context.Context, o Options) (*Catalog, error) {
	c := &Catalog{o: o, datasets: map[manifest.ID]*opening{}}
	if _, err := io.ReadFull(o.Rand, c.writer[:]); err != nil {
		return nil, fmt.Errorf("writer id: %w", err)
	}
	if c.o.KV == nil {
		c.ownKV = kv.Memory()
		c.o.KV = c.ownKV
	}
	if c.o.NodeBytes <= 0 {
		c.o.NodeBytes = DefaultNodeBytes
	}
	c.clock = newClock(o.Store, o.Date)
	c.o.Store = c.clock
	c.nodes, c.marks = newNodes(&c.o), newMarks(c.o.KV)
	first := func(manifest.Nodes) hub { return hub{manifest.NewHub()} }
	h, err := openLine(ctx, c, source[hub]{title: "the hub", at: hubPlace, first: first, load: loadHub})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the hub: %w", err), c.closeCaches())
	}
	c.hub = h
	c.ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return c, nil
}

// Close lets what is queued finish for as long as ctx lives, and shuts every
// log. When it returns, nothing of the catalog runs any more.
func (c *Catalog) Close(ctx context.Context) error {
	c.mu.Lock()
	open := c.datasets
	c.datasets = nil
	c.mu.Unlock()
	defer c.cancel()
	stop := context.AfterFunc(ctx, c.cancel)
	defer stop()
	c.done.Wait()
	for _, o := range open {
		<-o.ready
		if o.err == nil {
			o.d.log.Close(ctx)
		}
	}
	return errors.Join(c.hub.log.Close(ctx), c.closeCaches())
}

func (c *Catalog) closeCaches() error {
	c.nodes.close()
	if c.ownKV != nil {
		return c.ownKV.Close()
	}
	return nil
}

func (c *Catalog) newID() (id manifest.ID, err error) {
	if _, err = io.ReadFull(c.o.Rand, id[:]); err != nil {
		return id, fmt.Errorf("random id: %w", err)
	}
	return id, nil
}

// Moment is a place in the order of what a catalog does.
type Moment uint64

// Moment is now.
func (c *Catalog) Moment() Moment { return Moment(c.moments.Add(1)) }

// Datasets returns the datasets by name, as of when it was called.
func (c *Catalog) Datasets(ctx context.Context) (iter.Seq[*manifest.Dataset], error) {
	if err := c.hub.Sync(ctx); err != nil {
		return nil, fmt.Errorf("read the hub: %w", err)
	}
	return c.hub.State().Datasets(), nil
}

// HubN is the last segment of the hub that is known here: it grows whenever
// the datasets, their settings or the keys change.
func (c *Catalog) HubN() uint64 { return c.hub.State().N() }

// SyncHub brings what is known of datasets, their settings and keys to where
// the hub was when it was called, or beyond.
func (c *Catalog) SyncHub(ctx context.Context) error { return c.hub.Sync(ctx) }

// Lookup returns a dataset's record, as of when it was called:
// manifest.ErrNoDataset.
func (c *Catalog) Lookup(ctx context.Context, name string) (*manifest.Dataset, error) {
	if err := c.hub.Sync(ctx); err != nil {
		return nil, fmt.Errorf("read the hub: %w", err)
	}
	if d := c.hub.State().Dataset(name); d != nil {
		return d, nil
	}
	return nil, fmt.Errorf("dataset %q: %w", name, manifest.ErrNoDataset)
}

// lookup is Lookup, but asks nobody where the name is known here: should that be
// an old state of the hub, the dataset's log says that it has ended.
func (c *Catalog) lookup(ctx context.Context, name string) (*manifest.Dataset, error) {
	if d := c.hub.State().Dataset(name); d != nil {
		return d, nil
	}
	return c.Lookup(ctx, name)
}

// Create makes a dataset: manifest.ErrExists.
func (c *Catalog) Create(ctx context.Context, name string) error {
	for {
		id, err := c.newID()
		if err != nil {
			return err
		}
		_, err = c.hub.commit(ctx, nil, &manifest.Create{Name: name, ID: id, Pool: DefaultPool})
		if err == nil {
			return nil
		}
		if errors.Is(err, manifest.ErrExists) {
			if _, gone := c.Dataset(ctx, name); errors.Is(gone, manifest.ErrNoDataset) {
				continue // its removal had stopped half way
			}
		}
		return fmt.Errorf("create dataset %q: %w", name, err)
	}
}

// Remove removes an empty dataset: manifest.ErrNotEmpty, manifest.ErrNoDataset;
// journal.ErrUnknown where it has come half way.
func (c *Catalog) Remove(ctx context.Context, name string) error {
	for {
		d, err := c.Dataset(ctx, name)
		if err != nil {
			return err
		}
		if sabotage.On(sabotage.DropBeforeClose) && d.State().Files() == 0 {
			return c.drop(ctx, d.Dataset)
		}
		_, err = d.Commit(ctx, nil, &manifest.Close{})
		if errors.Is(err, manifest.ErrClosed) {
			continue // it was gone before: the name may be another's now
		}
		if err != nil {
			return fmt.Errorf("remove dataset %q: %w", name, err)
		}
		if err := c.drop(ctx, d.Dataset); err != nil { // it is gone for whoever meets its log
			return fmt.Errorf("%w: %w", journal.ErrUnknown, err)
		}
		return nil
	}
}

// drop makes the hub forget a dataset whose log is closed.
func (c *Catalog) drop(ctx context.Context, d *manifest.Dataset) error {
	_, err := c.hub.commit(ctx, nil, &manifest.Drop{Name: d.Name, ID: d.ID})
	if err != nil && !errors.Is(err, manifest.ErrNoDataset) {
		return fmt.Errorf("drop dataset %q: %w", d.Name, err)
	}
	c.forget(d.ID)
	return nil
}
