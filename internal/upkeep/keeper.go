package upkeep

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// Defaults of Options. Those of tails and folds are the limits of
// docs/design/0004. A checkpoint stands for an hour before segments make way, so
// that whoever has named bytes in them can still read these and store them again.
// Uploads end after the week that README tells.
const (
	DefaultEvery        = time.Second
	DefaultFoldRecords  = 20_000
	DefaultFoldBytes    = 64 << 20
	DefaultIdleRecords  = 256
	DefaultIdleAfter    = 24 * time.Hour
	DefaultTotalRecords = 100_000
	DefaultTotalBytes   = 256 << 20
	DefaultRetireEvery  = 10 * time.Minute
	DefaultRetireAfter  = time.Hour
	DefaultUploadLife   = 7 * 24 * time.Hour
)

// Options of New. Names and Bytes are required; the zero value of the others
// works.
type Options struct {
	Names  *catalog.Catalog
	Bytes  *dedupe.Engine
	Now    func() time.Time // nil: time.Now
	Jitter func() float64   // in [0, 1); nil: rand.Float64
	Log    *slog.Logger     // nil: silent

	Every time.Duration // between two looks at the tails

	// A log is folded when its tail passes FoldRecords records or FoldBytes of
	// embedded data, or has IdleRecords the first of which is IdleAfter old;
	// and the longest one when all tails together pass the totals.
	FoldRecords, IdleRecords, TotalRecords int
	FoldBytes, TotalBytes                  int64 // bytes
	IdleAfter                              time.Duration

	RetireEvery time.Duration // between two looks for what can be retired
	RetireAfter time.Duration // from a checkpoint to the fences that it covers
	UploadLife  time.Duration // of an upload that nobody completes
}

func (o *Options) setDefaults() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	for _, d := range []struct {
		v *time.Duration
		d time.Duration
	}{
		{&o.Every, DefaultEvery}, {&o.IdleAfter, DefaultIdleAfter}, {&o.RetireEvery, DefaultRetireEvery},
		{&o.RetireAfter, DefaultRetireAfter}, {&o.UploadLife, DefaultUploadLife},
	} {
		if *d.v == 0 {
			*d.v = d.d
		}
	}
	for _, d := range []struct {
		v *int
		d int
	}{{&o.FoldRecords, DefaultFoldRecords}, {&o.IdleRecords, DefaultIdleRecords}, {&o.TotalRecords, DefaultTotalRecords}} {
		if *d.v == 0 {
			*d.v = d.d
		}
	}
	if o.FoldBytes == 0 {
		o.FoldBytes = DefaultFoldBytes
	}
	if o.TotalBytes == 0 {
		o.TotalBytes = DefaultTotalBytes
	}
}

// Keeper looks after the logs that a gateway has open.
type Keeper struct {
	o      Options
	counts counters
	later  map[catalog.Log]time.Time // until when a log is left alone whose fold has failed; FoldDue's
}

// New returns a keeper. It does nothing until Run.
func New(o Options) *Keeper {
	o.setDefaults()
	return &Keeper{o: o, later: map[catalog.Log]time.Time{}}
}

// Run looks after the logs until ctx ends. What goes wrong is logged and tried
// again at the next look.
func (k *Keeper) Run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { every(ctx, k.o.Every, k.FoldDue) })
	both.Go(func() { every(ctx, k.o.RetireEvery, k.Retire) })
	both.Wait()
}

func every(ctx context.Context, d time.Duration, f func(context.Context)) {
	t := time.NewTicker(d)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			f(ctx)
		}
	}
}

// retryAfter is for how long a log is left alone whose fold has failed. What
// waits meanwhile is far below what makes writers wait.
const retryAfter = 15 * time.Second

// FoldDue folds what is due and finishes what other gateways have begun. It is
// called by one goroutine at a time.
func (k *Keeper) FoldDue(ctx context.Context) {
	logs := k.o.Names.Logs()
	for _, l := range k.due(logs) {
		if l.Shared() && k.o.Jitter() < 0.5 {
			continue // another gateway may be at it; the next look shows
		}
		if k.o.Now().Before(k.later[l]) {
			continue
		}
		delete(k.later, l)
		err := k.fold(ctx, l)
		if err != nil {
			k.later[l] = k.o.Now().Add(retryAfter)
		}
		k.report("fold", l, err)
	}
	for _, l := range logs {
		k.report("write a checkpoint", l, l.EnsureCheckpoint(ctx))
		if d, ok := l.(*catalog.Dataset); ok {
			k.report("learn what is stored", l, d.MeetFolded(ctx))
		}
	}
}

// Retire makes folded segments make way and ends abandoned uploads.
func (k *Keeper) Retire(ctx context.Context) {
	for _, l := range k.o.Names.Logs() {
		k.report("retire folded segments", l, l.Retire(ctx, k.o.RetireAfter))
		k.report("end abandoned uploads", l, k.endUploads(ctx, l))
	}
}

func (k *Keeper) report(what string, l catalog.Log, err error) {
	passing := errors.Is(err, context.Canceled) || errors.Is(err, manifest.ErrClosed) || errors.Is(err, store.ErrReadOnly)
	if err != nil && !passing {
		k.o.Log.Warn("upkeep: "+what, "dataset", l.Title(), "err", err)
	}
}
