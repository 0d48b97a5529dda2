package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"aetherfs/internal/auth"
	"aetherfs/internal/config"
	"aetherfs/internal/web"
)

const (
	// statsTimeout is for a gateway with some tens of millions of files.
	statsTimeout = 2 * time.Minute
	// maxStatsBytes bounds what is read of an answer: 100,000 tags have 20 MiB.
	maxStatsBytes = 256 << 20
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
	config.AddFlags(cmd.Flags(), "endpoint", "data", "region")
	asJSON := cmd.Flags().Bool("json", false, "print JSON, with sizes in bytes")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := load(cmd, environ)
		if err != nil {
			return err
		}
		stats, err := askStats(cmd.Context(), c, strings.Join(args, ""))
		if err != nil {
			return err
		}
		if *asJSON {
			encoder := json.NewEncoder(cmd.OutOrStdout())
			encoder.SetIndent("", "  ")
			return encoder.Encode(stats)
		}
		return printStats(cmd.OutOrStdout(), stats)
	}
	return cmd
}

// askStats asks the gateway for the statistics of one dataset, or of all for
// the empty name.
func askStats(ctx context.Context, c *config.Config, dataset string) (web.Stats, error) {
	keys, err := clientKeys(c)
	if err != nil {
		return web.Stats{}, err
	}
	address := c.Endpoint + web.StatsPath
	if dataset != "" {
		address += "?dataset=" + url.QueryEscape(dataset)
	}
	ctx, cancel := context.WithTimeout(ctx, statsTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return web.Stats{}, err
	}
	auth.Sign(request, keys.access, keys.secret, c.Region, time.Now())
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return web.Stats{}, fmt.Errorf("ask the gateway: %w", err)
	}
	defer answer.Body.Close()
	return readStats(answer, c.Endpoint)
}

func readStats(answer *http.Response, endpoint string) (web.Stats, error) {
	body := io.LimitReader(answer.Body, maxStatsBytes)
	switch answer.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return web.Stats{}, fmt.Errorf("%s does not know these keys: set AETHERFS_ACCESS_KEY and AETHERFS_SECRET_KEY, or --data", endpoint)
	default:
		var failure web.Failure
		if json.NewDecoder(body).Decode(&failure) != nil || failure.Error == "" {
			return web.Stats{}, fmt.Errorf("%s answers %s: is it an AetherFS gateway?", endpoint, answer.Status)
		}
		return web.Stats{}, errors.New(failure.Error)
	}
	var stats web.Stats
	if err := json.NewDecoder(body).Decode(&stats); err != nil {
		return web.Stats{}, fmt.Errorf("read the answer of %s: %w", endpoint, err)
	}
	return stats, nil
}

// clientKeys are the keys that a client command signs with. It makes none.
func clientKeys(c *config.Config) (keyPair, error) {
	if c.AccessKey != "" {
		return keyPair{c.AccessKey, c.SecretKey}, nil
	}
	keys, err := readCredentials(filepath.Join(c.Data, credentialsFile))
	if err != nil {
		return keys, fmt.Errorf("no keys to sign with: set AETHERFS_ACCESS_KEY and AETHERFS_SECRET_KEY, or --data: %w", err)
	}
	return keys, nil
}

// printStats prints a line a tag, with names to the left and numbers to the
// right.
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
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		_, err := fmt.Fprintf(w, "%-*s  %-*s  %*s  %*s  %*s  %*s\n", widths[0], row[0], widths[1], row[1], widths[2], row[2],
			widths[3], row[3], widths[4], row[4], widths[5], row[5])
		if err != nil {
			return err
		}
	}
	return nil
}

func size(bytes int64) string { return humanize.IBytes(uint64(max(bytes, 0))) }
