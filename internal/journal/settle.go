package journal

import (
	"context"
	"errors"
	"fmt"
	"io"

	"aetherfs/internal/sabotage"
	"aetherfs/internal/store"
)

// attempt is a batch on its way into a slot.
type attempt struct {
	batch []*pending
	seg   *Segment
	data  []byte
	sent  bool // at least once with unknown outcome
	ahead int  // slots to look at when the next is lost
}

func (a *attempt) fail(err error) {
	for _, p := range a.batch {
		p.reply <- answer{err: err}
	}
	a.batch = nil
}

var (
	// errLost: the slot is another's, and the state is past it.
	errLost = errors.New("slot is another's")
	// errFolded: the slot was folded away, perhaps with the attempt in it.
	errFolded = errors.New("slot was folded")
)

// commit settles a batch, behind what is left of an older one. The turn is held,
// unless the log is shut.
func (l *Log) commit(batch []*pending) {
	a := &attempt{batch: batch}
	if l.ctx.Err() != nil {
		a.fail(ErrShut)
		return
	}
	if err := l.settleStuck(); err != nil {
		a.fail(err)
		return
	}
	if err := l.assemble(a); err != nil {
		a.fail(err)
		return
	}
	switch err := l.settle(a); {
	case err == nil:
	case errors.Is(err, errFolded):
		a.fail(fmt.Errorf("%w: %w", ErrUnknown, err))
	case a.sent:
		a.fail(fmt.Errorf("%w: %w", ErrUnknown, err))
		l.stuck = a
	default:
		a.fail(err)
	}
}

// settleStuck settles the attempt of which the waiters have been told that its
// outcome is unknown. Where that is lost it is not sent again: nobody expects
// it any more.
func (l *Log) settleStuck() error {
	if l.stuck == nil {
		return nil
	}
	err := l.settle(l.stuck)
	if err == nil || errors.Is(err, errFolded) {
		l.stuck = nil
		return nil
	}
	return err
}

// assemble makes the segment of a batch, but for its slot.
func (l *Log) assemble(a *attempt) error {
	s := &Segment{Owner: l.o.Owner, Writer: l.o.Writer}
	if _, err := io.ReadFull(l.o.Rand, s.Batch[:]); err != nil {
		return fmt.Errorf("batch id: %w", err)
	}
	var chunks []Chunk
	for _, p := range a.batch {
		s.Txs = append(s.Txs, Framed{uint32(len(chunks)), p.tx.Payload})
		chunks = append(chunks, p.tx.Chunks...)
	}
	if len(chunks) > 0 {
		block, err := l.o.Pack(chunks)
		if err != nil {
			return fmt.Errorf("pack %d chunks: %w", len(chunks), err)
		}
		s.Block = block
	}
	a.seg = s
	return nil
}

// settle sends an attempt to the next slot, and to the one after when that
// turns out to be another's, until it is known to be in the log; then it is
// applied and its waiters are answered. After errFolded the attempt is never
// to be sent again. Any other error leaves it where it is: with a.sent the
// outcome is unknown and settle must be called again before any other attempt;
// without, it was not written.
func (l *Log) settle(a *attempt) error {
	for {
		if !a.sent {
			l.address(a)
		}
		verdicts, err := l.decide(a)
		if err == nil {
			l.reply(a, verdicts)
			return nil
		}
		if !errors.Is(err, errLost) {
			return err
		}
		if len(a.batch) == 0 { // told that it may happen; now it is known that it did not
			return nil
		}
		a.sent = false
	}
}

// address makes an attempt one at the next slot.
func (l *Log) address(a *attempt) {
	a.seg.N, a.seg.Prev = l.at.N+1, l.at.Sum
	a.seg.Epoch, a.seg.Time = l.o.Epoch(), l.o.Now().UnixMilli()
	a.data = a.seg.Encode()
	a.ahead = max(a.ahead, 2)
}

// reply answers the waiters of an attempt that is in the log.
func (l *Log) reply(a *attempt, verdicts []any) {
	if l.o.Committed != nil {
		l.o.Committed(len(a.seg.Txs), len(a.data))
	}
	l.mu.Lock()
	l.writers = len(a.batch) + len(l.queue)
	l.mu.Unlock()
	for i, p := range a.batch {
		p.reply <- answer{verdict: verdicts[i]}
	}
}

