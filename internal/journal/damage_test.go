package journal_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/internal/journal"
	"aetherfs/internal/store"
)

// hubSlot reads what slot n of the log holds.
func hubSlot(t *testing.T, st store.Store, n uint64) []byte {
	t.Helper()
	b, _, err := st.Get(t.Context(), journal.SlotKey("hub/log/", n), store.Range{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func overwrite(t *testing.T, st store.Store, n uint64, b []byte) {
	t.Helper()
	if _, err := st.Put(t.Context(), journal.SlotKey("hub/log/", n), b, store.Cond{}); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedSlot: a slot that holds anything but its segment breaks the log for
// opening, syncing and committing; a little after it has been put right the log
// works again; and where a checkpoint covers it, it does not matter.
func TestDamagedSlot(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, st store.Store, b []byte) []byte{
		"a bit flipped": func(_ *testing.T, _ store.Store, b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"cut":           func(_ *testing.T, _ store.Store, b []byte) []byte { return b[:len(b)-1] },
		"empty":         func(*testing.T, store.Store, []byte) []byte { return nil },
		"the segment before": func(t *testing.T, st store.Store, _ []byte) []byte {
			return hubSlot(t, st, 2)
		},
		"one of another log": func(t *testing.T, _ store.Store, b []byte) []byte {
			s, err := journal.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			s.Owner[0]++
			return s.Encode()
		},
		"one that follows another": func(t *testing.T, _ store.Store, b []byte) []byte {
			s, err := journal.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			s.Prev[0]++
			return s.Encode()
		},
		"a fence": func(t *testing.T, _ store.Store, b []byte) []byte {
			s, err := journal.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			return journal.Fence{N: s.N, Sum: s.Sum, Base: s.N}.Encode()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { damageSlot(t, spoil) })
		})
	}
}

func damageSlot(t *testing.T, spoil func(t *testing.T, st store.Store, b []byte) []byte) {
	ctx, st := t.Context(), store.NewMemory()
	sound := func() error { return nil }
	var folders []*folder
	for i := range byte(2) {
		f, err := openFolder(ctx, st, i+1, bytesOf(int64(i)), sound)
		if err != nil {
			t.Fatal(err)
		}
		defer f.log.Close(ctx)
		folders = append(folders, f)
	}
	writeAhead(t, st, 3)
	whole := hubSlot(t, st, 3)
	overwrite(t, st, 3, spoil(t, st, hubSlot(t, st, 3)))

	commit := func(f *folder) error {
		_, err := f.log.Commit(ctx, journal.Tx{Payload: []byte("x"), Records: 1})
		return err
	}
	if _, err := openFolder(ctx, st, 9, bytesOf(9), sound); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("open = %v, want ErrBroken", err)
	}
	if err := folders[0].log.Sync(ctx); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("sync = %v, want ErrBroken", err)
	}
	if err := commit(folders[1]); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("commit = %v, want ErrBroken", err)
	}

	overwrite(t, st, 3, whole)
	if err := folders[0].log.Sync(ctx); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("sync right after = %v, want ErrBroken still", err)
	}
	time.Sleep(5 * time.Second)
	if err := folders[0].log.Sync(ctx); err != nil {
		t.Errorf("sync of the log put right = %v", err)
	}

	folders[0].fold(ctx) // at 3
	overwrite(t, st, 3, spoil(t, st, hubSlot(t, st, 3)))
	if err := commit(folders[1]); err != nil {
		t.Errorf("commit behind a checkpoint that covers the damage = %v", err)
	}
	late, err := openFolder(ctx, st, 9, bytesOf(9), sound)
	if err != nil {
		t.Fatalf("open behind a checkpoint that covers the damage = %v", err)
	}
	late.log.Close(ctx)
	if got := len(late.now().History); got != 4 {
		t.Errorf("%d transactions, want 4", got)
	}
}

