package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"aetherfs/internal/config"
	"aetherfs/internal/web"
)

func statsCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stats [dataset]",
		Short: "Show what each dataset and tag holds and what it added to the store",
		Long: `Show what each dataset and tag holds: its files, their size, how much of the
store they lie in, and how much they added to it when they were put.

It asks a running gateway, with AETHERFS_ACCESS_KEY and AETHERFS_SECRET_KEY or
else with the keys in the data folder.`,
		Args: cobra.MaximumNArgs(1),
	}
	asJSON := cmd.Flags().Bool("json", false, "print JSON, with sizes in bytes")
	return asking(cmd, environ, func(c *config.Config, args []string) error {
		stats, err := askStats(cmd.Context(), c, strings.Join(args, ""))
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), stats)
		}
		return printStats(cmd.OutOrStdout(), stats)
	})
}

// askStats asks the gateway for the statistics of one dataset, or of all for
// the empty name.
func askStats(ctx context.Context, c *config.Config, dataset string) (stats web.Stats, err error) {
	path := web.StatsPath
	if dataset != "" {
		path += "?dataset=" + url.QueryEscape(dataset)
	}
	return stats, ask(ctx, c, question{method: http.MethodGet, path: path, answer: &stats})
}

// printStats prints a line a tag.
func printStats(w io.Writer, stats web.Stats) error {
	rows := [][]string{{"DATASET", "TAG", "FILES", "SIZE", "STORED", "ADDED"}}
	for _, d := range stats.Datasets {
		if len(d.Tags) == 0 {
			rows = append(rows, []string{d.Name, "-", "0", size(0), size(0), size(0)})
		}
		for _, t := range d.Tags {
			name := t.Tag
			if name == "" {
				name = "-"
			}
			rows = append(rows, []string{d.Name, name, humanize.Comma(t.Files), size(t.Bytes), size(t.Stored), size(t.Added)})
		}
	}
	return printTable(w, 2, rows)
}

func size(bytes int64) string { return humanize.IBytes(uint64(max(bytes, 0))) }
