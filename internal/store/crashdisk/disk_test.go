package crashdisk_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"aetherfs/internal/store"
	"aetherfs/internal/store/crashdisk"
	"aetherfs/internal/store/dirstore"
	"aetherfs/internal/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, crashdisk.New(crashdisk.Options{})) })
}

func open(t *testing.T, d *crashdisk.Disk) *dirstore.Store {
	t.Helper()
	s, err := d.Open(dirstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fate is what becomes of a file of four sectors whose sync was left out.
func fate(t *testing.T, seed uint64, end func(*crashdisk.Disk)) string {
	t.Helper()
	d := crashdisk.New(crashdisk.Options{
		Seed:   seed,
		Ignore: func(c crashdisk.Call) bool { return c.Op == crashdisk.OpSync },
	})
	want := bytes.Repeat([]byte("x"), 2048)
	if _, err := open(t, d).Put(t.Context(), "k", want, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	end(d)
	got, _, err := open(t, d).Get(t.Context(), "k", store.Range{})
	switch n := bytes.Count(got, []byte("x")); {
	case err != nil:
		t.Fatal(err)
	case bytes.Equal(got, want):
		return "whole"
	case len(got) == 0:
		return "empty"
	case len(got) < len(want) && n == len(got):
		return "short"
	case n == 0:
		return "zeros"
	}
	return "torn"
}

// TestCrashTears: over seeds, a crash does all to an unsynced file that a disk
// may; a kill does nothing.
func TestCrashTears(t *testing.T) {
	count := map[string]int{}
	for seed := range uint64(200) {
		count[fate(t, seed, (*crashdisk.Disk).Crash)]++
	}
	for _, f := range []string{"whole", "empty", "short", "zeros", "torn"} {
		if count[f] == 0 {
			t.Errorf("of 200 crashes none left the file %s: %v", f, count)
		}
	}
	if f := fate(t, 1, (*crashdisk.Disk).Kill); f != "whole" {
		t.Errorf("a kill left the file %s", f)
	}
}

// TestSeedDecides: a seed makes the same disk again.
func TestSeedDecides(t *testing.T) {
	fates := func() (all []string) {
		for seed := range uint64(50) {
			all = append(all, fate(t, seed, (*crashdisk.Disk).Crash))
		}
		return all
	}
	if a, b := fates(), fates(); !slices.Equal(a, b) {
		t.Errorf("fates %q, then %q", a, b)
	}
}

// TestEnds: who held the disk before its end is locked out, and another one can
// hold it then and not before.
func TestEnds(t *testing.T) {
	d := crashdisk.New(crashdisk.Options{})
	for name, end := range map[string]func(){"crash": d.Crash, "kill": d.Kill} {
		s := open(t, d)
		if _, err := d.Open(dirstore.Options{}); err == nil {
			t.Error("second Open = nil, want an error")
		}
		end()
		if _, err := s.Put(t.Context(), "k", nil, store.Cond{}); !errors.Is(err, crashdisk.ErrOff) {
			t.Errorf("Put after a %s = %v, want ErrOff", name, err)
		}
		if err := s.Close(); !errors.Is(err, crashdisk.ErrOff) {
			t.Errorf("Close after a %s = %v, want ErrOff", name, err)
		}
		s = open(t, d)
		d.CutAt(1)
		if _, _, err := s.Get(t.Context(), "k", store.Range{}); !errors.Is(err, crashdisk.ErrOff) || !d.IsCut() {
			t.Errorf("Get at the cut = %v, cut: %t", err, d.IsCut())
		}
		end()
		if err := open(t, d).Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	}
}