// TestLostSlot: a slot that is gone is damage, unless a checkpoint covers it.
func TestLostSlot(t *testing.T) {
	ctx, st := t.Context(), store.NewMemory()
	sound := func() error { return nil }
	f, err := openFolder(ctx, st, 1, bytesOf(1), sound)
	if err != nil {
		t.Fatal(err)
	}
	defer f.log.Close(ctx)
	writeAhead(t, st, 3)
	if err := f.log.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	if err := st.Delete(ctx, journal.SlotKey("hub/log/", 2)); err != nil {
		t.Fatal(err)
	}
	if _, err := openFolder(ctx, st, 2, bytesOf(2), sound); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("open = %v, want ErrBroken", err)
	}
	f.fold(ctx)
	late, err := openFolder(ctx, st, 2, bytesOf(2), sound)
	if err != nil {
		t.Fatalf("open behind a checkpoint = %v", err)
	}
	late.log.Close(ctx)
}

// partial is a store that lists one slot too few.
type partial struct {
	store.Store
	missing string
}

func (p partial) List(ctx context.Context, prefix, after string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		for info, err := range p.Store.List(ctx, prefix, after) {
			if (err != nil || info.Key != p.missing) && !yield(info, err) {
				return
			}
		}
	}
}

// TestUnlistedSlot: a slot that is missing in a list and not in the store is no
// damage: a folder that is read while it grows may show what came later alone.
func TestUnlistedSlot(t *testing.T) {
	ctx, st := t.Context(), store.NewMemory()
	writeAhead(t, st, 5)
	r, err := open(ctx, partial{st, journal.SlotKey("hub/log/", 3)}, 1, bytesOf(1))
	if err != nil {
		t.Fatal(err)
	}
	defer r.log.Close(ctx)
	if n, _ := r.log.At(); n != 5 {
		t.Errorf("opened at slot %d, want 5", n)
	}
}

// TestDamagedAnswer: one damaged answer is no damage.
func TestDamagedAnswer(t *testing.T) {
	ctx, truth := t.Context(), store.NewMemory()
	r, err := open(ctx, store.Faulty(truth, store.FaultAt(store.OpGet, 1, store.Fault{Kind: store.FaultFlip, Bit: 99})), 1, bytesOf(1))
	if err != nil {
		t.Fatal(err)
	}
	defer r.log.Close(ctx)
	writeAhead(t, truth, 1)
	if _, err := r.log.Commit(ctx, journal.Tx{Payload: []byte("x"), Records: 1}); err != nil {
		t.Errorf("commit = %v", err)
	}
}

// TestFlaws: what an owner cannot take now it is asked to take again, and a
// commit that is in the log then is not sent a second time.
func TestFlaws(t *testing.T) {
	for name, c := range map[string]struct {
		flaw  error
		times int
		want  error
	}{
		"once":           {errors.New("a node cannot be read"), 1, nil},
		"for long":       {errors.New("a node cannot be read"), 1000, journal.ErrUnknown},
		"format, once":   {journal.ErrFormat, 1, journal.ErrUnknown},
		"reload in vain": {journal.ErrReload, 3, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, st := t.Context(), store.NewMemory()
				left := 0
				f, err := openFolder(ctx, st, 1, bytesOf(1), func() error {
					if left == 0 {
						return nil
					}
					left--
					return c.flaw
				})
				if err != nil {
					t.Fatal(err)
				}
				defer f.log.Close(ctx)
				left = c.times
				if _, err := f.log.Commit(ctx, journal.Tx{Payload: []byte("first"), Records: 1}); !errors.Is(err, c.want) {
					t.Errorf("commit = %v, want %v", err, c.want)
				}
				left = 0
				time.Sleep(5 * time.Second)
				v, err := f.log.Commit(ctx, journal.Tx{Payload: []byte("second"), Records: 1})
				if err != nil || v.(int) != 1 {
					t.Errorf("commit behind it = %v, %v, want place 1", v, err)
				}
			})
		})
	}
}

// TestNeverReloaded: an owner whose checkpoint cannot be read now is asked again.
func TestNeverReloaded(t *testing.T) {
	ctx, st := t.Context(), store.NewMemory()
	f := &folder{st: st, flaw: func() error { return nil }}
	down := errors.New("down")
	o := journal.Options{Prefix: "hub/log/", Rand: bytesOf(1), Now: time.Now, Apply: f.apply, Epoch: func() uint64 { return 0 },
		Reload: func(ctx context.Context) (journal.At, error) { return journal.At{}, down }}
	if _, err := journal.Open(ctx, st, o); !errors.Is(err, down) {
		t.Errorf("open = %v, want what Reload said", err)
	}
}
