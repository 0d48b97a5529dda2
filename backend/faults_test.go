package backend_test

import (
	"bytes"
	"crypto/md5"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"aetherfs/backend"
	"aetherfs/internal/kv"
	"aetherfs/internal/store"
)

var faultAt = flag.Int("faultat", 0, "the only request of the store at which the fault test begins to fail")

// TestFaults runs a fixed scenario once for each request that it makes of the
// store, and fails that request, or it and all after it, in each of the ways
// that a store can fail. Every answer is right or an error of the closed list,
// and on the healthy store, opened again, what was acknowledged is there whole.
func TestFaults(t *testing.T) {
	requests := fault(t, nil)
	first, last := 1, requests
	if *faultAt != 0 {
		first, last = *faultAt, *faultAt
	}
	for at := first; at <= last; at++ {
		for _, f := range failures {
			plan := func(c store.Call) store.Fault {
				switch {
				case c.N == at:
					return f.first
				case c.N > at && (c.Op == store.OpPut || f.then.Err == nil):
					return f.then
				}
				return store.Fault{}
			}
			if fault(t, plan); t.Failed() {
				t.Fatalf("%s; again: go test ./backend -run TestFaults -faultat %d", f.name, at)
			}
		}
	}
	t.Logf("%d requests, each failed in %d ways", requests, len(failures))
}

// failures are what happens to one request and to all after it; a full store
// refuses writes alone.
var failures = []struct {
	name        string
	first, then store.Fault
}{
	{"before, once", before, store.Fault{}},
	{"before, for ever", before, before},
	{"after, once", after, store.Fault{}},
	{"after, for ever", after, after},
	{"late, once", late, store.Fault{}},
	{"late, for ever", late, late},
	{"full", store.Fault{}, full},
	{"before, then full", before, full},
	{"late, then full", late, full},
}

var (
	before = store.Fault{Kind: store.FaultBefore}
	after  = store.Fault{Kind: store.FaultAfter}
	late   = store.Fault{Kind: store.FaultLate, Calls: 5}
	full   = store.Fault{Kind: store.FaultBefore, Err: store.ErrNoSpace}
)

// fault runs the scenario on a store with faults and judges what is left; with
// no plan everything has to succeed. It returns the number of requests made.
func fault(t *testing.T, plan store.Plan) (requests int) {
	synctest.Test(t, func(t *testing.T) {
		cache := kv.Memory()
		defer cache.Close()
		truth := store.NewMemory()
		s := &scenario{t: t, files: map[string]possible{}, strict: plan == nil}
		if plan == nil {
			plan = store.NoFaults
		}
		faulty := store.Faulty(truth, plan)
		h := &house{t: t, st: faulty, cache: cache}
		if tree, err := h.start(); err == nil {
			s.tree = tree
			s.run()
			h.close()
		} else if !errors.Is(err, store.ErrInjected) && !errors.Is(err, store.ErrNoSpace) {
			t.Errorf("open: %v", err)
		}
		for _, op := range store.Ops() {
			requests += faulty.Calls(op)
		}
		faulty.Settle()
		healthy := &house{t: t, st: truth, cache: cache}
		s.tree = healthy.open()
		defer healthy.close()
		s.judge()
	})
	return requests
}

// scenario is what one client does and what it knows from the answers.
type scenario struct {
	t     *testing.T
	tree  backend.Tree
	files map[string]possible // by dataset and key

	strict bool // no error is right
}

// possible is what a key may hold; nil: nothing.
type possible [][]byte

// may notes that a change of key to data was answered with err.
func (s *scenario) may(dataset, key string, data []byte, err error) {
	at := dataset + " " + key
	if err == nil {
		s.files[at] = possible{data}
		return
	}
	if s.files[at] == nil {
		s.files[at] = possible{nil}
	}
	if unknown(err) {
		s.files[at] = append(s.files[at], data)
	}
}

// errNotSent: the change failed before its commit, so it did not happen.
var errNotSent = errors.New("not sent")

