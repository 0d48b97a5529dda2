// Package probe finds out whether a store keeps the contract of store.Store, by
// trying: some that speak S3 overwrite where they should refuse, or do not know
// the condition at all.
//
//  1. It works under probe/ and a name made at random, and removes what it made.
//  2. A broken promise is a finding, which says what follows. A store that does
//     not answer is an error: nothing was found out.
//  3. A failed check proves that the store is unfit; passed ones make it likely
//     that it is fit.
package probe

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"aetherfs/internal/store"
)

// Prefix begins the names that probes work under. No other object's does.
const Prefix = "probe/"

// Options of a probe. Rand has no default.
type Options struct {
	Rand  io.Reader        // for the name to work under, and what is written
	Now   func() time.Time // this machine's clock; nil is time.Now
	Quick bool             // the short form, of at most 12 round trips one after the other
}

// Check is one thing that was tried.
type Check struct {
	Tried   string `json:"tried"`
	Found   string `json:"found"`
	Follows string `json:"follows"` // what to do, or that it is as it should be
	Passed  bool   `json:"passed"`
	Needed  bool   `json:"needed"` // without it nothing may be written
}

// Report is what was found out.
type Report struct {
	Checks []Check `json:"checks"`
}

// Writable reports whether the store may be written to.
func (r Report) Writable() bool { return r.Why() == "" }

// Why says why the store may not be written to; "" if it may.
func (r Report) Why() string {
	var why []string
	for _, c := range r.Checks {
		if c.Needed && !c.Passed {
			why = append(why, c.Tried+": "+c.Found)
		}
	}
	return strings.Join(why, "; ")
}

// lateEffects is how long after it was cut off an upload may still appear.
const lateEffects = time.Second

// cleanTimeout is for removing what a probe made, also when it was cut short.
const cleanTimeout = 30 * time.Second

// Probe tries s. The error is of a store that could not be asked.
func Probe(ctx context.Context, s store.Store, o Options) (r Report, err error) {
	var name [16]byte
	if _, err := io.ReadFull(o.Rand, name[:]); err != nil {
		return Report{}, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &prober{s: s, o: o, prefix: Prefix + hex.EncodeToString(name[:]) + "/"}
	defer func() {
		left := p.clean(ctx)
		if errors.Is(left, store.ErrDenied) && !r.Writable() {
			left = nil // that is among what was found
		}
		err = errors.Join(err, left)
	}()
	for _, c := range p.checks() {
		if o.Quick && !c.quick {
			continue
		}
		done, err := c.do(ctx)
		if err != nil {
			return r, fmt.Errorf("%s: %w", c.Tried, err)
		}
		r.Checks = append(r.Checks, done)
		if p.readOnly {
			break
		}
	}
	return r, nil
}

// prober is a probe under way.
type prober struct {
	s        store.Store
	o        Options
	prefix   string // of all its keys
	cut      bool   // uploads were cut off
	readOnly bool   // nothing could be written: there is nothing to remove, and no more to find out

	mu    sync.Mutex
	dates []time.Time // of the answers that a writer builds on; guarded by mu
}

// check is a Check to be done: run says what was found, or what was broken.
type check struct {
	Check
	quick bool
	run   func(ctx context.Context) (found string, err error)
}

const (
	fine      = "as it should be"
	noWrites  = "nothing can be written safely: the store is opened for reading only"
	notAtomic = "two gateways could both believe that they wrote: the store is opened for reading only"
	notStrong = "what was acknowledged could be missed: the store is opened for reading only"
	notRead   = "files cannot be read back: the store is opened for reading only"
	noDate    = "a gateway that slept could mistake an old name for a free one: the store is opened for reading only"
	skewed    = "set the clocks: beyond 15 minutes S3 refuses signatures"
)

func (p *prober) checks() []check {
	return []check{
		{Check{Tried: "create a name twice", Follows: notAtomic, Needed: true}, true, p.createTwice},
		{Check{Tried: "create a name many times at once", Follows: notAtomic, Needed: true}, true, p.createAtOnce},
		{Check{Tried: "read what was missing before", Follows: notStrong, Needed: true}, false, p.readAfterMiss},
		{Check{Tried: "list what was just written and deleted", Follows: notStrong, Needed: true}, true, p.listAfterWrite},
		{Check{Tried: "list in order, from any name on", Follows: notStrong, Needed: true}, false, p.listOrder},
		{Check{Tried: "read ranges", Follows: notRead, Needed: true}, false, p.readRanges},
		{Check{Tried: "abandon an upload", Follows: notAtomic, Needed: true}, false, p.abandon},
		{Check{Tried: "look for the store's clock", Follows: noDate, Needed: true}, true, p.date},
		{Check{Tried: "compare the clocks", Follows: skewed}, true, p.skew},
	}
}

// do does the check. What the store refuses or breaks is a finding.
func (c check) do(ctx context.Context) (Check, error) {
	found, err := c.run(ctx)
	var b broken
	switch {
	case err == nil:
		c.Found, c.Follows, c.Passed = found, fine, true
	case errors.As(err, &b):
		c.Found = string(b)
	case errors.Is(err, store.ErrDenied) || store.Refused(err):
		c.Found, c.Follows = err.Error(), noWrites
	default:
		return Check{}, err
	}
	return c.Check, nil
}

// broken is a promise that the store did not keep.
type broken string

func (b broken) Error() string { return string(b) }

func brokenf(format string, args ...any) error { return broken(fmt.Sprintf(format, args...)) }

// clean removes what lies under the prefix.
func (p *prober) clean(ctx context.Context) error {
	if p.readOnly {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	if p.cut {
		time.Sleep(lateEffects)
	}
	keys, err := p.list(ctx, p.prefix, "")
	if err != nil {
		return fmt.Errorf("clean up: %w", err)
	}
	return p.delete(ctx, keys)
}
