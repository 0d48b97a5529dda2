package catalog

import (
	"context"
	"errors"
	"fmt"

	"aetherfs/internal/journal"
	"aetherfs/internal/manifest"
	"aetherfs/internal/sabotage"
)

// maxReloads bounds how often a checkpoint is read that turns out to be no
// longer the newest.
const maxReloads = 8

// apply takes a segment into the state and publishes it.
func (l *line[S]) apply(ctx context.Context, s *journal.Segment) ([]any, error) {
	seg, err := l.decode(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", journal.ErrFormat, err)
	}
	next, verdicts, err := l.State().Apply(ctx, seg)
	if err != nil {
		return nil, explain(err)
	}
	tail := append(l.tail, played{seg, s.Sum, s.Time, verdicts})
	if fold := accepted(verdicts); fold != nil {
		if next, tail, err = l.takeFold(ctx, *fold, tail); err != nil {
			return nil, explain(fmt.Errorf("fold of slot %d: %w", fold.Base, err))
		}
		l.c.o.Embedder.ForgetFolded(l.id, fold.Base)
	}
	l.tail = tail
	l.publish(next, s.Sum)
	if s.Writer != l.c.writer {
		l.rival.Store(l.c.o.Now().UnixMilli())
		l.c.o.Embedder.Meet(l.pool, blocksOf(seg))
	}
	answers := make([]any, len(verdicts))
	for i, v := range verdicts {
		answers[i] = v
	}
	return answers, nil
}

// explain turns an error of applying a segment into one that tells the journal
// what to do.
func explain(err error) error {
	switch {
	case errors.Is(err, manifest.ErrGone):
		return fmt.Errorf("%w: %w", journal.ErrReload, err)
	case errors.Is(err, manifest.ErrFormat):
		return fmt.Errorf("%w: %w", journal.ErrFormat, err)
	}
	return err
}

// publish makes s what readers see. The tail is set before.
func (l *line[S]) publish(s S, sum manifest.Digest) {
	p := &point[S]{state: s, sum: sum}
	if len(l.tail) > 0 {
		p.since = l.tail[0].time
	}
	if before := l.now.Swap(p).state.Fold(); before != s.Fold() {
		close(*l.folded.Swap(new(make(chan struct{}))))
	}
	if l.seen.contradicts(s.N(), sum) {
		l.c.marks.setAside()
	}
	l.c.marks.set(l.id, mark{s.N(), sum})
}

// decode reads the transactions of a segment and learns its embedded block.
func (l *line[S]) decode(s *journal.Segment) (*manifest.Segment, error) {
	seg := &manifest.Segment{N: s.N, Batch: s.Batch, Epoch: s.Epoch, Txs: make([]*manifest.Tx, len(s.Txs)), Bases: make([]uint32, len(s.Txs))}
	for i, t := range s.Txs {
		tx, err := manifest.DecodeTx(t.Payload)
		if err != nil {
			return nil, fmt.Errorf("transaction %d: %w", i, err)
		}
		seg.Txs[i], seg.Bases[i] = tx, t.First
	}
	if len(s.Block) == 0 {
		return seg, nil
	}
	block, err := l.c.o.Embedder.Learn(l.id, s.N, s.Base, s.Block)
	if err != nil {
		return nil, fmt.Errorf("embedded block: %w", err)
	}
	seg.Block = block
	return seg, nil
}

// accepted returns the fold that a segment committed, or nil.
func accepted(verdicts []manifest.Verdict) *manifest.Fold {
	var fold *manifest.Fold
	for _, v := range verdicts {
		for _, r := range v.Results {
			if r.Fold != nil {
				fold = r.Fold
			}
		}
	}
	return fold
}

