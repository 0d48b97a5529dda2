package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"aetherfs/internal/store"
)

// attempts is how often a create is tried whose outcome is not known: such
// answers are allowed, and tell nothing.
const attempts = 4

// outcome is what a create came to.
type outcome int

const (
	created outcome = iota
	existed
	unknown // the error says why
	refused // the store does not take such a request, says the error
)

// create creates key, once.
func (p *prober) create(ctx context.Context, key string, data []byte) (outcome, error) {
	info, err := p.s.Put(ctx, key, data, store.Cond{IfAbsent: true})
	switch {
	case err == nil:
		p.note(info)
		return created, nil
	case errors.Is(err, store.ErrExists):
		p.note(info)
		return existed, nil
	case errors.Is(err, store.ErrDenied), store.Refused(err), ctx.Err() != nil:
		return refused, err
	}
	return unknown, err
}

// note keeps the date of an answer.
func (p *prober) note(info store.Info) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dates = append(p.dates, info.Date)
}

// creates is create until the outcome is known. A name whose create is unknown
// is not tried again; next makes each.
func (p *prober) creates(ctx context.Context, next func(try int) string, data []byte) (key string, got outcome, err error) {
	for try := range attempts {
		key = next(try)
		if got, err = p.create(ctx, key, data); got != unknown {
			return key, got, err
		}
	}
	return key, unknown, fmt.Errorf("%d creates have no known outcome, as of the last: %w", attempts, err)
}

// holds reports an error unless key holds data, whole.
func (p *prober) holds(ctx context.Context, key string, data []byte) error {
	got, _, err := p.s.Get(ctx, key, store.Range{})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return broken("what was written is not there")
	case err != nil:
		return err
	case !bytes.Equal(got, data):
		return brokenf("%d bytes came back that are not the %d that were written", len(got), len(data))
	}
	return nil
}

// absent reports an error unless there is no key.
func (p *prober) absent(ctx context.Context, key string) error {
	_, info, err := p.s.Get(ctx, key, store.Range{})
	switch {
	case err == nil:
		return broken("there is an object that nobody wrote")
	case errors.Is(err, store.ErrNotFound):
		p.note(info)
		return nil
	case errors.Is(err, store.ErrDenied):
		return fmt.Errorf("a missing object is not answered as missing: %w", err)
	}
	return err
}

func (p *prober) list(ctx context.Context, prefix, after string) ([]string, error) {
	var keys []string
	for info, err := range p.s.List(ctx, prefix, after) {
		if err != nil {
			return nil, err
		}
		keys = append(keys, info.Key)
	}
	return keys, nil
}

// inFlight is how many requests a probe has under way at once.
const inFlight = 32

func (p *prober) delete(ctx context.Context, keys []string) error {
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(inFlight)
	for _, key := range keys {
		all.Go(func() error { return p.s.Delete(ctx, key) })
	}
	return all.Wait()
}

// noise returns n bytes that no store can have seen.
func (p *prober) noise(n int) ([]byte, error) {
	data := make([]byte, n)
	_, err := io.ReadFull(p.o.Rand, data)
	return data, err
}