// decide tries until it is known what became of an attempt at its slot: the
// verdicts if it is there and applied, errLost, errFolded, or what kept it from
// being known.
func (l *Log) decide(a *attempt) ([]any, error) {
	for retry := (backoff{ctx: l.ctx}); ; {
		if err := l.sound(); err != nil {
			return nil, err
		}
		verdicts, final, err := l.try(l.ctx, a)
		if err == nil || final {
			return verdicts, err
		}
		if !retry.wait() {
			return nil, err
		}
	}
}

// try puts an attempt into its slot, reads the slot if there is doubt, and goes
// on with what is there. An error that is not final may pass.
//
//	created, or its batch id ─── applied ──▶ verdicts
//	another's segment ────────── applied ──▶ errLost
//	a fence, of another's ────── jumped ───▶ errLost
//	a fence, of the attempt ──── jumped ───▶ errFolded
//	anything ─────────────────── jumped ───▶ errFolded if it may have been there, else errLost
//	nothing ──────────────────── stayed ───▶ again
func (l *Log) try(ctx context.Context, a *attempt) (verdicts []any, final bool, err error) {
	if sabotage.On(sabotage.RetryAsAnother) && a.sent {
		a.seg.Batch[0]++
		a.data = a.seg.Encode()
	}
	key := SlotKey(l.o.Prefix, a.seg.N)
	id, begun := l.begin()
	info, putErr := l.st.Put(ctx, key, a.data, store.Cond{IfAbsent: true})
	f, created := found{n: a.seg.N, date: info.Date, seg: a.seg}, putErr == nil
	if sabotage.On(sabotage.AckBeforeDurable) {
		created = !errors.Is(putErr, store.ErrExists)
	}
	var behind []<-chan looked
	switch {
	case created:
		l.created(begun, l.o.Now().Sub(begun))
	case store.Refused(putErr):
		return nil, true, fmt.Errorf("create %s: %w", key, putErr)
	default:
		a.sent = a.sent || !errors.Is(putErr, store.ErrExists)
		slots := l.lookAhead(ctx, a.ahead)
		slot := <-slots[0]
		if slot.err != nil {
			return nil, false, fmt.Errorf("create %s: %w", key, slot.err)
		}
		f, behind = slot.found, slots[1:]
	}
	ours := f.seg != nil && f.seg.Batch == a.seg.Batch
	a.sent = a.sent || ours
	doubtful := l.stale(l.place(), f.date)
	how, verdicts, err := l.meet(ctx, f)
	switch {
	case err != nil:
		return nil, errors.Is(err, ErrBroken), err
	case how == stayed:
		return nil, false, fmt.Errorf("create %s: %w", key, putErr)
	case how == jumped && a.inside(f, doubtful):
		return nil, true, errFolded
	case how == jumped:
		return nil, true, errLost
	case !ours:
		l.follow(ctx, a, behind)
		return nil, true, errLost
	}
	if created {
		l.succeed(id, begun)
	}
	return verdicts, true, nil
}

// follow goes on behind a slot that an attempt has lost. While each slot that
// was looked at holds a segment there are likely more, and at last this is no
// race but a log to be caught up with. What goes wrong here will again at the
// next slot, and is told then.
func (l *Log) follow(ctx context.Context, a *attempt, behind []<-chan looked) {
	how, err := l.goOn(ctx, behind)
	switch {
	case err != nil || how != applied:
		a.ahead = 2
	case a.ahead < readAhead:
		a.ahead *= 2
	default:
		_ = l.catchUp(ctx)
	}
}

// inside reports whether an attempt may have been in its slot, which was found
// to hold f and is covered by a checkpoint. Only a fence tells, if the date
// leaves no doubt that it is the first that stands there. What was created may
// have come after the fence was removed, but also have been folded since.
func (a *attempt) inside(f found, doubtful bool) bool {
	if sabotage.On(sabotage.ResendAfterUnknown) {
		return false
	}
	if f.fence != nil && f.fence.Sum == a.seg.Sum {
		return true
	}
	return a.sent && (f.fence == nil || doubtful)
}
