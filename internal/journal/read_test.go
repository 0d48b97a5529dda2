package journal_test

import (
	"errors"
	"testing"
	"time"

	"aetherfs/internal/journal"
	"aetherfs/internal/store"
)

// TestRead: a slot is told by what it holds.
func TestRead(t *testing.T) {
	ctx, st := t.Context(), store.NewMemory()
	writeAhead(t, st, 4)
	if _, err := journal.Retire(ctx, st, journal.RetireOptions{Prefix: "hub/log/", UpTo: 2, Base: 2, Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	overwrite(t, st, 4, []byte("no segment"))
	for n, want := range map[uint64]error{2: journal.ErrRetired, 3: nil, 4: journal.ErrFormat, 5: journal.ErrRetired} {
		s, err := journal.Read(ctx, st, "hub/log/", [16]byte{}, n)
		if !errors.Is(err, want) || err == nil && s.N != n {
			t.Errorf("Read of slot %d = %+v, %v, want %v", n, s, err, want)
		}
	}
	for _, c := range []struct {
		key    string
		newest uint64
		want   error
	}{
		{journal.SlotKey("hub/log/", 2), 2, nil},
		{journal.SlotKey("hub/log/", 2), 1, journal.ErrFormat},
		{journal.SlotKey("hub/log/", 3), 2, nil},
		{journal.SlotKey("hub/log/", 4), 2, journal.ErrFormat},
		{journal.SlotKey("hub/log/", 5), 2, store.ErrNotFound},
		{"hub/log/3", 2, journal.ErrFormat},
	} {
		if n, err := journal.CheckSlot(ctx, st, "hub/log/", [16]byte{}, c.key, c.newest); !errors.Is(err, c.want) {
			t.Errorf("CheckSlot of %s, newest %d = %d, %v, want %v", c.key, c.newest, n, err, c.want)
		}
	}
	if _, err := journal.CheckSlot(ctx, st, "hub/log/", [16]byte{1}, journal.SlotKey("hub/log/", 3), 2); !errors.Is(err, journal.ErrFormat) {
		t.Errorf("CheckSlot of another log's segment = %v, want ErrFormat", err)
	}
}
