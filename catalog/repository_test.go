package catalog_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"testing"
	"testing/iotest"

	"aetherfs/catalog"
	"aetherfs/internal/store"
	"aetherfs/internal/store/probe"
)

const repositoryKey = "aetherfs.json"

var chunker = catalog.Chunker{Algorithm: "fastcdc", Average: 64 << 10}

// TestRepository: the first who opens a store describes it, for ever.
func TestRepository(t *testing.T) {
	ctx, st := t.Context(), store.NewMemory()
	first, err := catalog.OpenRepository(ctx, st, rand.Reader, chunker)
	if err != nil || first.Format != 1 || len(first.ID) != 32 || first.Hash != "sha256" || first.Chunker != chunker {
		t.Fatalf("OpenRepository = %+v, %v", first, err)
	}
	raw, _, err := st.Get(ctx, repositoryKey, store.Range{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := catalog.OpenRepository(ctx, st, rand.Reader, catalog.Chunker{Algorithm: "other", Average: 1})
	if err != nil || again.Sum != first.Sum {
		t.Errorf("opened again = %+v, %v, want %+v", again, err, first)
	}
	if now, _, err := st.Get(ctx, repositoryKey, store.Range{}); err != nil || !bytes.Equal(now, raw) {
		t.Errorf("opening again wrote %q, %v over %q", now, err, raw)
	}
}

// TestRepositoryRace: of creators that race, or whose writes fail in whichever
// way, all that succeed agree.
func TestRepositoryRace(t *testing.T) {
	ctx := t.Context()
	for _, fault := range []store.Fault{
		{}, {Kind: store.FaultBefore}, {Kind: store.FaultAfter}, {Kind: store.FaultLate, Calls: 2},
	} {
		truth := store.NewMemory()
		var rival catalog.Repository
		st := store.Faulty(truth, func(c store.Call) store.Fault {
			if c.Op != store.OpPut {
				return store.Fault{}
			}
			if fault.Kind == store.FaultNone { // another was quicker
				var err error
				if rival, err = catalog.OpenRepository(ctx, truth, rand.Reader, chunker); err != nil {
					t.Fatal(err)
				}
			}
			return fault
		})
		got, err := catalog.OpenRepository(ctx, st, rand.Reader, chunker)
		if failed := fault.Kind == store.FaultBefore || fault.Kind == store.FaultLate; failed != errors.Is(err, store.ErrInjected) {
			t.Errorf("%+v: %v", fault, err)
		}
		if rival.ID != "" && got.Sum != rival.Sum {
			t.Errorf("the slower creator has %+v, the quicker one %+v", got, rival)
		}
		st.Settle()
		now, err := catalog.OpenRepository(ctx, truth, rand.Reader, chunker)
		if err != nil || got.ID != "" && got.Sum != now.Sum {
			t.Errorf("%+v: afterwards it is %+v, %v, was %+v", fault, now, err, got)
		}
	}
}

// TestRepositoryRefused: what this version does not know is refused and left
// as it is.
func TestRepositoryRefused(t *testing.T) {
	ctx := t.Context()
	const id = `"id": "00112233445566778899aabbccddeeff"`
	for _, text := range []string{
		``,
		`{`,
		`null`,
		`[]`,
		`{"format": 1}`,
		`{"format": 1, "id": "0011", "hash": "sha256"}`,
		`{"format": 2, ` + id + `, "hash": "sha256", "chunker": {"algorithm": "fastcdc", "average": 65536}}`,
		`{"format": 1, ` + id + `, "hash": "blake3", "chunker": {"algorithm": "fastcdc", "average": 65536}}`,
		`{"format": 1, ` + id + `, "hash": "sha256", "chunker": {"algorithm": "rabin", "average": 65536}}`,
		`{"format": 1, ` + id + `, "hash": "sha256", "chunker": {"algorithm": "fastcdc", "average": 0}}`,
		`{"format": 1, ` + id + `, "hash": "sha256", "chunker": {"algorithm": "fastcdc", "average": 65536}} {}`,
	} {
		st := store.NewMemory()
		if _, err := st.Put(ctx, repositoryKey, []byte(text), store.Cond{}); err != nil {
			t.Fatal(err)
		}
		if r, err := catalog.OpenRepository(ctx, st, rand.Reader, chunker); !errors.Is(err, catalog.ErrFormat) {
			t.Errorf("%s = %+v, %v, want ErrFormat", text, r, err)
		}
		if got, _, err := st.Get(ctx, repositoryKey, store.Range{}); err != nil || string(got) != text {
			t.Errorf("%s became %s, %v", text, got, err)
		}
	}
	down := store.Faulty(store.NewMemory(), store.FaultFrom(store.OpGet, 1, store.Fault{Kind: store.FaultBefore}))
	if _, err := catalog.OpenRepository(ctx, down, rand.Reader, chunker); !errors.Is(err, store.ErrInjected) || down.Calls(store.OpPut) > 0 {
		t.Errorf("a store that is down = %v, and %d writes", err, down.Calls(store.OpPut))
	}
	if _, err := catalog.OpenRepository(ctx, store.NewMemory(), iotest.ErrReader(io.ErrUnexpectedEOF), chunker); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("no random bytes = %v", err)
	}
}

// TestRepositoryDamaged: no byte of the description can change, be missing or
// follow it.
func TestRepositoryDamaged(t *testing.T) {
	ctx, st := t.Context(), store.NewMemory()
	if _, err := catalog.OpenRepository(ctx, st, rand.Reader, chunker); err != nil {
		t.Fatal(err)
	}
	raw, _, err := st.Get(ctx, repositoryKey, store.Range{})
	if err != nil {
		t.Fatal(err)
	}
	damaged := [][]byte{append(bytes.Clone(raw), '\n')}
	for i := range raw {
		flipped := bytes.Clone(raw)
		flipped[i] ^= 1
		damaged = append(damaged, flipped, raw[:i])
	}
	for _, b := range damaged {
		if _, err := st.Put(ctx, repositoryKey, b, store.Cond{}); err != nil {
			t.Fatal(err)
		}
		if r, err := catalog.OpenRepository(ctx, st, rand.Reader, chunker); !errors.Is(err, catalog.ErrFormat) {
			t.Errorf("%q = %+v, %v, want ErrFormat", b, r, err)
		}
	}
}

// TestRepositoryOfDamagedAnswer: an answer that is damaged on its way is asked for
// again.
func TestRepositoryOfDamagedAnswer(t *testing.T) {
	ctx, inner := t.Context(), store.NewMemory()
	want, err := catalog.OpenRepository(ctx, inner, rand.Reader, chunker)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []store.FaultKind{store.FaultShort, store.FaultFlip} {
		st := store.Faulty(inner, store.FaultAt(store.OpGet, 1, store.Fault{Kind: kind, Bit: 99}))
		if got, err := catalog.ReadRepository(ctx, st); err != nil || got.Sum != want.Sum {
			t.Errorf("fault %d: %+v, %v, want %+v", kind, got, err, want)
		}
	}
}

// TestRepositoryMissing: a store that holds something, but no description, is
// left alone.
func TestRepositoryMissing(t *testing.T) {
	ctx, st := t.Context(), store.NewMemory()
	if _, err := st.Put(ctx, "hub/log/0000000000000001", []byte("x"), store.Cond{}); err != nil {
		t.Fatal(err)
	}
	if r, err := catalog.OpenRepository(ctx, st, rand.Reader, chunker); !errors.Is(err, catalog.ErrFormat) {
		t.Errorf("OpenRepository = %+v, %v, want ErrFormat", r, err)
	}
	if _, _, err := st.Get(ctx, repositoryKey, store.Range{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a description was written: %v", err)
	}
}

// TestRepositoryBesideProbe: what another gateway tries the store with, or left
// when it was killed, does not keep a repository from being made.
func TestRepositoryBesideProbe(t *testing.T) {
	ctx, st := t.Context(), store.NewMemory()
	for _, name := range []string{"a", "z"} {
		if _, err := st.Put(ctx, probe.Prefix+name, []byte("x"), store.Cond{}); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := catalog.OpenRepository(ctx, st, rand.Reader, chunker); err != nil {
		t.Errorf("OpenRepository = %+v, %v", r, err)
	}
}

// TestRepositoryGolden: what was written once is read for ever, and written the
// same.
func TestRepositoryGolden(t *testing.T) {
	ctx := t.Context()
	want, err := os.ReadFile("testdata/aetherfs.json")
	if err != nil {
		t.Fatal(err)
	}
	id := []byte("sixteen byte id.")
	st := store.NewMemory()
	made, err := catalog.OpenRepository(ctx, st, bytes.NewReader(id), chunker)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := st.Get(ctx, repositoryKey, store.Range{})
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s = %s, %v, want %s", repositoryKey, got, err, want)
	}
	if made.ID != hex.EncodeToString(id) {
		t.Errorf("id %s, want that of %q", made.ID, id)
	}
}
