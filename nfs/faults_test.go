package nfs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	gonfs "github.com/willscott/go-nfs"

	"aetherfs/backend"
)

// faulty is a tree that fails for some time.
type faulty struct {
	flat
	failing atomic.Pointer[error]
}

func (f *faulty) Node(ctx context.Context, name string) (backend.Node, error) {
	if err := f.failing.Load(); err != nil {
		return backend.Node{}, *err
	}
	return f.flat.Node(ctx, name)
}

func (f *faulty) fail(err error) { f.failing.Store(&err) }

// An outage never looks like a deletion: the call is answered when the store
// is back, and not at all when it does not come back in time.
func TestStoreThatIsAway(t *testing.T) {
	for _, away := range []error{
		fmt.Errorf("list: %w", backend.ErrUnavailable), backend.ErrChanged, errors.New("nobody foresaw this"), context.DeadlineExceeded,
	} {
		synctest.Test(t, func(t *testing.T) {
			tree := &faulty{flat: flat{n: 10}}
			s := serve(t, tree)
			defer s.stop()
			c := s.dial()
			dir := c.mount("/" + dataset + "/v1")
			tree.fail(away)
			time.AfterFunc(2*time.Second, func() { tree.failing.Store(nil) })
			if status, _, _ := c.lookup(dir, "file-00000001"); status != gonfs.NFSStatusOk {
				t.Errorf("%v for two seconds: %v", away, status)
			}
			tree.fail(away)
			began := time.Now()
			_, err := c.try(nfsProgram, uint32(gonfs.NFSProcedureLookup), opaque(dir), opaque("file-00000001"))
			if took := time.Since(began); !errors.Is(err, io.EOF) || took > time.Minute {
				t.Errorf("%v: %v after %v, want the end of the connection within a minute", away, err, took)
			}
			tree.failing.Store(nil)
			if status, _, _ := s.dial().lookup(dir, "file-00000001"); status != gonfs.NFSStatusOk {
				t.Errorf("%v, and back again: %v", away, status)
			}
		})
	}
}

// panicking is a tree with a bug.
type panicking struct{ flat }

func (panicking) Node(context.Context, string) (backend.Node, error) { panic("a bug") }

func (panicking) Datasets(context.Context) iter.Seq2[backend.DatasetInfo, error] { panic("a bug") }

func TestPanicEndsTheConnectionAlone(t *testing.T) {
	s := serve(t, panicking{flat{n: 1}})
	other := s.dial()
	for range 3 {
		if _, err := s.dial().try(mountProgram, uint32(gonfs.MountProcMount), opaque("/")); !errors.Is(err, io.EOF) {
			t.Errorf("a call that panics ends with %v", err)
		}
	}
	if _, err := other.try(mountProgram, uint32(gonfs.MountProcExport)); err == nil {
		t.Error("a list of exports that panics is answered")
	}
	if _, err := other.try(nfsProgram, uint32(gonfs.NFSProcedureNull)); err != nil {
		t.Errorf("another connection: %v", err)
	}
}

// The end of the server ends what it is at.
func TestStopWhileTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tree := &faulty{flat: flat{n: 10}}
		tree.fail(backend.ErrUnavailable)
		s := serve(t, tree)
		c := s.dial()
		done := make(chan error)
		go func() {
			_, err := c.try(mountProgram, uint32(gonfs.MountProcMount), opaque("/"))
			done <- err
		}()
		synctest.Wait()
		began := time.Now()
		s.stop()
		if took := time.Since(began); took > 0 {
			t.Errorf("stopping took %v", took)
		}
		if err := <-done; err == nil {
			t.Error("the call was answered")
		}
	})
}
