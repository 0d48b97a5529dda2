// Command peersbench gives AetherFS, versitygw and rclone the same work, in
// turn, on folders of one disk, and prints medians and ratios of speed, of the
// servers' CPU time and of their memory. "make bench-peers" runs it.
//
// A few rows take a minute or two. Two builds of AetherFS are compared in one
// run by naming one more:
//
//	make bench-peers PEERS="-rounds 3 -rows 'HEAD|GET 1 KiB'"
//	make bench-peers PEERS="-rounds 3 -rows 'PUT 64 MiB' -servers aetherfs,old=/path/to/aetherfs,versitygw"
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "peersbench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, progress io.Writer) (err error) {
	flags := flag.NewFlagSet("peersbench", flag.ContinueOnError)
	rounds := flags.Int("rounds", 5, "how many times each server does the work; at least 3 tell something")
	only := flags.String("rows", "", "regular `expression` of the rows to measure (default all)")
	servers := flags.String("servers", "aetherfs,versitygw,rclone", "with commas between; name=path is another build of AetherFS")
	seed := flags.Uint64("seed", 1, "of the data")
	parent := flags.String("dir", "", "`folder` to make a temporary one in for all that is stored (default the user's caches)")
	out := flags.String("out", "", "`file` for the tables beside the output")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b := &bench{corpus: newCorpus(*seed), progress: progress, results: results{}}
	if b.specs, err = parseSpecs(*servers); err != nil {
		return err
	}
	if b.rows, err = matching(*only); err != nil {
		return err
	}
	if b.dir, err = makeFolder(*parent); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()

	tables := stdout
	if *out != "" {
		file, err := os.Create(*out)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		tables = io.MultiWriter(stdout, file)
	}
	if err := b.run(ctx, *rounds); err != nil {
		return err
	}
	fmt.Fprintf(tables, "%d rounds, seed %d.\n\n", *rounds, *seed)
	report(tables, b.rows, b.specs, b.results)
	return errors.Join(b.failed...)
}

// matching returns the rows whose names match an expression.
func matching(expression string) ([]row, error) {
	wanted, err := regexp.Compile(expression)
	if err != nil {
		return nil, err
	}
	var some []row
	for _, r := range rows() {
		if wanted.MatchString(r.name) {
			some = append(some, r)
		}
	}
	if some == nil {
		return nil, fmt.Errorf("no row matches %q", expression)
	}
	return some, nil
}

// makeFolder makes a folder of its own below parent, or below that of the
// user's caches.
func makeFolder(parent string) (string, error) {
	if parent == "" {
		caches, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		parent = caches
	}
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", err
	}
	return os.MkdirTemp(parent, "peersbench-")
}
