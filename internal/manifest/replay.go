package manifest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"aetherfs/internal/sabotage"
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
		case p.s.closed && !sabotage.On(sabotage.CloseIgnored):
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
			if sabotage.On(sabotage.HalfTransactions) {
				*before = *p.s
			}
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
