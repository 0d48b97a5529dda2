// Command dedupebench stores versions of tables, databases, models and source
// trees by AetherFS at several chunk sizes and by other tools, and prints how
// many bytes each keeps. It fails where AetherFS at its default chunk size
// keeps more than it may.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "dedupebench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, progress io.Writer) (err error) {
	flags := flag.NewFlagSet("dedupebench", flag.ContinueOnError)
	seed := flags.Uint64("seed", 1, "of the generated data")
	scale := flags.Float64("scale", 1, "of the sizes of the generated data")
	only := flags.String("only", "", "names of data sets, with commas between (default all)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := install(ctx, progress); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "dedupebench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	fmt.Fprintf(stdout, "Seed %d.\n\n", *seed)
	var rows []row
	for _, d := range datasets() {
		if *only != "" && !strings.Contains(","+*only+",", ","+d.name+",") {
			continue
		}
		dir := filepath.Join(work, d.name)
		r, err := measure(ctx, d, source{dir, *seed, *scale}, progress)
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		rows = append(rows, r)
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	report(stdout, rows)
	return verdict(rows)
}

// measure makes a data set and stores it by each tool.
func measure(ctx context.Context, d dataset, s source, progress io.Writer) (row, error) {
	dirs, err := d.make(ctx, s)
	if err != nil {
		return row{}, err
	}
	r := row{data: d.name, kept: map[string]int64{}, took: map[string]cost{}}
	for _, dir := range dirs {
		n, err := folderBytes(dir)
		if err != nil {
			return row{}, err
		}
		r.plain += n
	}
	for _, t := range tools() {
		if err := r.store(ctx, t, filepath.Join(s.dir, "work"), dirs); err != nil {
			return row{}, fmt.Errorf("%s: %w", t.name, err)
		}
		fmt.Fprintf(progress, "%-12s %-18s %12d bytes %14s s\n", d.name, t.name, r.kept[t.name], r.took[t.name])
	}
	return r, nil
}

// store stores a data set by one tool, in a folder that it makes and removes.
func (r *row) store(ctx context.Context, t tool, work string, versions []string) (err error) {
	if err := os.MkdirAll(work, 0o755); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	took := stopwatch()
	r.kept[t.name], err = t.store(ctx, work, versions)
	if err != nil {
		return err
	}
	r.took[t.name] = took()
	if t.check != nil {
		return t.check(ctx, work, versions)
	}
	return nil
}
