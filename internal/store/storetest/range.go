package storetest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"aetherfs/internal/store"
)

func testRanges(t *testing.T, open func(t *testing.T) store.Store) {
	ctx := context.Background()
	s := open(t)
	put(t, s, "ten", "0123456789", store.Cond{})
	put(t, s, "empty", "", store.Cond{})
	for _, c := range []struct {
		key  string
		r    store.Range
		want string
		err  error
	}{
		{"ten", store.Range{}, "0123456789", nil},
		{"ten", store.Range{Off: 3}, "3456789", nil},
		{"ten", store.Range{Len: 3}, "012", nil},
		{"ten", store.Range{Off: 3, Len: 4}, "3456", nil},
		{"ten", store.Range{Off: 9, Len: 1}, "9", nil},
		{"ten", store.Range{Off: 9, Len: 100}, "9", nil},
		{"ten", store.Range{Off: 10}, "", store.ErrRange},
		{"ten", store.Range{Off: 10, Len: 1}, "", store.ErrRange},
		{"ten", store.Range{Off: 1 << 40, Len: 1}, "", store.ErrRange},
		{"ten", store.Range{Off: -1}, "9", nil},
		{"ten", store.Range{Off: -4}, "6789", nil},
		{"ten", store.Range{Off: -4, Len: 2}, "67", nil},
		{"ten", store.Range{Off: -10}, "0123456789", nil},
		{"ten", store.Range{Off: -11}, "0123456789", nil},
		{"ten", store.Range{Off: -1 << 40, Len: 2}, "01", nil},
		{"empty", store.Range{}, "", nil},
		{"empty", store.Range{Off: -8}, "", nil},
		{"empty", store.Range{Off: 1}, "", store.ErrRange},
		{"absent", store.Range{Off: 1}, "", store.ErrNotFound},
	} {
		got, info, err := s.Get(ctx, c.key, c.r)
		if !errors.Is(err, c.err) || string(got) != c.want {
			t.Errorf("Get(%s, %+v) = %q, %v, want %q, %v", c.key, c.r, got, err, c.want, c.err)
		}
		if err == nil && c.key == "ten" && info.Size != 10 {
			t.Errorf("Get(%s, %+v): size %d, want the whole object's", c.key, c.r, info.Size)
		}
	}
}

// testRangeProperty: a range of an object is what the same range, resolved, is
// of its bytes, whatever memory is offered for it.
func testRangeProperty(t *testing.T, open func(t *testing.T) store.Store) {
	ctx := context.Background()
	s := open(t)
	data := numbered(10_000)
	if _, err := s.Put(ctx, "k", data, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		r := store.Range{
			Off: rapid.Int64Range(-12_000, 12_000).Draw(t, "off"),
			Len: rapid.Int64Range(0, 12_000).Draw(t, "len"),
			Buf: make([]byte, rapid.IntRange(0, 12_000).Draw(t, "buf")),
		}
		off, n, want := r.Resolve(int64(len(data)))
		got, _, err := s.Get(ctx, "k", r)
		if want != nil {
			if !errors.Is(err, store.ErrRange) {
				t.Fatalf("Get(%d, %d) = %v, want %v", r.Off, r.Len, err, want)
			}
			return
		}
		if err != nil || !bytes.Equal(got, data[off:off+n]) {
			t.Fatalf("Get(%d, %d) = %d bytes, %v, want bytes %d to %d", r.Off, r.Len, len(got), err, off, off+n)
		}
	})
}

// testPieces: an answer lies in the pieces that were given for it, if they are
// as long as it is.
func testPieces(t *testing.T, open func(t *testing.T) store.Store) {
	ctx := context.Background()
	s := open(t)
	data := numbered(10_000)
	if _, err := s.Put(ctx, "k", data, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	put(t, s, "empty", "", store.Cond{})
	if _, _, err := s.Get(ctx, "empty", store.Range{Len: 8, Into: store.Pieces{make([]byte, 8)}}); !errors.Is(err, store.ErrRange) {
		t.Fatalf("Get(0, 8) of nothing: %v, want %v", err, store.ErrRange)
	}
	rapid.Check(t, func(t *rapid.T) {
		r := store.Range{Off: rapid.Int64Range(0, 9_999).Draw(t, "off"), Into: store.Pieces{}}
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 4_000), 1, 6).Draw(t, "pieces") {
			r.Into = append(r.Into, make([]byte, n))
		}
		if r.Len = r.Into.Len(); r.Len == 0 {
			t.Skip("asks for nothing")
		}
		got, info, err := s.Get(ctx, "k", r)
		if r.Off+r.Len > int64(len(data)) {
			if !errors.Is(err, store.ErrRange) {
				t.Fatalf("Get(%d, %d) of %d bytes: %v, want %v", r.Off, r.Len, len(data), err, store.ErrRange)
			}
			return
		}
		if err != nil || got != nil || info.Size != int64(len(data)) || !bytes.Equal(bytes.Join(r.Into, nil), data[r.Off:][:r.Len]) {
			t.Fatalf("Get(%d, %d) into %d pieces = %d bytes, %+v, %v", r.Off, r.Len, len(r.Into), len(got), info, err)
		}
	})
}

func numbered(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i * 7 / 3)
	}
	return data
}
