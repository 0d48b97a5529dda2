package main

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{5, 1}, 3},
		{[]float64{9, 1, 2}, 2},
		{[]float64{4, 100, 1, 2}, 3},
	} {
		if got := median(c.values); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.values, got, c.want)
		}
	}
	if got := median(nil); !math.IsNaN(got) {
		t.Errorf("median of nothing = %v, want not a number", got)
	}
}

func TestHalfOfTheValuesAreOnEachSideOfTheMedian(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 1e6), 1, 20).Draw(t, "values")
		before := slices.Clone(values)
		m := median(values)
		if !slices.Equal(values, before) {
			t.Fatal("median changed its argument")
		}
		below, above := 0, 0
		for _, v := range values {
			if v < m {
				below++
			}
			if v > m {
				above++
			}
		}
		if most := len(values) / 2; below > most || above > most {
			t.Fatalf("%d are below and %d above the median %v of %v", below, above, m, values)
		}
	})
}

func TestRatiosAreOfMedians(t *testing.T) {
	r := row{name: "r"}
	s := results{}
	for _, seconds := range []int{1, 2, 40} {
		took := time.Duration(seconds) * time.Second
		work := amount{bytes: 1e9, ops: 100}
		s.add(r, "aetherfs", figures{amount: work, wall: took, cpu: 3 * took, stored: 2.5e8, puts: 5})
		s.add(r, "versitygw", figures{amount: work, wall: 2 * took, cpu: took})
	}
	for m, want := range map[measure]float64{cpuRatio: 3, wallRatio: 2, smaller: 4, putsPerFsync: 10} {
		if got := s.value(r, "aetherfs", m); got != want {
			t.Errorf("%s = %v, want %v", m, got, want)
		}
	}
	if got := s.value(r, "aetherfs", rcloneRatio); !math.IsNaN(got) {
		t.Errorf("ratio to what was not measured = %v, want not a number", got)
	}
	if got := s.speed(r, "aetherfs"); got != 500 {
		t.Errorf("speed = %v MB/s, want 500", got)
	}
	r.each = true
	if got := s.cost(r, "aetherfs"); got != 60 {
		t.Errorf("cost = %v ms an operation, want 60", got)
	}
}
