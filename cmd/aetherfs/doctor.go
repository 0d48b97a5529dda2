package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"aetherfs/internal/config"
	"aetherfs/internal/store"
	"aetherfs/internal/store/probe"
)

func doctorCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out whether a store is fit to keep what matters",
		Long: `Find out whether a store is fit: whether it creates a name only once, shows what
was written, lists in order, and so on. It tries, under names that begin with
probe/, and removes what it made.

The answer is a table of what was tried, what was found and what follows. The
exit code is 0 if a gateway would write to the store.`,
		Args: cobra.NoArgs,
	}
	config.AddFlags(cmd.Flags(), "store", "data")
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := load(cmd, environ)
		if err != nil {
			return err
		}
		report, err := examine(cmd.Context(), c)
		if err != nil {
			return fmt.Errorf("try the store %s: %w", c.Store, err)
		}
		if *asJSON {
			err = printJSON(cmd.OutOrStdout(), diagnosis{c.Store, report.Writable(), report})
		} else {
			err = printReport(cmd.OutOrStdout(), c.Store, report)
		}
		if err == nil && !report.Writable() {
			err = errors.New("a gateway would open this store for reading only")
		}
		return err
	}
	return cmd
}

// diagnosis is a report as JSON.
type diagnosis struct {
	Store    string `json:"store"`
	Writable bool   `json:"writable"`
	probe.Report
}

func examine(ctx context.Context, c *config.Config) (report probe.Report, err error) {
	raw, err := openRaw(c, slog.New(slog.DiscardHandler))
	if err != nil {
		return probe.Report{}, err
	}
	defer func() { err = errors.Join(err, raw.Close()) }()
	return probe.Probe(ctx, store.Retried(raw, patience), probe.Options{Rand: rand.Reader, Now: time.Now})
}

// printReport prints a line a check.
func printReport(w io.Writer, name string, r probe.Report) error {
	rows := [][]string{{"", "TRIED", "FOUND", "FOLLOWS"}}
	for _, c := range r.Checks {
		mark := "ok"
		switch {
		case !c.Passed && c.Needed:
			mark = "BAD"
		case !c.Passed:
			mark = "note"
		}
		rows = append(rows, []string{mark, c.Tried, c.Found, c.Follows})
	}
	if err := printTable(w, len(rows[0]), rows); err != nil {
		return err
	}
	if !r.Writable() {
		return nil
	}
	_, err := fmt.Fprintf(w, "\n%s is fit to store in.\n", name)
	return err
}
