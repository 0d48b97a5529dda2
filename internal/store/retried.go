package store

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"slices"
	"time"
)

// RetryOptions bound the repeats of Retried. The zero value works.
type RetryOptions struct {
	Attempts int           // in all, the first included; 0 is 4
	Base     time.Duration // the wait after the first failure, doubled after each; 0 is 50 ms
	Max      time.Duration // the longest wait; 0 is 2 s

	Sleep  func(ctx context.Context, d time.Duration) error // nil is a timer; an error ends the request
	Jitter func() float64                                   // in [0, 1); nil is rand.Float64
}

// Retried returns s with requests repeated that failed for a reason that may
// pass, but never a Put with IfAbsent: its repeat could meet its own success
// and answer ErrExists. A List goes on after the last object that it yielded,
// with its attempts counted anew.
func Retried(s Store, o RetryOptions) Store {
	if o.Attempts == 0 {
		o.Attempts = 4
	}
	if o.Base == 0 {
		o.Base = 50 * time.Millisecond
	}
	if o.Max == 0 {
		o.Max = 2 * time.Second
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	return &retried{Store: s, o: o}
}

type retried struct {
	Store
	o RetryOptions
}

func (r *retried) Get(ctx context.Context, key string, rg Range) (data []byte, info Info, err error) {
	err = r.do(ctx, func() error {
		data, info, err = r.Store.Get(ctx, key, rg)
		return err
	})
	return data, info, err
}

func (r *retried) Put(ctx context.Context, key string, data []byte, c Cond) (info Info, err error) {
	if c.IfAbsent {
		return r.Store.Put(ctx, key, data, c)
	}
	err = r.do(ctx, func() error {
		info, err = r.Store.Put(ctx, key, data, c)
		return err
	})
	return info, err
}

func (r *retried) List(ctx context.Context, prefix, after string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		after := after
		for attempt := 1; ; attempt++ {
			var failed error
			for info, err := range r.Store.List(ctx, prefix, after) {
				if err != nil {
					failed = err
					break
				}
				if !yield(info, nil) {
					return
				}
				after, attempt = info.Key, 1
			}
			if failed == nil {
				return
			}
			if !r.again(ctx, attempt, failed) {
				yield(Info{}, failed)
				return
			}
		}
	}
}

func (r *retried) Delete(ctx context.Context, key string) error {
	return r.do(ctx, func() error { return r.Store.Delete(ctx, key) })
}

func (r *retried) do(ctx context.Context, request func() error) error {
	for attempt := 1; ; attempt++ {
		err := request()
		if err == nil || !r.again(ctx, attempt, err) {
			return err
		}
	}
}

// again waits and reports true if a request whose attempt failed with err is
// worth another.
func (r *retried) again(ctx context.Context, attempt int, err error) bool {
	if attempt >= r.o.Attempts || final(err) || ctx.Err() != nil {
		return false
	}
	wait := r.o.Base
	for range attempt - 1 {
		wait = min(2*wait, r.o.Max)
	}
	// Between half and all of it, so that those who failed together do not
	// come back together.
	wait = wait/2 + time.Duration(r.o.Jitter()*float64(wait/2))
	return r.o.Sleep(ctx, wait) == nil
}

// final reports whether err would be the answer to a repeat as well.
func final(err error) bool {
	return slices.ContainsFunc([]error{
		ErrNotFound, ErrExists, ErrNoSpace, ErrPoisoned, ErrReadOnly, ErrDenied, ErrBadKey, ErrRange,
		context.Canceled, context.DeadlineExceeded,
	}, func(target error) bool { return errors.Is(err, target) })
}

// sleep waits for d, or returns ctx's error if that comes first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
