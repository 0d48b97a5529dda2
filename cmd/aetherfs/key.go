package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"aetherfs/internal/config"
	"aetherfs/internal/web"
)

func keyCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make, list and delete access keys",
		Long: `Make, list and delete the access keys that all gateways of a store know, beside
the owner's.

Each command asks a running gateway and needs the owner's keys, which are
AETHERFS_ACCESS_KEY and AETHERFS_SECRET_KEY, or else those in the data folder.
A further key may do everything with datasets, but nothing with keys.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(keyCreateCommand(environ), keyListCommand(environ), keyDeleteCommand(environ))
	return cmd
}

func keyCreateCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a key and print it, as an AWS credentials file",
		Long: `Make a key and print it, as an AWS credentials file. Its secret is not to be
had again: whoever loses it makes another key.`,
		Args: cobra.NoArgs,
	}
	text := cmd.Flags().String("note", "", "`text` that says whose key it is")
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	return asking(cmd, environ, func(c *config.Config, _ []string) error {
		var made web.NewKey
		q := question{http.MethodPost, web.KeysPath, web.KeyRequest{Note: *text}, &made}
		if err := ask(cmd.Context(), c, q); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), made)
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "[default]\n"+accessKeyFormat+secretKeyFormat, made.Access, made.Secret)
		return err
	})
}

func keyListCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the keys, without their secrets", Args: cobra.NoArgs}
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	return asking(cmd, environ, func(c *config.Config, _ []string) error {
		var keys web.Keys
		if err := ask(cmd.Context(), c, question{http.MethodGet, web.KeysPath, nil, &keys}); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), keys)
		}
		return printKeys(cmd.OutOrStdout(), keys)
	})
}

func keyDeleteCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "delete ACCESS-KEY",
		Short: "Delete a key",
		Long: `Delete a key. The gateway that is asked refuses it from now on, the others of
its store within 5 seconds.`,
		Args: cobra.ExactArgs(1),
	}
	return asking(cmd, environ, func(c *config.Config, args []string) error {
		path := web.KeysPath + "/" + url.PathEscape(args[0])
		if err := ask(cmd.Context(), c, question{method: http.MethodDelete, path: path}); err != nil {
			return fmt.Errorf("delete key %s: %w", args[0], err)
		}
		return nil
	})
}

// printKeys prints a line a key.
func printKeys(w io.Writer, keys web.Keys) error {
	rows := [][]string{{"ACCESS KEY", "CREATED", "NOTE"}}
	for _, k := range keys.Keys {
		if k.Unreadable {
			k.Note += " (unreadable: made under another owner's secret)"
		}
		rows = append(rows, []string{k.Access, k.Created.UTC().Format(time.DateTime), k.Note})
	}
	return printTable(w, len(rows[0]), rows)
}
