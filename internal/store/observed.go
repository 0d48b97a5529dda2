package store

import (
	"context"
	"iter"
	"time"
)

// Op is a kind of request to a store.
type Op uint8

const (
	OpGet Op = iota
	OpPut
	OpList
	OpDelete
)

// Ops lists every kind of request.
func Ops() []Op { return []Op{OpGet, OpPut, OpList, OpDelete} }

func (o Op) String() string {
	switch o {
	case OpGet:
		return "get"
	case OpPut:
		return "put"
	case OpList:
		return "list"
	case OpDelete:
		return "delete"
	}
	return "unknown"
}

// Observer is told of every finished request, from any goroutine: bytes is what
// a Get returned or a Put sent, and 0 for the others; took is the time until
// the answer, for a List until its last object or until its caller had enough.
type Observer interface {
	Observe(op Op, bytes int64, took time.Duration, err error)
}

// Observed returns s as it is, with obs told of every request. A nil now is
// time.Now.
func Observed(s Store, obs Observer, now func() time.Time) Store {
	if now == nil {
		now = time.Now
	}
	return &observed{Store: s, obs: obs, now: now}
}

type observed struct {
	Store
	obs Observer
	now func() time.Time
}

func (o *observed) Get(ctx context.Context, key string, r Range) ([]byte, Info, error) {
	start := o.now()
	data, info, err := o.Store.Get(ctx, key, r)
	n := len(data)
	if err == nil {
		n += int(r.Into.Len())
	}
	o.tell(OpGet, n, start, err)
	return data, info, err
}

func (o *observed) Put(ctx context.Context, key string, data []byte, c Cond) (Info, error) {
	start := o.now()
	info, err := o.Store.Put(ctx, key, data, c)
	o.tell(OpPut, len(data), start, err)
	return info, err
}

func (o *observed) List(ctx context.Context, prefix, after string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		start := o.now()
		var failed error
		defer func() { o.tell(OpList, 0, start, failed) }()
		for info, err := range o.Store.List(ctx, prefix, after) {
			failed = err
			if !yield(info, err) {
				return
			}
		}
	}
}

func (o *observed) Delete(ctx context.Context, key string) error {
	start := o.now()
	err := o.Store.Delete(ctx, key)
	o.tell(OpDelete, 0, start, err)
	return err
}

func (o *observed) tell(op Op, bytes int, start time.Time, err error) {
	o.obs.Observe(op, int64(bytes), o.now().Sub(start), err)
}
