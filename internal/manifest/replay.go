package manifest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// Segment is what a segment of a dataset's log brings.
type Segment struct {
	N     uint64
	Batch ID       // random; no two have the same
	Epoch uint64   // the author's, when it sent it
	Txs   []*Tx    // decoded
	Bases []uint32 // of each transaction: the number of its first chunk in Block
	Block *Block   // the embedded block; nil: none
}

// Verdict is what became of a transaction.
type Verdict struct {
	Err     error    // nil: it happened
	Results []Result // one a record, if it happened
}

// Result is what a record left behind.
type Result struct {
	Entry  *Entry      // of Put, Copy and Complete
	Upload *OpenUpload // of Upload, AddPart and CopyPart
	Part   Part        // of AddPart and CopyPart
	Fold   *Fold       // of FoldRecord: it is the newest now
}

// Apply replays segment s.N()+1. An error says that a node could not be read;
// then nothing was decided. It is called by one goroutine at a time.
func (s *State) Apply(ctx context.Context, seg *Segment) (*State, []Verdict, error) {
	if seg.N != s.n+1 {
		panic(fmt.Sprintf("segment %d after state %d", seg.N, s.n))
	}
	release, err := s.ahead(ctx, seg)
	if err != nil {
		return nil, nil, fmt.Errorf("replay segment %d: %w", seg.N, err)
	}
	defer release()
	p := &replay{s: s.clone(), seg: seg, owner: new(owner), pinned: new(bool)}
	p.s.n = seg.N
	for _, tx := range seg.Txs {
		p.s.records += len(tx.Records)
	}
	if seg.Block != nil {
		p.s.embedded += seg.Block.Size
		p.s.small = s.small.Copy()
		p.s.small.Set(seg.N, seg.Block)
	}
	late := seg.Epoch < s.epoch
	verdicts := make([]Verdict, len(seg.Txs))
	for i, tx := range seg.Txs {
		switch {
		case p.s.closed:
			verdicts[i].Err = ErrClosed
		case late:
			verdicts[i].Err = ErrEpoch
		default:
			p.tx, p.base = i, 0
			if seg.Block != nil {
				p.base = seg.Bases[i]
			}
			v, err := p.transact(ctx, tx)
			if err != nil {
				return nil, nil, fmt.Errorf("replay segment %d: %w", seg.N, err)
			}
			verdicts[i] = v
		}
	}
	p.s.pinned = p.s.pinned || *p.pinned
	return p.s, verdicts, nil
}

func (s *State) clone() *State {
	c := *s
	c.tags, c.uploads = s.tags.copy(), s.uploads.copy()
	return &c
}

// applier is a record of a dataset's log. It changes nothing when it returns
// an error: the verdict, or an *unread.
type applier interface {
	apply(context.Context, *replay) (Result, error)
}

// replay is a state being made from another.
type replay struct {
	s      *State // ours to change
	start  *State // before the transaction
	seg    *Segment
	owner  *owner
	tx     int    // the transaction's number in the segment
	record int    // the record's number in the transaction
	time   int64  // of the transaction
	base   uint32 // the number of its first chunk in the segment's block
	pinned *bool  // set when a block from before the tree was looked up
}

// owner marks the tags that one replay has copied and may change in place.
type owner struct{ _ byte }

// transact applies the records of one transaction, or none.
func (p *replay) transact(ctx context.Context, tx *Tx) (Verdict, error) {
	before := p.s
	p.start = before
	if len(tx.Records) > 1 { // a single record undoes itself
		trial := *p
		trial.s = before.clone()
		trial.owner = new(owner) // what earlier transactions copied is theirs, should this one fail
		p = &trial
	}
	p.time = tx.Time
	v := Verdict{Results: make([]Result, 0, len(tx.Records))}
	for i, r := range tx.Records {
		p.record = i
		a, ok := r.(applier)
		if !ok {
			return Verdict{Err: ErrFormat}, nil
		}
		res, err := a.apply(ctx, p)
		var unread *unread
		if errors.As(err, &unread) {
			return Verdict{}, err
		}
		if err != nil {
			return Verdict{Err: err}, nil
		}
		v.Results = append(v.Results, res)
	}
	*before = *p.s
	return v, nil
}

