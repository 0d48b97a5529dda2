package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// figures are what one turn cost.
type figures struct {
	amount
	wall   time.Duration
	cpu    time.Duration // of the server, until it was idle again
	peak   int64         // bytes resident at most
	stored int64         // bytes that the folder grew by, where a goal asks
	puts   int64         // objects that AetherFS put to its store, where a goal asks
}

// speed is in MB/s, or in operations a second.
func (f figures) speed(each bool) float64 {
	if each {
		return float64(f.ops) / f.wall.Seconds()
	}
	return float64(f.bytes) / 1e6 / f.wall.Seconds()
}

// cost is in CPU seconds a GB, or milliseconds an operation.
func (f figures) cost(each bool) float64 {
	if each {
		return f.cpu.Seconds() * 1e3 / float64(f.ops)
	}
	return f.cpu.Seconds() / (float64(f.bytes) / 1e9)
}

// measure prepares a turn and does its work, with the clock running. The server
// is idle before it and after it, and so is the disk.
func (r row) measure(ctx context.Context, t *turn) (f figures, err error) {
	if err := r.prepare(ctx, t); err != nil {
		return f, fmt.Errorf("prepare: %w", err)
	}
	before, err := r.counts(ctx, t)
	if err != nil {
		return f, err
	}
	if err := t.forgetPeak(); err != nil {
		return f, err
	}
	began := time.Now()
	f.amount, err = r.work(ctx, t)
	f.wall = time.Since(began)
	if err != nil {
		return f, err
	}
	after, err := r.counts(ctx, t)
	if err != nil {
		return f, err
	}
	f.cpu, f.stored, f.puts = after.cpu-before.cpu, after.stored-before.stored, after.puts-before.puts
	if f.peak, err = t.peak(); err == nil && r.check != nil {
		err = r.check(t)
	}
	return f, err
}

// counts waits until the server is idle, and the disk, and returns what has
// added up so far.
func (r row) counts(ctx context.Context, t *turn) (f figures, err error) {
	if f.cpu, err = t.settled(ctx); err != nil {
		return f, err
	}
	if err := syncDisk(t.dir); err != nil {
		return f, err
	}
	if r.asks(smaller) {
		if f.stored, err = folderBytes(t.data()); err != nil {
			return f, err
		}
	}
	if r.asks(putsPerFsync) && t.kind == aetherFS {
		f.puts, err = storePuts(ctx, t.url)
	}
	return f, err
}

func (r row) asks(m measure) bool {
	return slices.ContainsFunc(r.goals, func(g goal) bool { return g.what == m })
}