// takeFold takes the tree of a fold and replays what came after its base over
// it, so that the state is the one that a cold open reaches: recipes change
// here, verdicts must not.
func (l *line[S]) takeFold(ctx context.Context, f manifest.Fold, tail []played) (S, []played, error) {
	state, err := l.load(ctx, l.nodes, f)
	if err != nil {
		return state, nil, err
	}
	owing := &manifest.Checkpoint{Dataset: l.id, Fold: f, Files: state.Files(), Bytes: state.Bytes()}
	for len(tail) > 0 && tail[0].seg.N <= f.Base {
		owing.Sum = tail[0].sum
		tail = tail[1:]
	}
	if len(tail) == 0 || tail[0].seg.N != state.N()+1 {
		return state, nil, fmt.Errorf("its tree is that of slot %d: %w", state.N(), manifest.ErrFormat)
	}
	rest := make([]played, 0, len(tail))
	for _, p := range tail {
		if sabotage.On(sabotage.FoldNotReplayed) && p.seg.N != f.Slot {
			p.seg = &manifest.Segment{N: p.seg.N, Batch: p.seg.Batch, Epoch: p.seg.Epoch}
			p.verdicts = nil
		}
		var again []manifest.Verdict
		if state, again, err = state.Apply(ctx, p.seg); err != nil {
			return state, nil, fmt.Errorf("replay segment %d: %w", p.seg.N, err)
		}
		if !agree(p.verdicts, again) {
			return state, nil, fmt.Errorf("segment %d has other verdicts over it: %w", p.seg.N, manifest.ErrFormat)
		}
		rest = append(rest, p)
	}
	l.owing.Store(owing)
	return state, rest, nil
}

// agree reports whether two replays decided alike. A fold that was accepted is
// refused when it is met again.
func agree(first, again []manifest.Verdict) bool {
	for i, v := range first {
		fold := len(v.Results) == 1 && v.Results[0].Fold != nil
		if !fold && !errors.Is(again[i].Err, v.Err) {
			return false
		}
	}
	return true
}

// reload brings the state to the newest checkpoint, if that is ahead.
func (l *line[S]) reload(ctx context.Context) (journal.At, error) {
	var gone error
	for range maxReloads {
		before := l.c.clock.date()
		cp, date, err := l.newest(ctx)
		if err != nil {
			return journal.At{}, explain(err)
		}
		if cp == nil || cp.Fold.Base <= l.State().N() && l.State().N() > 0 {
			p := l.now.Load()
			if date.IsZero() { // a list of nothing tells none
				date = before
			}
			return journal.At{N: p.state.N(), Sum: p.sum, Date: date}, nil
		}
		if len(cp.Node) > 0 {
			l.c.nodes.keep(cp.Fold.Root, cp.Node)
		}
		state, err := l.load(ctx, l.nodes, cp.Fold)
		if errors.Is(err, manifest.ErrGone) { // the next checkpoint has replaced it
			gone = err
			continue
		}
		if err != nil {
			return journal.At{}, explain(fmt.Errorf("load the fold of slot %d: %w", cp.Fold.Base, err))
		}
		l.tail = nil
		l.publish(state, cp.Sum)
		l.owing.Store(nil)
		l.c.o.Embedder.ForgetFolded(l.id, cp.Fold.Base)
		return journal.At{N: cp.Fold.Base, Sum: cp.Sum, Date: date}, nil
	}
	return journal.At{}, fmt.Errorf("%w: newest checkpoint of %s: %w", journal.ErrFormat, l.at.checkpoints, gone)
}

// blocksOf returns the blocks of the pool that a segment's recipes name.
func blocksOf(seg *manifest.Segment) []*manifest.Block {
	seen := map[*manifest.Block]bool{}
	var blocks []*manifest.Block
	for _, tx := range seg.Txs {
		for _, r := range tx.Records {
			for _, x := range recipeOf(r) {
				if x.Block != nil && !x.Block.Embedded() && !seen[x.Block] {
					seen[x.Block] = true
					blocks = append(blocks, x.Block)
				}
			}
		}
	}
	return blocks
}

// recipeOf returns the recipe that a record brings.
func recipeOf(r manifest.Record) manifest.Recipe {
	switch r := r.(type) {
	case *manifest.Put:
		return r.Entry.Recipe
	case *manifest.AddPart:
		return r.Recipe
	}
	return nil
}
