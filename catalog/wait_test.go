package catalog_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// TestWaitBehindCheckpoint: a writer that waits for a fold goes on when the
// state has jumped to a checkpoint.
func TestWaitBehindCheckpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, st := t.Context(), store.NewMemory()
		a, b := open(t, st), open(t, st)
		one := create(t, a, "set")
		batch := make([]manifest.Record, 5000)
		for i := range batch {
			batch[i] = &manifest.Delete{Tag: "v1", Name: fmt.Sprint(i)}
		}
		for range 40 {
			if _, err := one.Commit(ctx, nil, batch...); err != nil {
				t.Fatal(err)
			}
		}
		other := dataset(t, b, "set")
		begun := time.Now()
		done := make(chan error)
		go func() { done <- put(ctx, other, "x") }()
		synctest.Wait() // until it waits
		for _, err := range []error{
			one.Fold(ctx, nil), put(ctx, one, "y"), one.Fold(ctx, nil), one.Retire(ctx, 0), other.Sync(ctx), <-done,
		} {
			if err != nil {
				t.Error(err)
			}
		}
		if d := time.Since(begun); d > 10*time.Second || !holds(t, other, "x") || !holds(t, other, "y") {
			t.Errorf("written after %v, %d files", d, other.State().Files())
		}
	})
}
