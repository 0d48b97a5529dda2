package store

import (
	"context"
	"iter"
	"sync"
	"time"
)

// FaultyStore is a Store, for tests, whose requests go wrong by a Plan.
type FaultyStore struct {
	inner Store
	plan  Plan
	sleep func(ctx context.Context, d time.Duration) error

	mu    sync.Mutex
	calls []int  // by Op; guarded by mu
	late  []late // guarded by mu
}

// late is an effect that waits for its call.
type late struct {
	at   int // the number of the call before which it happens
	what func()
}

// Faulty returns inner with the faults that plan asks for, one question a
// request. Slow faults wait by ctx and the clock; inside a synctest bubble that
// is its clock.
func Faulty(inner Store, plan Plan) *FaultyStore {
	return &FaultyStore{inner: inner, plan: plan, sleep: sleep, calls: make([]int, len(Ops()))}
}

// Calls returns the number of requests of a kind so far, whatever their fate.
func (f *FaultyStore) Calls(op Op) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[op]
}

// Settle makes the late effects that still wait happen now, oldest first.
func (f *FaultyStore) Settle() { f.happen(true) }

func (f *FaultyStore) Get(ctx context.Context, key string, r Range) ([]byte, Info, error) {
	fault, err := f.enter(ctx, OpGet, key, nil)
	if err != nil {
		return nil, Info{}, err
	}
	data, info, err := f.inner.Get(ctx, key, r)
	if err != nil {
		return nil, info, err
	}
	if fault.Kind == FaultAfter {
		return nil, Info{}, fault.Err
	}
	if r.Into != nil {
		return nil, info, fault.spoilInto(r.Into)
	}
	return fault.spoil(data), info, nil
}

func (f *FaultyStore) Put(ctx context.Context, key string, data []byte, c Cond) (Info, error) {
	data = append([]byte{}, data...) // a late effect outlives the call
	fault, err := f.enter(ctx, OpPut, key, func() {
		_, _ = f.inner.Put(context.WithoutCancel(ctx), key, data, c)
	})
	if err != nil {
		return Info{}, err
	}
	info, err := f.inner.Put(ctx, key, data, c)
	if fault.Kind == FaultAfter {
		return Info{}, fault.Err
	}
	return info, err
}

func (f *FaultyStore) List(ctx context.Context, prefix, after string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		fault, err := f.enter(ctx, OpList, prefix, nil)
		if err != nil {
			yield(Info{}, err)
			return
		}
		for info, err := range f.inner.List(ctx, prefix, after) {
			if !yield(info, err) {
				return
			}
			if fault.Kind == FaultAfter {
				break
			}
		}
		if fault.Kind == FaultAfter {
			yield(Info{}, fault.Err)
		}
	}
}

func (f *FaultyStore) Delete(ctx context.Context, key string) error {
	fault, err := f.enter(ctx, OpDelete, key, func() {
		_ = f.inner.Delete(context.WithoutCancel(ctx), key)
	})
	if err != nil {
		return err
	}
	if err := f.inner.Delete(ctx, key); err != nil {
		return err
	}
	if fault.Kind == FaultAfter {
		return fault.Err
	}
	return nil
}

// enter counts a request, lets the late effects happen whose time has come, and
// asks the plan. An error is the answer to the request, which is not to be
// made; effect, if any, may happen later.
func (f *FaultyStore) enter(ctx context.Context, op Op, key string, effect func()) (Fault, error) {
	f.mu.Lock()
	f.calls[op]++
	call := Call{N: f.total(), OpN: f.calls[op], Op: op, Key: key}
	f.mu.Unlock()
	f.happen(false)

	fault := f.plan(call)
	if fault.Err == nil {
		fault.Err = ErrInjected
	}
	switch fault.Kind {
	case FaultBefore:
		return fault, fault.Err
	case FaultLate:
		if effect != nil {
			f.mu.Lock()
			f.late = append(f.late, late{at: call.N + fault.Calls, what: effect})
			f.mu.Unlock()
		}
		return fault, fault.Err
	case FaultSlow:
		return fault, f.sleep(ctx, fault.Delay)
	}
	return fault, nil
}

// total is the number of requests so far. The caller holds mu.
func (f *FaultyStore) total() int {
	n := 0
	for _, calls := range f.calls {
		n += calls
	}
	return n
}

// happen makes late effects happen: those that are due, or all.
func (f *FaultyStore) happen(all bool) {
	f.mu.Lock()
	var due, wait []late
	for _, l := range f.late {
		if all || l.at <= f.total() {
			due = append(due, l)
		} else {
			wait = append(wait, l)
		}
	}
	f.late = wait
	f.mu.Unlock()
	for _, l := range due {
		l.what()
	}
}
