package manifest

import (
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

// Hub is what replaying the hub's log gives: the datasets by name. It is
// immutable.
type Hub struct {
	n        uint64
	epoch    uint64
	datasets *btree.BTreeG[*Dataset]
}

// NewHub returns the hub before the first segment.
func NewHub() *Hub {
	less := func(a, b *Dataset) bool { return a.Name < b.Name }
	return &Hub{datasets: btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})}
}

// N is the last segment that was replayed; 0: none.
func (h *Hub) N() uint64 { return h.n }

// Epoch is the collection epoch that the hub has reached.
func (h *Hub) Epoch() uint64 { return h.epoch }

// Dataset returns the dataset of that name, or nil.
func (h *Hub) Dataset(name string) *Dataset {
	d, _ := h.datasets.Get(&Dataset{Name: name})
	return d
}

// Datasets yields the datasets by name.
func (h *Hub) Datasets() iter.Seq[*Dataset] {
	return func(yield func(*Dataset) bool) { h.datasets.Scan(yield) }
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

// Apply replays segment h.N()+1. Transactions of the hub have one record.
func (h *Hub) Apply(seg *Segment) (*Hub, []Verdict) {
	if seg.N != h.n+1 {
		panic(fmt.Sprintf("hub segment %d after state %d", seg.N, h.n))
	}
	next := &Hub{n: seg.N, epoch: h.epoch, datasets: h.datasets.Copy()}
	verdicts := make([]Verdict, len(seg.Txs))
	for i, tx := range seg.Txs {
		if len(tx.Records) != 1 {
			verdicts[i].Err = ErrFormat
			continue
		}
		verdicts[i].Err = next.apply(tx.Records[0], tx.Time)
	}
	return next, verdicts
}

func (h *Hub) apply(r Record, time int64) error {
	switch r := r.(type) {
	case *Create:
		if h.Dataset(r.Name) != nil {
			return ErrExists
		}
		h.datasets.Set(&Dataset{Name: r.Name, ID: r.ID, Pool: r.Pool, Created: time, Epoch: h.epoch})
		return nil
	case *Drop:
		d := h.Dataset(r.Name)
		if d == nil || d.ID != r.ID {
			return ErrNoDataset
		}
		h.datasets.Delete(d)
		return nil
	default:
		return ErrFormat
	}
}
