package dirstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"aetherfs/internal/store"
	"aetherfs/internal/store/crashdisk"
	"aetherfs/internal/store/dirstore"
)

// step is one change of a history.
type step struct {
	key    string
	data   []byte // of a Put
	cond   store.Cond
	delete bool
}

// crashKeys lie in folders that are made on the way, one below the other.
var crashKeys = []string{"top", "a/one", "a/two", "a/b/one", "a/b/c/one", "d/one", "d/two"}

// history returns changes, each with bytes of its own and of many sizes.
func history(rng *rand.Rand, n int) []step {
	steps := make([]step, n)
	for i := range steps {
		s := step{key: crashKeys[rng.IntN(len(crashKeys))]}
		switch rng.IntN(5) {
		case 0:
			s.delete = true
		case 1, 2:
			s.cond.IfAbsent = true
		}
		s.data = bytes.Repeat([]byte{byte(i + 1)}, []int{0, 1, 511, 1300, 4096}[rng.IntN(5)])
		steps[i] = s
	}
	return steps
}

// facts say what each key may hold: nil data is no object.
type facts map[string][][]byte

// do makes one change, and notes what it may have done. It reports whether the
// store still works.
func (f facts) do(s store.Store, c step) bool {
	ctx := context.Background()
	if f[c.key] == nil {
		f[c.key] = [][]byte{nil}
	}
	var err error
	after := append([]byte{}, c.data...)
	if c.delete {
		after, err = nil, s.Delete(ctx, c.key)
	} else {
		_, err = s.Put(ctx, c.key, c.data, c.cond)
	}
	switch {
	case err == nil:
		f[c.key] = [][]byte{after}
	case !errors.Is(err, store.ErrExists):
		f[c.key] = append(f[c.key], after)
		return false
	}
	return true
}

// check compares a store with the facts, and narrows them to what it saw:
// what was shown once must stay.
func (f facts) check(s store.Store) error {
	ctx := context.Background()
	listed := map[string]bool{}
	for info, err := range s.List(ctx, "", "") {
		if err != nil {
			return err
		}
		listed[info.Key] = true
		if f[info.Key] == nil {
			return fmt.Errorf("%s was never put", info.Key)
		}
	}
	for key, may := range f {
		got, _, err := s.Get(ctx, key, store.Range{})
		if errors.Is(err, store.ErrNotFound) {
			got, err = nil, nil
		} else if err == nil && got == nil {
			got = []byte{}
		}
		if err != nil {
			return err
		}
		same := func(want []byte) bool { return (got == nil) == (want == nil) && bytes.Equal(got, want) }
		if !slices.ContainsFunc(may, same) {
			return fmt.Errorf("%s holds %d bytes %.4x, present %t, which is none of its %d possible states", key, len(got), got, got != nil, len(may))
		}
		if listed[key] != (got != nil) {
			return fmt.Errorf("%s: listed %t, found %t", key, listed[key], got != nil)
		}
		f[key] = [][]byte{got}
	}
	return nil
}

// live makes a history's changes on a disk whose end comes at a call; kill says
// that the process ends there, and the power only later. It returns an error if
// a promise was broken, and whether the end came before the history's.
func live(o crashdisk.Options, steps []step, at int, kill bool) (cut bool, err error) {
	d := crashdisk.New(o)
	d.CutAt(at)
	known := facts{}
	s, err := d.Open(dirstore.Options{})
	if err == nil {
		for _, c := range steps {
			if !known.do(s, c) {
				break
			}
		}
	}
	cut = d.IsCut()
	if kill {
		d.Kill()
		if err := reopen(d, known); err != nil {
			return cut, fmt.Errorf("after a kill: %w", err)
		}
	}
	for range 2 {
		d.Crash()
		if err := reopen(d, known); err != nil {
			return cut, fmt.Errorf("after a crash: %w", err)
		}
	}
	return cut, nil
}

func reopen(d *crashdisk.Disk, known facts) error {
	s, err := d.Open(dirstore.Options{})
	if err != nil {
		return err
	}
	return known.check(s)
}

// everyCall ends a history at every disk call, both ways.
func everyCall(o crashdisk.Options) error {
	steps := history(rand.New(rand.NewPCG(o.Seed, 1)), 12)
	for at := 1; ; at++ {
		for _, kill := range []bool{false, true} {
			cut, err := live(o, steps, at, kill)
			if err != nil {
				return fmt.Errorf("seed %d, call %d, kill %t: %w", o.Seed, at, kill, err)
			}
			if !cut {
				return nil
			}
		}
	}
}

// TestCrashAtEveryCall: what was acknowledged is there after any end, nothing
// half is, and nothing that was shown goes.
func TestCrashAtEveryCall(t *testing.T) {
	for seed := range uint64(40) {
		if err := everyCall(crashdisk.Options{Seed: seed}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCrashNeedsEverySync: leave out any kind of sync, and the test above
// fails; else it would show nothing.
func TestCrashNeedsEverySync(t *testing.T) {
	for name, ignore := range map[string]func(crashdisk.Call) bool{
		"file":          func(c crashdisk.Call) bool { return c.Op == crashdisk.OpSync },
		"folder":        func(c crashdisk.Call) bool { return c.Op == crashdisk.OpSyncDir },
		"parent folder": func(c crashdisk.Call) bool { return c.Op == crashdisk.OpSyncDir && c.Name == "." },
		"settle":        func(c crashdisk.Call) bool { return c.Op == crashdisk.OpSettle },
	} {
		var err error
		for seed := uint64(0); err == nil && seed < 40; seed++ {
			err = everyCall(crashdisk.Options{Seed: seed, Ignore: ignore})
		}
		if err == nil {
			t.Errorf("without the %s's sync no crash lost anything", name)
		} else {
			t.Logf("without the %s's sync: %v", name, err)
		}
	}
}
