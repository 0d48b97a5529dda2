package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"path"
	"sync"
	"time"

	"aetherfs/internal/store"
)

var (
	errLost = errors.New("request lost") // the client of the store cannot know more
	errBusy = errors.New("503 slow down")
	errCut  = errors.New("the process has crashed")
)

// view is the bucket as one gateway sees it. It is the gateway's process as
// well: it stops and it crashes.
type view struct {
	name   string
	bucket *bucket
	cut    chan struct{} // closed by the crash
	once   sync.Once

	mu    sync.Mutex
	calls map[string]int // by kind of request; guarded by mu
	awake time.Time      // until when the process stands still; guarded by mu
}

var _ store.Store = (*view)(nil)

func newView(b *bucket, name string) *view {
	return &view{name: name, bucket: b, cut: make(chan struct{}), calls: map[string]int{}}
}

// crash ends the process: what it has sent may land, and no reply arrives.
func (v *view) crash() { v.once.Do(func() { close(v.cut) }) }

func (v *view) Get(ctx context.Context, key string, r store.Range) ([]byte, store.Info, error) {
	var data []byte
	info, err := v.request(ctx, store.OpGet, key, func(f fate) (info store.Info, err error) {
		// Not to the memory of r: what lands late would be written to memory that is not
		// the store's any more.
		data, info, err = v.bucket.objects.Get(context.Background(), key, store.Range{Off: r.Off, Len: r.Len})
		switch {
		case len(data) == 0:
		case f.kind == faultShort:
			data = data[:len(data)/2]
		case f.kind == faultFlip:
			bit := f.bit % uint64(8*len(data))
			data[bit/8] ^= 1 << (bit % 8)
		}
		return info, err
	})
	if err != nil {
		return nil, info, fmt.Errorf("get %s: %w", key, err)
	}
	out, err := r.Fill(int64(len(data)), func(p []byte, at int64) error {
		copy(p, data[at:])
		return nil
	})
	if err != nil {
		return nil, info, fmt.Errorf("get %s: %w", key, err)
	}
	return out, info, nil
}

func (v *view) Put(ctx context.Context, key string, data []byte, c store.Cond) (store.Info, error) {
	data = bytes.Clone(data)
	info, err := v.request(ctx, store.OpPut, key, func(fate) (store.Info, error) {
		if !c.IfAbsent && path.Base(path.Dir(key)) == "log" {
			v.bucket.fenced()
		}
		return v.bucket.objects.Put(context.Background(), key, data, c)
	})
	if err != nil {
		return info, fmt.Errorf("put %s: %w", key, err)
	}
	return info, nil
}

func (v *view) Delete(ctx context.Context, key string) error {
	_, err := v.request(ctx, store.OpDelete, key, func(fate) (store.Info, error) {
		return store.Info{}, v.bucket.objects.Delete(context.Background(), key)
	})
	return err
}

func (v *view) List(ctx context.Context, prefix, after string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		last := after
		for more := true; more; {
			var page []store.Info
			_, err := v.request(ctx, store.OpList, prefix, func(fate) (store.Info, error) {
				page, more = v.bucket.page(prefix, last)
				return store.Info{}, nil
			})
			if err != nil {
				yield(store.Info{}, fmt.Errorf("list %s: %w", prefix, err))
				return
			}
			for _, info := range page {
				if last = info.Key; !yield(info, nil) {
					return
				}
				if err := ctx.Err(); err != nil {
					yield(store.Info{}, fmt.Errorf("list %s: %w", prefix, err))
					return
				}
			}
		}
	}
}

// reply is what comes back of a request.
type reply struct {
	info store.Info
	err  error
}

// request sends one. Its effect happens on the way of a goroutine of its own,
// so that it lands when the caller has long gone.
func (v *view) request(ctx context.Context, op store.Op, key string, effect func(fate) (store.Info, error)) (store.Info, error) {
	f := v.draw(op, key)
	if f.stallFirst {
		v.stop(f.stall)
	}
	if err := v.wake(ctx, f.waking); err != nil {
		return store.Info{}, err
	}
	replies := make(chan reply, 1)
	v.bucket.landing.Go(func() { replies <- v.travel(op, key, f, effect) })
	if f.crash {
		v.crash()
	}
	var got reply
	select {
	case got = <-replies:
	case <-ctx.Done():
		return store.Info{}, ctx.Err()
	case <-v.cut:
		return store.Info{}, errCut
	}
	if !f.stallFirst {
		v.stop(f.stall)
	}
	if err := v.wake(ctx, f.waking); err != nil {
		return store.Info{}, err
	}
	return got.info, got.err
}

// travel takes a request to the store and its reply back.
func (v *view) travel(op store.Op, key string, f fate, effect func(fate) (store.Info, error)) reply {
	time.Sleep(f.there)
	land := func() reply {
		info, err := effect(f)
		v.bucket.note(v.name, op, key, f, err)
		return reply{info, err}
	}
	refuse := func(err error) reply {
		v.bucket.note(v.name, op, key, f, err)
		return reply{err: err}
	}
	var r reply
	switch f.kind {
	case faultBefore:
		r = refuse(errLost)
	case faultBusy:
		r = refuse(errBusy)
	case faultAfter:
		land()
		r = reply{err: errLost}
	case faultLate:
		r = refuse(errLost)
		v.bucket.landing.Go(func() {
			time.Sleep(f.late)
			land()
		})
	default:
		r = land()
	}
	time.Sleep(f.back)
	return r
}

// draw returns the fate of the next request of a kind.
func (v *view) draw(op store.Op, key string) fate {
	what := fmt.Sprint(op, class(key))
	v.mu.Lock()
	v.calls[what]++
	n := v.calls[what]
	v.mu.Unlock()
	return v.bucket.draw(v.name, op, class(key), n)
}

// stop makes the process stand still from now on.
func (v *view) stop(d time.Duration) {
	if d == 0 {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if until := time.Now().Add(d); until.After(v.awake) {
		v.awake = until
		v.bucket.diary.printf("%s: stands still for %v", v.name, d)
	}
}

// wake returns when the process runs, or errCut, or the error of ctx. What waits
// while a process stands still goes on one after the other: waking is its turn.
func (v *view) wake(ctx context.Context, waking time.Duration) error {
	for {
		d := v.standstill()
		if d <= 0 {
			break
		}
		t := time.NewTimer(d + waking)
		select {
		case <-t.C:
		case <-v.cut:
			t.Stop()
			return errCut
		}
	}
	select {
	case <-v.cut:
		time.Sleep(latency) // so that nothing turns in circles without time passing
		return errCut
	default:
		return ctx.Err()
	}
}

// standstill is how long the process will stand still yet.
func (v *view) standstill() time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	return time.Until(v.awake)
}