// newID names what the record makes: no two records of a log have the same
// batch and numbers, and every replica finds the same.
func (p *replay) newID() (id ID) {
	b := append(make([]byte, 0, 24), p.seg.Batch[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(p.tx))
	b = binary.BigEndian.AppendUint32(b, uint32(p.record))
	sum := sha256.Sum256(b)
	copy(id[:], sum[:])
	return id
}

// check decides c for a key.
func (p *replay) check(ctx context.Context, c Cond, tag, name string) error {
	if c.IsZero() {
		return nil
	}
	old, err := p.s.Entry(ctx, tag, name)
	if err != nil {
		return err
	}
	return c.check(old)
}

// source returns what a key held before the transaction, if it is still the
// entry id.
func (p *replay) source(ctx context.Context, tag, name string, id ID) (*Entry, error) {
	e, err := p.start.Entry(ctx, tag, name)
	if err == nil && (e == nil || e.ID != id) {
		err = ErrChanged
	}
	return e, err
}

// upload finds an open upload.
func (p *replay) upload(ctx context.Context, tag, name string, id ID) (*OpenUpload, error) {
	u, err := p.s.Upload(ctx, tag, name, id)
	if err == nil && u == nil {
		err = ErrNoUpload
	}
	return u, err
}

// own returns the tag of that name as one that may be changed in place.
func (p *replay) own(ctx context.Context, name string) (*tag, error) {
	t, err := p.s.tag(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case t == nil:
		t = newTag(name)
	case t.owner == p.owner:
		return t, nil
	default:
		c := *t
		c.entries = t.entries.copy()
		t = &c
	}
	t.owner = p.owner
	p.s.tags.set(tagKey(name), t)
	return t, nil
}

// set makes x what its key holds, dated now, but later than what it held.
func (p *replay) set(ctx context.Context, tag string, x *Entry) (Result, error) {
	old, err := p.s.Entry(ctx, tag, x.Name)
	if err != nil {
		return Result{}, err
	}
	x.Modified = p.time
	if old != nil {
		x.Modified = max(x.Modified, old.Modified+1)
	}
	return p.replace(ctx, tag, old, x)
}

// replace makes x what its key holds instead of old.
func (p *replay) replace(ctx context.Context, tag string, old, x *Entry) (Result, error) {
	t, err := p.own(ctx, tag)
	if err != nil {
		return Result{}, err
	}
	if old != nil {
		p.count(t, old, -1)
	}
	p.count(t, x, 1)
	t.entries.set(x.Name, x)
	return Result{Entry: x}, nil
}

// count adds a file to what is counted, or takes it off.
func (p *replay) count(t *tag, x *Entry, n int64) {
	t.files += n
	t.bytes += n * x.Size
	t.added += n * x.Added
	p.s.files += n
	p.s.bytes += n * x.Size
}

// remove takes old out of a tag; a tag goes with its last entry.
func (p *replay) remove(ctx context.Context, tag string, old *Entry) error {
	t, err := p.own(ctx, tag)
	if err != nil {
		return err
	}
	p.count(t, old, -1)
	t.entries.delete(old.Name)
	if t.files == 0 {
		p.s.tags.delete(tagKey(tag))
	}
	return nil
}

// resolve turns the recipe of a record into one of the state, and returns how
// many stored bytes its own small data takes, in proportion.
func (p *replay) resolve(ctx context.Context, r Recipe) (Recipe, int64, error) {
	out, err := r.rebase(p.seg.Block, p.base, func(slot uint64) (*Block, error) { return p.earlier(ctx, slot) })
	if err != nil {
		return nil, 0, err
	}
	var added int64
	for i, x := range r {
		if x.Block == nil {
			added += share(out[i])
		}
	}
	return out, added, nil
}

// earlier returns the block embedded in an earlier segment, or nil, if there is
// none that may still be named: what lies at or below the base of a fold is named
// by nothing that follows the fold.
//
// What lies between a fold's base and its slot was replayed before the fold was
// accepted, and may be again: then the fold before it counts.
func (p *replay) earlier(ctx context.Context, slot uint64) (*Block, error) {
	horizon := p.s.fold.Base
	if p.seg.N <= p.s.fold.Slot {
		horizon = p.s.fold.Prev
	}
	if slot <= horizon || slot >= p.seg.N {
		return nil, nil
	}
	if slot > p.s.base {
		b, _ := p.s.small.Get(slot)
		return b, nil
	}
	*p.pinned = true
	b, err := p.s.nodes.Embedded(ctx, slot)
	if err != nil {
		return nil, &unread{fmt.Errorf("block embedded in segment %d: %w", slot, err)}
	}
	return b, nil
}

// share is an extent's part of the frames that it lies in.
func share(x Extent) int64 {
	var plain int64
	for _, f := range x.Block.Frames {
		if f.Off >= x.Off && f.Off < x.Off+x.Stored {
			plain += f.Plain
		}
	}
	if plain == 0 {
		return 0
	}
	return min(x.Len, plain) * x.Stored / plain
}
