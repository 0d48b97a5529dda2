package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"aetherfs/backend"
	"aetherfs/internal/config"
	"aetherfs/internal/web"
)

func settingsCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "settings",
		Short: "Show or replace the settings of a dataset",
		Long: `Show or replace the settings of a dataset, which say how its files are served
over HTTP:

  {"http": {"rules": [
    {"extension": ".pmtiles", "contentType": "application/vnd.pmtiles",
     "maxAge": "24h", "compress": false}
  ]}}

Each rule is for the files whose names end with its extension; of several the
one with the longest counts. What a rule does not name stays as it is without.

It asks a running gateway, with AETHERFS_ACCESS_KEY and AETHERFS_SECRET_KEY or
else with the keys in the data folder.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(settingsGetCommand(environ), settingsSetCommand(environ))
	return cmd
}

func settingsGetCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{Use: "get DATASET", Short: "Print the settings of a dataset, as JSON", Args: cobra.ExactArgs(1)}
	return asking(cmd, environ, func(c *config.Config, args []string) error {
		var found json.RawMessage // all of it, should the gateway be newer
		q := question{method: http.MethodGet, path: web.SettingsPath(url.PathEscape(args[0])), answer: &found}
		if err := ask(cmd.Context(), c, q); err != nil {
			return fmt.Errorf("settings of dataset %s: %w", args[0], err)
		}
		return printJSON(cmd.OutOrStdout(), found)
	})
}

func settingsSetCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set DATASET [FILE]",
		Short: "Replace the settings of a dataset by those in a file",
		Long: `Replace the settings of a dataset by the JSON in a file, or on standard input
if the file is - or not named. {} takes all settings away.

The gateway that is asked serves by them from now on, the others of its store
within 5 seconds.`,
		Args: cobra.RangeArgs(1, 2),
	}
	return asking(cmd, environ, func(c *config.Config, args []string) error {
		wanted, err := readSettings(cmd.InOrStdin(), args[1:])
		if err != nil {
			return err
		}
		q := question{method: http.MethodPut, path: web.SettingsPath(url.PathEscape(args[0])), body: wanted}
		if err := ask(cmd.Context(), c, q); err != nil {
			return fmt.Errorf("settings of dataset %s: %w", args[0], err)
		}
		return nil
	})
}

// readSettings reads the file that is named, if one is. What it says is the
// gateway's to judge, which may know more than this program.
func readSettings(stdin io.Reader, file []string) (json.RawMessage, error) {
	name := "standard input"
	if len(file) > 0 && file[0] != "-" {
		name = file[0]
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		stdin = f
	}
	text, err := io.ReadAll(io.LimitReader(stdin, backend.MaxSettingsBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", name, err)
	case len(text) > backend.MaxSettingsBytes:
		return nil, fmt.Errorf("%s has more than %d bytes, the most of settings", name, backend.MaxSettingsBytes)
	case !json.Valid(text):
		return nil, fmt.Errorf("%s is not JSON", name)
	}
	return text, nil
}
