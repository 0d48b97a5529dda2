package dirstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"aetherfs/internal/store"
	"aetherfs/internal/store/crashdisk"
	"aetherfs/internal/store/dirstore"
)

// ledger is what writers were promised and readers were shown. Each key is put
// once, so that neither may change.
type ledger struct {
	mu   sync.Mutex
	seen map[string][]byte // guarded by mu
}

func (l *ledger) note(key string, data []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[key] = data
}

// content is what is put under a key.
func content(key string) []byte { return bytes.Repeat([]byte(key), 40) }

// write puts keys of its own, in folders shared with other writers, until the
// disk ends. Half of the keys are raced for by two writers.
func (l *ledger) write(s store.Store, writer int) {
	for n := 0; ; n++ {
		who := writer
		if n%2 == 0 {
			who = writer / 2
		}
		key := fmt.Sprintf("d%d/e%d/%d-%d", n%5, n%2, who, n)
		_, err := s.Put(context.Background(), key, content(key), store.Cond{IfAbsent: true})
		if err != nil && !errors.Is(err, store.ErrExists) {
			return
		}
		l.note(key, content(key))
	}
}

// read notes whatever a list and the gets of what is in it show, until the disk
// ends.
func (l *ledger) read(s store.Store) {
	ctx := context.Background()
	for {
		for info, err := range s.List(ctx, "", "") {
			if err != nil {
				return
			}
			l.note(info.Key, content(info.Key))
			data, _, err := s.Get(ctx, info.Key, store.Range{})
			if err != nil {
				return
			}
			l.note(info.Key, data)
		}
	}
}

// TestCrashBesideOthers: what any of several writers was promised and any
// reader was shown survives, though syncs are shared.
func TestCrashBesideOthers(t *testing.T) {
	for seed := range uint64(150) {
		d := crashdisk.New(crashdisk.Options{Seed: seed})
		s, err := d.Open(dirstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		d.CutAt(1 + rand.New(rand.NewPCG(seed, 2)).IntN(600))
		l := &ledger{seen: map[string][]byte{}}
		var wg sync.WaitGroup
		for writer := range 4 {
			wg.Go(func() { l.write(s, writer) })
		}
		wg.Go(func() { l.read(s) })
		wg.Wait()
		d.Crash()
		l.check(t, d, seed)
	}
}

func (l *ledger) check(t *testing.T, d *crashdisk.Disk, seed uint64) {
	s, err := d.Open(dirstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range l.seen {
		got, _, err := s.Get(context.Background(), key, store.Range{})
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("seed %d: %s holds %d bytes, %v, want the %d that were shown", seed, key, len(got), err, len(want))
		}
	}
	for info, err := range s.List(context.Background(), "", "") {
		if err != nil || info.Size != int64(len(content(info.Key))) {
			t.Fatalf("seed %d: List shows half an object: %+v, %v", seed, info, err)
		}
	}
}
