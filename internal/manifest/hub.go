package manifest

import (
	"context"
	"fmt"
	"iter"

	"github.com/tidwall/btree"
)

// Dataset is a dataset as the hub knows it.
type Dataset struct {
	Name    string
	ID      ID
	Pool    string // of blocks that it dedupes against
	Created int64  // Unix milliseconds
	Epoch   uint64 // of the hub when it was made: its own log begins there
}

// Hub is what replaying the hub's log gives: the datasets by name, their
// settings, and the keys. It is immutable and wholly in memory.
type Hub struct {
	n        uint64
	epoch    uint64
	fold     Fold // the newest that was accepted
	records  int  // since the tree that it begins with
	datasets *btree.Map[string, *Dataset]
	keys     *btree.Map[string, *Key]
	settings *btree.Map[string, *Settings] // by settingsKey; of datasets that there are
}

// NewHub returns the hub before the first segment.
func NewHub() *Hub {
	return &Hub{datasets: &btree.Map[string, *Dataset]{}, keys: &btree.Map[string, *Key]{}, settings: &btree.Map[string, *Settings]{}}
}

// N is the last segment that was replayed; 0: none.
func (h *Hub) N() uint64 { return h.n }

// Epoch is the collection epoch that the hub has reached.
func (h *Hub) Epoch() uint64 { return h.epoch }

// Fold is the newest fold that was accepted.
func (h *Hub) Fold() Fold { return h.fold }

// Tail says how many records were replayed since the tree that the hub begins
// with. Nothing is embedded.
func (h *Hub) Tail() (records int, embedded int64) { return h.records, 0 }

// Dataset returns the dataset of that name, or nil.
func (h *Hub) Dataset(name string) *Dataset {
	d, _ := h.datasets.Get(name)
	return d
}

// Datasets yields the datasets by name.
func (h *Hub) Datasets() iter.Seq[*Dataset] {
	return func(yield func(*Dataset) bool) {
		h.datasets.Scan(func(_ string, d *Dataset) bool { return yield(d) })
	}
}

// Create makes a dataset: ErrExists.
type Create struct {
	Name string
	ID   ID
	Pool string
}

func (*Create) kind() byte { return kindCreate }

func (r *Create) encode(e *encoder) {
	e.string(r.Name)
	e.raw(r.ID[:])
	e.string(r.Pool)
}

func decodeCreate(d *decoder) Record { return &Create{d.string(), d.id(), d.string()} }

// Drop forgets a dataset whose log is closed: ErrNoDataset if the name is no
// longer that of ID.
type Drop struct {
	Name string
	ID   ID
}

func (*Drop) kind() byte { return kindDrop }

func (r *Drop) encode(e *encoder) {
	e.string(r.Name)
	e.raw(r.ID[:])
}

func decodeDrop(d *decoder) Record { return &Drop{d.string(), d.id()} }

// Apply replays segment h.N()+1. Transactions of the hub have one record. The
// error is for the likeness with State: it is nil. It is called by one
// goroutine at a time.
func (h *Hub) Apply(_ context.Context, seg *Segment) (*Hub, []Verdict, error) {
	if seg.N != h.n+1 {
		panic(fmt.Sprintf("hub segment %d after state %d", seg.N, h.n))
	}
	next := *h
	next.n, next.datasets, next.keys, next.settings = seg.N, h.datasets.Copy(), h.keys.Copy(), h.settings.Copy()
	verdicts := make([]Verdict, len(seg.Txs))
	for i, tx := range seg.Txs {
		next.records += len(tx.Records)
		if len(tx.Records) != 1 {
			verdicts[i].Err = ErrFormat
			continue
		}
		res, err := next.apply(tx.Records[0], tx.Time)
		verdicts[i] = Verdict{err, []Result{res}}
	}
	return &next, verdicts, nil
}

func (h *Hub) apply(r Record, time int64) (res Result, err error) {
	switch r := r.(type) {
	case *Create:
		if h.Dataset(r.Name) != nil {
			return res, ErrExists
		}
		h.datasets.Set(r.Name, &Dataset{Name: r.Name, ID: r.ID, Pool: r.Pool, Created: time, Epoch: h.epoch})
	case *Drop:
		d := h.Dataset(r.Name)
		if d == nil || d.ID != r.ID {
			return res, ErrNoDataset
		}
		h.datasets.Delete(r.Name)
		h.settings.Delete(settingsKey(r.ID))
	case *SetSettings:
		return res, h.setSettings(r)
	case *PutKey:
		if h.Key(r.Key.Access) != nil {
			return res, ErrExists
		}
		k := r.Key
		k.Created = time
		h.keys.Set(k.Access, &k)
	case *DropKey:
		if _, ok := h.keys.Delete(r.Access); !ok {
			return res, ErrNoKey
		}
	case *FoldRecord:
		h.fold, err = r.accept(h.n, h.fold)
		if err == nil {
			f := h.fold
			res.Fold = &f
		}
	default:
		return res, ErrFormat
	}
	return res, err
}
