package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"aetherfs/internal/store"
)

// slots reads what the slots of a log hold.
type slots struct {
	st     store.Store
	prefix string
	owner  [16]byte
}

// SlotKey is the name of slot n of the log with that prefix.
func SlotKey(prefix string, n uint64) string { return fmt.Sprintf("%s%016x", prefix, n) }

// slotOf is the slot with that name.
func slotOf(prefix, key string) (uint64, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(key, prefix), 16, 64)
	if err != nil || SlotKey(prefix, n) != key {
		return 0, fmt.Errorf("%s is no slot's name: %w", key, ErrFormat)
	}
	return n, nil
}

// found is what a slot held: a segment, a fence, bytes that are neither, or
// nothing.
type found struct {
	n      uint64
	date   time.Time // the store's clock; zero where it has none
	seg    *Segment
	fence  *Fence
	damage error
}

func (f *found) nothing() bool { return f.seg == nil && f.fence == nil && f.damage == nil }

// look reads slot n. An error says nothing about it. A second look tells a
// damaged answer from a damaged object.
func (s slots) look(ctx context.Context, n uint64) (found, error) {
	f, err := s.glance(ctx, n)
	if f.damage != nil {
		return s.glance(ctx, n)
	}
	return f, err
}

func (s slots) glance(ctx context.Context, n uint64) (found, error) {
	key := SlotKey(s.prefix, n)
	b, info, err := s.st.Get(ctx, key, store.Range{Len: MaxSegmentBytes})
	f := found{n: n, date: info.Date}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return f, nil
	case err != nil:
		return f, fmt.Errorf("read %s: %w", key, err)
	case info.Size > MaxSegmentBytes:
		f.damage = fmt.Errorf("%s: %d bytes: %w", key, info.Size, ErrFormat)
		return f, nil
	}
	if err := f.decode(b, s.owner); err != nil {
		f.seg, f.fence, f.damage = nil, nil, fmt.Errorf("%s: %w", key, err)
	}
	return f, nil
}

// decode takes b for what the slot holds, if it belongs there.
func (f *found) decode(b []byte, owner [16]byte) error {
	var n uint64
	var of [16]byte
	if isFence(b) {
		fence, err := DecodeFence(b)
		if err != nil {
			return err
		}
		f.fence, n, of = &fence, fence.N, fence.Owner
	} else {
		seg, err := Decode(b)
		if err != nil {
			return err
		}
		f.seg, n, of = seg, seg.N, seg.Owner
	}
	if n != f.n || of != owner {
		return fmt.Errorf("holds slot %d of %x: %w", n, of, ErrFormat)
	}
	return nil
}

type looked struct {
	found
	err error
}

// fetch looks at slot n meanwhile, in a goroutine of done.
func (s slots) fetch(ctx context.Context, done *sync.WaitGroup, n uint64) <-chan looked {
	c := make(chan looked, 1)
	done.Go(func() {
		f, err := s.look(ctx, n)
		c <- looked{f, err}
	})
	return c
}
