package dedupe_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"aetherfs/dedupe"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// engine returns an engine on s that the test closes at its end.
func engine(t testing.TB, o dedupe.Options) *dedupe.Engine {
	t.Helper()
	if o.Segment == nil {
		o.Segment = segmentKey
	}
	e, err := dedupe.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func segmentKey(d manifest.ID, slot uint64) string {
	return fmt.Sprintf("datasets/%v/log/%016x", d, slot)
}

// noise returns n bytes that do not shrink.
func noise(seed uint64, n int) []byte {
	out := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)}).Read(out)
	return out
}

// text returns n bytes that shrink well.
func text(seed uint64, n int) []byte {
	rnd := rand.New(rand.NewPCG(seed, 1))
	out := make([]byte, 0, n+64)
	for len(out) < n {
		out = fmt.Appendf(out, "row %d,%d,value of %x\n", len(out), rnd.IntN(1000), rnd.IntN(1<<16))
	}
	return out[:n]
}

var scope = dedupe.Scope{Pool: "default", Dataset: manifest.ID{1}}

func put(t testing.TB, e *dedupe.Engine, s dedupe.Scope, data []byte, also ...io.Writer) dedupe.Stored {
	t.Helper()
	st, err := e.Store(context.Background(), s, bytes.NewReader(data), also...)
	if err != nil {
		t.Fatal(err)
	}
	if st.Size != int64(len(data)) || st.Recipe.Len() != st.Size || st.NewBytes+st.ReusedBytes != st.Size {
		t.Fatalf("stored %d bytes, %d new, %d reused, recipe of %d; want %d", st.Size, st.NewBytes, st.ReusedBytes, st.Recipe.Len(), len(data))
	}
	return st
}

func check(t testing.TB, e *dedupe.Engine, r manifest.Recipe, want []byte) {
	t.Helper()
	if len(want) < few(1<<20) {
		s := e.Open(context.Background(), scope.Pool, r).Stream(0, int64(len(want)))
		if err := iotest.TestReader(s, want); err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
	got, err := readAll(e, r)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("read %d bytes, want %d, equal %v, %v", len(got), len(want), bytes.Equal(got, want), err)
	}
}

func readAll(e *dedupe.Engine, r manifest.Recipe) ([]byte, error) {
	s := e.Open(context.Background(), scope.Pool, r).Stream(0, r.Len())
	defer s.Close()
	return io.ReadAll(s)
}

func TestRoundTrip(t *testing.T) {
	for name, make := range map[string]func(uint64, int) []byte{"noise": noise, "text": text} {
		for _, n := range []int{128<<10 + 1, 256 << 10, 1 << 20, 5<<20 + 17, few(40 << 20)} {
			t.Run(fmt.Sprintf("%s/%d", name, n), func(t *testing.T) {
				e := engine(t, dedupe.Options{Store: store.NewMemory()})
				data := make(1, n)
				sum := md5.New()
				st := put(t, e, scope, data, sum)
				if got, want := fmt.Sprintf("%x", sum.Sum(nil)), fmt.Sprintf("%x", md5.Sum(data)); got != want {
					t.Errorf("MD5 %s, want %s", got, want)
				}
				check(t, e, st.Recipe, data)
				again := put(t, e, scope, data)
				if again.NewBytes != 0 || again.Added != 0 {
					t.Errorf("the same again: %d new bytes, %d added", again.NewBytes, again.Added)
				}
				check(t, e, again.Recipe, data)
			})
		}
	}
}
