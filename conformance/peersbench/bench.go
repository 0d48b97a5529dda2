package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// bench measures rows on servers, round by round.
type bench struct {
	specs    []spec
	rows     []row
	dir      string // empty, for everything that is stored
	corpus   *corpus
	progress io.Writer
	results  results
	failed   []error
}

// run measures each row of each round on one server after the other. One set of
// servers lasts, with what is read; what is written much of goes to servers
// that are new each round, because AetherFS gives no space back.
func (b *bench) run(ctx context.Context, rounds int) (err error) {
	lasting, err := openScene(ctx, b.specs, filepath.Join(b.dir, "lasting"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lasting.close()) }()
	for round := range rounds {
		if err := b.round(ctx, lasting, round); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) round(ctx context.Context, lasting *scene, round int) (err error) {
	fresh, err := openScene(ctx, b.specs, filepath.Join(b.dir, "fresh"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fresh.close()) }()
	for i, r := range b.rows {
		scene := lasting
		if r.fresh {
			scene = fresh
		}
		for _, v := range scene.inTurn(round + i) {
			if v.kind == r.spare {
				continue
			}
			if err := b.turn(ctx, r, v, round); err != nil {
				return err
			}
		}
	}
	return nil
}

// turn measures a row on a server. What a server cannot do is told at the end
// and leaves a gap in the table; an error is returned if there is no going on.
func (b *bench) turn(ctx context.Context, r row, v *server, round int) (err error) {
	dir := filepath.Join(b.dir, "client")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	f, err := r.measure(ctx, &turn{server: v, corpus: b.corpus, round: round, dir: dir})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		err = fmt.Errorf("%s on %s in round %d: %w", r.name, v.name, round+1, err)
		fmt.Fprintln(b.progress, err)
		b.failed = append(b.failed, err)
		return nil
	}
	b.results.add(r, v.name, f)
	fmt.Fprintf(b.progress, "%d  %-28s %-10s %9s %s  cpu %7s %s  peak %5d MiB\n", round+1, r.name, v.name,
		number(f.speed(r.each)), unit(r, "MB/s", " op/s"), number(f.cost(r.each)), unit(r, "s/GB ", "ms/op"), f.peak>>20)
	return nil
}

func unit(r row, ofBytes, ofOps string) string {
	if r.each {
		return ofOps
	}
	return ofBytes
}
