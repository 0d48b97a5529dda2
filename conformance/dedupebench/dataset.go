package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// versions of each generated data set.
const versions = 5

// dataset is a series of versions of the same data. Its make writes each
// into a folder of its own and returns the folders, oldest first.
type dataset struct {
	name string
	make func(ctx context.Context, s source) ([]string, error)
}

func datasets() []dataset {
	return []dataset{
		{"csv", makeCSV},
		{"sqlite", makeSQLite},
		{"checkpoint", makeCheckpoint},
		{"source", makeSource},
		{"kubernetes", makeKubernetes},
	}
}

// source is what a data set is made from: the same source makes the same
// bytes.
type source struct {
	dir   string // empty, for the versions
	seed  uint64
	scale float64 // of the sizes; 1 is what the figures are published for
}

// rng returns a generator for one purpose: data sets that share a purpose
// share its numbers.
func (s source) rng(purpose uint64) *rand.Rand { return rand.New(rand.NewPCG(s.seed, purpose)) }

// n scales a count.
func (s source) n(count int) int { return max(int(float64(count)*s.scale), 1) }

// versions makes the folder of each version, from 1, and has it filled.
func (s source) versions(fill func(v int, dir string) error) ([]string, error) {
	var dirs []string
	for v := 1; v <= versions; v++ {
		dir := filepath.Join(s.dir, fmt.Sprintf("v%d", v))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
		if err := fill(v, dir); err != nil {
			return nil, fmt.Errorf("version %d: %w", v, err)
		}
		dirs = append(dirs, dir)
	}
	return dirs, nil
}

// purposes of rng.
const (
	rngTable uint64 = iota + 1
	rngCheckpoint
	rngSource
)
