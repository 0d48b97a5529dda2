package dirstore_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"aetherfs/internal/store"
	"aetherfs/internal/store/crashdisk"
	"aetherfs/internal/store/dirstore"
)

// failing is a disk whose calls of one kind fail from the k-th on, if k is set.
type failing struct {
	op  crashdisk.Op
	err error
	k   int
}

func (f *failing) fail(c crashdisk.Call) error {
	if c.Op != f.op || f.k == 0 {
		return nil
	}
	if f.k--; f.k > 0 {
		return nil
	}
	f.k = 1
	return f.err
}

func onDisk(t *testing.T, f *failing) (*crashdisk.Disk, *dirstore.Store) {
	t.Helper()
	d := crashdisk.New(crashdisk.Options{Fail: f.fail})
	s, err := d.Open(dirstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d, s
}

// TestPoison: after a sync failed nothing is written, even if the disk works
// again; what is durable is read; what may not be is not shown.
func TestPoison(t *testing.T) {
	ctx := context.Background()
	for _, op := range []crashdisk.Op{crashdisk.OpSync, crashdisk.OpSyncDir} {
		f := &failing{op: op, err: syscall.EIO}
		d, s := onDisk(t, f)
		if _, err := s.Put(ctx, "a/before", []byte("x"), store.Cond{}); err != nil {
			t.Fatal(err)
		}
		f.k = 1
		_, err := s.Put(ctx, "a/at", []byte("x"), store.Cond{IfAbsent: true})
		if !errors.Is(err, syscall.EIO) && op == crashdisk.OpSync {
			t.Errorf("Put with a failing %s = %v, want its cause", op, err)
		}
		if unwritten := errors.Is(err, store.ErrPoisoned); unwritten != (op == crashdisk.OpSync) {
			t.Errorf("Put with a failing %s = %v; is it said not to be written? %t", op, err, unwritten)
		}
		f.k = 0
		if _, err := s.Put(ctx, "a/after", nil, store.Cond{}); !errors.Is(err, store.ErrPoisoned) {
			t.Errorf("Put after a failed %s = %v, want ErrPoisoned", op, err)
		}
		if err := s.Delete(ctx, "a/before"); !errors.Is(err, store.ErrPoisoned) {
			t.Errorf("Delete after a failed %s = %v, want ErrPoisoned", op, err)
		}
		if got, _, err := s.Get(ctx, "a/before", store.Range{}); err != nil || string(got) != "x" {
			t.Errorf("Get after a failed %s = %q, %v", op, got, err)
		}
		if _, _, err := s.Get(ctx, "a/at", store.Range{}); err == nil {
			t.Errorf("Get of what a failed %s left in doubt = nil, want an error", op)
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close after a failed %s = %v", op, err)
		}
		d.Crash()
		s, err = d.Open(dirstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(ctx, "a/after", nil, store.Cond{}); err != nil {
			t.Errorf("Put after opening again = %v", err)
		}
		if got, _, err := s.Get(ctx, "a/before", store.Range{}); err != nil || string(got) != "x" {
			t.Errorf("Get after opening again = %q, %v", got, err)
		}
	}
}

// TestNoSpace: a full disk refuses writes, keeps nothing of them, and takes
// them again when there is room. Reads go on.
func TestNoSpace(t *testing.T) {
	ctx := context.Background()
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		for _, op := range []crashdisk.Op{
			crashdisk.OpCreate, crashdisk.OpWrite, crashdisk.OpMkdir, crashdisk.OpLink, crashdisk.OpRename,
		} {
			f := &failing{op: op, err: &fs.PathError{Op: string(op), Path: "x", Err: full}}
			d, s := onDisk(t, f)
			if _, err := s.Put(ctx, "a", []byte("x"), store.Cond{}); err != nil {
				t.Fatal(err)
			}
			c := store.Cond{IfAbsent: op == crashdisk.OpLink}
			f.k = 1
			if _, err := s.Put(ctx, "new/b", []byte("x"), c); !errors.Is(err, store.ErrNoSpace) {
				t.Errorf("Put with %s: %v = %v, want ErrNoSpace", op, full, err)
			}
			if got, _, err := s.Get(ctx, "a", store.Range{}); err != nil || string(got) != "x" {
				t.Errorf("Get on a full disk = %q, %v", got, err)
			}
			f.k = 0
			if _, _, err := s.Get(ctx, "new/b", store.Range{}); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("Get of what was refused = %v, want ErrNotFound", err)
			}
			if _, err := s.Put(ctx, "new/b", []byte("y"), c); err != nil {
				t.Errorf("Put when there is room again = %v", err)
			}
			d.Kill()
		}
	}
}

// TestOtherErrors: any other error of the disk is the caller's to see, is none
// that says "not written" where it may have been, and poisons nothing.
func TestOtherErrors(t *testing.T) {
	ctx := context.Background()
	odd := errors.New("odd")
	for _, op := range []crashdisk.Op{
		crashdisk.OpCreate, crashdisk.OpWrite, crashdisk.OpStat, crashdisk.OpMkdir, crashdisk.OpLink,
	} {
		f := &failing{op: op, err: odd}
		_, s := onDisk(t, f)
		f.k = 1
		if _, err := s.Put(ctx, "a/b", nil, store.Cond{IfAbsent: true}); !errors.Is(err, odd) {
			t.Errorf("Put with a failing %s = %v, want its error", op, err)
		}
		f.k = 0
		if _, err := s.Put(ctx, "a/b", nil, store.Cond{IfAbsent: true}); err != nil {
			t.Errorf("Put after a failed %s = %v", op, err)
		}
	}
	for _, op := range []crashdisk.Op{crashdisk.OpOpen, crashdisk.OpStat, crashdisk.OpRead} {
		f := &failing{op: op, err: odd}
		_, s := onDisk(t, f)
		if _, err := s.Put(ctx, "a/b", []byte("x"), store.Cond{}); err != nil {
			t.Fatal(err)
		}
		f.k = 1
		if _, _, err := s.Get(ctx, "a/b", store.Range{}); !errors.Is(err, odd) {
			t.Errorf("Get with a failing %s = %v, want its error", op, err)
		}
	}
	f := &failing{op: crashdisk.OpReadDir, err: odd}
	_, s := onDisk(t, f)
	f.k = 1
	for _, err := range s.List(ctx, "", "") {
		if !errors.Is(err, odd) {
			t.Errorf("List with a failing readdir = %v, want its error", err)
		}
	}
	f = &failing{op: crashdisk.OpRemove, err: odd}
	_, s = onDisk(t, f)
	f.k = 1
	if err := s.Delete(ctx, "a"); !errors.Is(err, odd) {
		t.Errorf("Delete with a failing remove = %v, want its error", err)
	}
}

// TestOpenFails: a store that cannot recover does not open, and lets go of the
// disk.
func TestOpenFails(t *testing.T) {
	for _, op := range []crashdisk.Op{crashdisk.OpMkdir, crashdisk.OpReadDir, crashdisk.OpSettle} {
		f := &failing{op: op, err: fmt.Errorf("odd %s", op), k: 1}
		d := crashdisk.New(crashdisk.Options{Fail: f.fail})
		if _, err := d.Open(dirstore.Options{}); !errors.Is(err, f.err) {
			t.Errorf("Open with a failing %s = %v, want its error", op, err)
		}
		f.k = 0
		if _, err := d.Open(dirstore.Options{}); err != nil {
			t.Errorf("Open after a failed %s = %v", op, err)
		}
	}
}
