package treetest

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"aetherfs/backend"
)

// testSettings compares random settings of a few datasets, which come and go,
// with a map.
func testSettings(t *testing.T, newTree Maker) {
	tree, reopen := newTree(t)
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	want := map[string]backend.Settings{}
	for range 60 {
		name := []string{"one", "two", "three"}[rng.IntN(3)]
		_, there := want[name]
		var err, expected error
		switch step := rng.IntN(8); {
		case step == 0:
			tree = reopen()
		case step == 1 && there:
			err = tree.RemoveDataset(t.Context(), name)
			delete(want, name)
		case !there && step < 6:
			err = tree.CreateDataset(t.Context(), name)
			want[name] = backend.Settings{}
		default:
			s := randomSettings(rng)
			err = tree.SetSettings(t.Context(), name, s)
			if there {
				want[name] = s
			} else {
				expected = backend.ErrNoDataset
			}
		}
		if !errors.Is(err, expected) {
			t.Fatalf("seed %d: dataset %s: %v, want %v", seed, name, err, expected)
		}
		for _, name := range []string{"one", "two", "three"} {
			got, err := tree.Settings(t.Context(), name)
			s, there := want[name]
			if there && err != nil || !there && !errors.Is(err, backend.ErrNoDataset) || !reflect.DeepEqual(got, s) {
				t.Fatalf("seed %d: settings of %s are %+v, %v, want %+v", seed, name, got, err, s)
			}
		}
	}
}

// randomSettings draws settings of up to two rules.
func randomSettings(rng *rand.Rand) (s backend.Settings) {
	for i := range rng.IntN(3) {
		r := backend.HTTPRule{Extension: "." + strings.Repeat("x", i+1)}
		if rng.IntN(2) == 0 {
			r.ContentType = "text/x-" + strings.Repeat("y", 1+rng.IntN(100))
		}
		if rng.IntN(2) == 0 {
			r.Compress = new(rng.IntN(2) == 0)
		}
		s.HTTP.Rules = append(s.HTTP.Rules, r)
	}
	return s
}
