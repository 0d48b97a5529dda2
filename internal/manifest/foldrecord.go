package manifest

import (
	"context"

	"aetherfs/internal/sabotage"
)

// FoldRecord says that the state after segment Base is kept as a tree. It is
// alone in its transaction. Replay refuses it (ErrFold) unless it builds on the
// newest fold that was accepted and Base is a segment since.
type FoldRecord struct {
	Base     uint64
	BuildsOn uint64 // slot of that fold; 0: none
	Root     Digest
}

func (*FoldRecord) kind() byte { return kindFold }

func (r *FoldRecord) encode(e *encoder) {
	e.uint(r.Base)
	e.uint(r.BuildsOn)
	e.raw(r.Root[:])
}

func decodeFold(d *decoder) Record { return &FoldRecord{d.uint(), d.uint(), d.digest()} }

// accept returns the fold that r commits at a slot, when the newest is old.
//
// Whatever lies between the base and the slot of an accepted fold is replayed
// twice, and then with that fold in force: its own record is refused there, as
// are those that were refused before.
func (r *FoldRecord) accept(slot uint64, old Fold) (Fold, error) {
	second := r.BuildsOn != old.Slot || r.Base < max(old.Slot, 1)
	if second && !sabotage.On(sabotage.FoldNotDropped) || r.Base >= slot {
		return old, ErrFold
	}
	return Fold{Slot: slot, Base: r.Base, Prev: old.Base, Root: r.Root}, nil
}

func (r *FoldRecord) apply(_ context.Context, p *replay) (Result, error) {
	f, err := r.accept(p.seg.N, p.s.fold)
	if err != nil {
		return Result{}, err
	}
	p.s.fold = f
	return Result{Fold: &f}, nil
}