func unknown(err error) bool {
	return errors.Is(err, backend.ErrUnavailable) && !errors.Is(err, errNotSent)
}

// clean checks that an error is one that callers can decide by, and that fits a
// store that fails.
func (s *scenario) clean(what string, err error) {
	s.t.Helper()
	if err == nil {
		return
	}
	if s.strict {
		s.t.Errorf("%s: %v", what, err)
	}
	if !slices.ContainsFunc(backend.Errors(), func(known error) bool { return errors.Is(err, known) }) {
		s.t.Errorf("%s: %v is not on the list", what, err)
	}
	if errors.Is(err, backend.ErrUnavailable) && errors.Is(err, backend.ErrNoSpace) {
		s.t.Errorf("%s: %v says two things", what, err)
	}
	for _, wrong := range []error{backend.ErrCorrupt, backend.ErrTooLarge, backend.ErrInvalidPart, backend.ErrBadDigest, backend.ErrChanged} {
		if errors.Is(err, wrong) {
			s.t.Errorf("%s: %v", what, err)
		}
	}
}

// random is n bytes that no other seed shares.
func random(seed uint64, n int) []byte {
	rng := rand.New(rand.NewPCG(seed, 9))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

var (
	small   = []byte("a small file")
	smaller = []byte("another")
	large   = random(1, 300<<10)
	larger  = append(random(2, 40<<10), large...)
	film    = append(random(3, 150<<10), large[:200<<10]...)
)

// run makes every kind of change, one after the other. It reads what it wrote.
func (s *scenario) run() {
	ctx := s.t.Context()
	for _, name := range []string{"one", "two"} {
		s.clean("create "+name, s.tree.CreateDataset(ctx, name))
	}
	s.put("one", "v1/small", small)
	s.put("one", "v1/large", large)
	s.put("one", "v1/small", smaller)
	s.put("one", "v1/large", larger)
	s.put("two", "gone", small)
	s.copy("one", "v2/near", "one", "v1/large", larger)
	s.copy("two", "far", "one", "v1/small", smaller)
	s.rename("v1/small", "v1/renamed", smaller)
	s.upload("two", "film", film)
	s.remove("one", "v1/large")
	for _, key := range []string{"gone", "far", "film"} {
		s.remove("two", key)
	}
	s.drop("two")
	s.check(false)
}

// judge checks that everything is as the answers said, and that the tree can be
// used.
func (s *scenario) judge() {
	s.strict = true
	s.check(true)
	for i := range 2 {
		if err := s.tree.CreateDataset(s.t.Context(), "one"); err != nil && !errors.Is(err, backend.ErrExists) {
			s.t.Errorf("create at the end: %v", err)
		}
		s.put("one", "v1/small", random(uint64(5+i), 200<<10))
	}
	s.check(true)
}

func (s *scenario) commit(dataset string, fill func(tx backend.Tx) error) error {
	tx, err := s.tree.Begin(s.t.Context(), dataset)
	if err != nil {
		return errors.Join(errNotSent, err)
	}
	defer tx.Close()
	if err := fill(tx); err != nil {
		return errors.Join(errNotSent, err)
	}
	_, err = tx.Commit(s.t.Context())
	return err
}

func etagOf(b []byte) string { return fmt.Sprintf("%x", md5.Sum(b)) }

func pathOf(dataset, key string) backend.Path {
	p, err := backend.ParsePath(dataset, key)
	if err != nil {
		panic(err)
	}
	return p
}

func (s *scenario) put(dataset, key string, data []byte) {
	err := s.commit(dataset, func(tx backend.Tx) error {
		return tx.Put(s.t.Context(), pathOf(dataset, key), bytes.NewReader(data), backend.PutOptions{})
	})
	s.clean("put "+key, err)
	s.may(dataset, key, data, err)
}

func (s *scenario) copy(dataset, key, fromDataset, from string, data []byte) {
	err := s.commit(dataset, func(tx backend.Tx) error {
		return tx.Copy(s.t.Context(), pathOf(dataset, key), pathOf(fromDataset, from), backend.CopyOptions{
			Source: backend.ReadCond{IfMatch: []string{etagOf(data)}},
		})
	})
	s.clean("copy to "+key, err)
	s.may(dataset, key, data, err)
}

func (s *scenario) rename(from, to string, data []byte) {
	err := s.commit("one", func(tx backend.Tx) error {
		return errors.Join(
			tx.Copy(s.t.Context(), pathOf("one", to), pathOf("one", from), backend.CopyOptions{Source: backend.ReadCond{IfMatch: []string{etagOf(data)}}}),
			tx.Remove(s.t.Context(), pathOf("one", from), backend.Cond{}))
	})
	s.clean("rename "+from, err)
	s.may("one", to, data, err)
	s.may("one", from, nil, err)
}

func (s *scenario) remove(dataset, key string) {
	err := s.commit(dataset, func(tx backend.Tx) error { return tx.Remove(s.t.Context(), pathOf(dataset, key), backend.Cond{}) })
	s.clean("remove "+key, err)
	s.may(dataset, key, nil, err)
}

// drop removes a dataset. If that may have happened, nothing is in it.
func (s *scenario) drop(dataset string) {
	err := s.tree.RemoveDataset(s.t.Context(), dataset)
	s.clean("remove "+dataset, err)
	if err == nil {
		if err := s.tree.RemoveDataset(s.t.Context(), dataset); !errors.Is(err, backend.ErrNoDataset) {
			s.clean("remove again", err)
		}
	}
}

// upload completes an upload in parts; a Complete of unknown outcome is sent
// again, as clients do.
func (s *scenario) upload(dataset, key string, data []byte) {
	ctx, p := s.t.Context(), pathOf(dataset, key)
	id, err := s.tree.CreateUpload(ctx, p, backend.UploadOptions{})
	if err != nil {
		s.clean("create upload", err)
		return
	}
	part, err := s.tree.PutPart(ctx, p, id, 1, bytes.NewReader(data), backend.PutOptions{})
	if err != nil {
		s.clean("put part", err)
		s.clean("abort", s.tree.Abort(ctx, p, id))
		return
	}
	list := []backend.CompletePart{{Number: 1, ETag: part.ETag}}
	_, err = s.tree.Complete(ctx, p, id, list, backend.CompleteOptions{})
	s.clean("complete", err)
	if err != nil && unknown(err) {
		_, err = s.tree.Complete(ctx, p, id, list, backend.CompleteOptions{})
		s.clean("complete again", err)
		s.may(dataset, key, data, backend.ErrUnavailable) // the first may have
	}
	s.may(dataset, key, data, err)
}

// check reads every key that was ever written and lists every dataset. Once
// settled, what is there stays.
func (s *scenario) check(settled bool) {
	for where, want := range s.files {
		dataset, key, _ := strings.Cut(where, " ")
		got, err := readFile(s.t.Context(), s.tree, pathOf(dataset, key))
		if err != nil {
			s.clean("read "+where, err)
			continue
		}
		if !slices.ContainsFunc(want, func(w []byte) bool { return bytes.Equal(w, got) && (w == nil) == (got == nil) }) {
			s.t.Errorf("%s holds %d bytes; %d contents would be right, the first of %d bytes", where, len(got), len(want), len(want[0]))
		}
		if settled {
			s.files[where] = possible{got}
		}
	}
	for d, err := range s.tree.Datasets(s.t.Context()) {
		if err != nil {
			s.clean("datasets", err)
			return
		}
		for i, err := range s.tree.List(s.t.Context(), d.Name, backend.Query{}) {
			if err != nil {
				s.clean("list "+d.Name, err)
			} else if _, known := s.files[d.Name+" "+i.Path.Key()]; !known {
				s.t.Errorf("%s is there and was never put", i.Path)
			}
		}
	}
}
