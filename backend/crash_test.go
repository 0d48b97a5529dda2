package backend_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"aetherfs/backend"
	"aetherfs/internal/store/crashdisk"
	"aetherfs/internal/store/dirstore"
)

var (
	crashSeeds = flag.Uint64("crashes", 60, "how many seeds the crash test tries")
	crashSeed  = flag.Uint64("crash", 0, "the only seed that the crash test tries")
)

// ledger is what a client knows of a dataset that it alone writes.
type ledger struct {
	acked map[string][]byte // by key; nil: removed
	key   string            // of the write whose answer never came
	maybe []byte
}

// TestCrash: the disk ends at a random call and forgets what was not synced,
// again and again. Whatever was acknowledged is there, byte for byte; the write
// that was under way happened whole or not at all.
func TestCrash(t *testing.T) {
	first, last := uint64(1), *crashSeeds
	if *crashSeed != 0 {
		first, last = *crashSeed, *crashSeed
	}
	for seed := first; seed <= last; seed++ {
		if err := lives(t, crashdisk.Options{Seed: seed}); err != nil {
			t.Fatalf("%v\nagain: go test ./backend -run TestCrash -crash %d", err, seed)
		}
	}
}

// TestCrashNeedsSyncs: the same test fails on a disk that leaves out the syncs
// of files, or those of folders. If it did not, it would prove nothing.
func TestCrashNeedsSyncs(t *testing.T) {
	for _, op := range []crashdisk.Op{crashdisk.OpSync, crashdisk.OpSyncDir} {
		ignore := func(c crashdisk.Call) bool { return c.Op == op || c.Op == crashdisk.OpSettle }
		failed := false
		for seed := uint64(1); seed <= 60 && !failed; seed++ {
			failed = lives(t, crashdisk.Options{Seed: seed, Ignore: ignore}) != nil
		}
		if !failed {
			t.Errorf("60 seeds without %s lost nothing", op)
		}
	}
}

// lives runs a gateway on a simulated disk through several crashes.
func lives(t *testing.T, o crashdisk.Options) error {
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	disk := crashdisk.New(o)
	known := &ledger{acked: map[string][]byte{}}
	for life := range 4 {
		var err error
		synctest.Test(t, func(t *testing.T) { err = live(t, disk, known, rng, life < 3) })
		if err != nil {
			return fmt.Errorf("life %d: %w", life, err)
		}
		disk.Crash()
	}
	return nil
}

// live opens the disk, checks what is known, and writes until the disk ends.
func live(t *testing.T, disk *crashdisk.Disk, known *ledger, rng *rand.Rand, write bool) error {
	st, err := disk.Open(dirstore.Options{})
	if err != nil {
		return err
	}
	defer st.Close()
	h := &house{t: t, st: st}
	tree, err := h.start()
	if err != nil {
		return err
	}
	defer h.end()
	if err := known.check(t.Context(), tree); err != nil || !write {
		return err
	}
	disk.CutAt(1 + rng.IntN(250))
	for n := 0; !disk.IsCut(); n++ {
		known.write(t.Context(), tree, rng)
	}
	return nil
}

// end closes what a dead disk left behind.
func (h *house) end() {
	dead, cancel := context.WithCancel(context.Background())
	cancel()
	h.names.Close(dead)
	h.bytes.Close()
}

const crashSet = "crash"

// write makes one change and notes its answer.
func (l *ledger) write(ctx context.Context, tree backend.Tree, rng *rand.Rand) {
	key := fmt.Sprintf("v1/%d", rng.IntN(8))
	data := bytes.Repeat(fmt.Appendf(nil, "%d ", rng.Uint64()), 1+rng.IntN(3)*rng.IntN(20_000))
	if rng.IntN(5) == 0 {
		data = nil
	}
	err := change(ctx, tree, key, data)
	l.key, l.maybe = key, data
	if err == nil {
		l.acked[key], l.key = data, ""
	}
}

func change(ctx context.Context, tree backend.Tree, key string, data []byte) error {
	if err := tree.CreateDataset(ctx, crashSet); err != nil && !errors.Is(err, backend.ErrExists) {
		return err
	}
	p := pathOf(crashSet, key)
	tx, err := tree.Begin(ctx, crashSet)
	if err != nil {
		return err
	}
	defer tx.Close()
	if data == nil {
		err = tx.Remove(ctx, p, backend.Cond{})
	} else {
		err = tx.Put(ctx, p, bytes.NewReader(data), backend.PutOptions{})
	}
	if err != nil {
		return err
	}
	_, err = tx.Commit(ctx)
	return err
}

// check compares the tree with what is known, and settles what was not.
func (l *ledger) check(ctx context.Context, tree backend.Tree) error {
	for key, want := range l.acked {
		got, err := readFile(ctx, tree, pathOf(crashSet, key))
		if err == nil && key == l.key && bytes.Equal(got, l.maybe) && (got == nil) == (l.maybe == nil) {
			l.acked[key] = l.maybe
			continue
		}
		if err != nil || !bytes.Equal(got, want) || (got == nil) != (want == nil) {
			return fmt.Errorf("%s has %d bytes, %w; acknowledged were %d", key, len(got), err, len(want))
		}
	}
	if _, settled := l.acked[l.key]; l.key != "" && !settled {
		got, err := readFile(ctx, tree, pathOf(crashSet, l.key))
		if err != nil || got != nil && !bytes.Equal(got, l.maybe) {
			return fmt.Errorf("%s has %d bytes, %w; sent were %d", l.key, len(got), err, len(l.maybe))
		}
		l.acked[l.key] = got
	}
	l.key = ""
	return nil
}

// readFile returns what a key holds, nil for nothing.
func readFile(ctx context.Context, tree backend.Tree, p backend.Path) ([]byte, error) {
	f, err := tree.Open(ctx, p)
	if errors.Is(err, backend.ErrNotFound) || errors.Is(err, backend.ErrNoDataset) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	body := f.Stream(0, f.Info.Size)
	defer body.Close()
	b, err := io.ReadAll(body)
	return b, err
}
