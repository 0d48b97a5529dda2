package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"aetherfs/internal/config"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailed  = 1
	exitMistake = 2 // in what was asked for: the command line or the settings
)

// errMistake is in the errors that end with exitMistake.
var errMistake = errors.New("nothing was done")

// run does what args ask for and returns the exit code. Errors go to stderr,
// one a line.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "aetherfs",
		Short:         "An S3 gateway that stores what versions have in common only once",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(runCommand(environ), statsCommand(environ), doctorCommand(environ), fsckCommand(environ), keyCommand(environ), settingsCommand(environ), versionCommand())
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return mistake(cmd, err) })
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	for _, line := range config.Mistakes(err) {
		fmt.Fprintln(stderr, "aetherfs:", line)
	}
	if errors.Is(err, errMistake) {
		return exitMistake
	}
	return exitFailed
}

func mistake(cmd *cobra.Command, err error) error {
	return fmt.Errorf("%w\n%w: see %s --help", err, errMistake, cmd.CommandPath())
}

// load reads the settings of a command.
func load(cmd *cobra.Command, environ []string) (*config.Config, error) {
	c, err := config.Load(cmd.Flags(), environ)
	if err != nil {
		return nil, mistake(cmd, err)
	}
	return c, nil
}

func runCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Serve S3 until told to stop",
		Long: `Serve S3 until told to stop by SIGTERM or an interrupt.

Nothing has to be set. Each setting can come from its flag, from a variable
(--log-level is AETHERFS_LOG_LEVEL) or from a YAML file (log-level: debug); the
first of them that has it wins. The keys of the gateway are AETHERFS_ACCESS_KEY
and AETHERFS_SECRET_KEY, or else in the file credentials of the data folder,
which is made on the first start; with a bucket as the store they have to be
given. The keys of the bucket are AETHERFS_STORE_ACCESS_KEY and
AETHERFS_STORE_SECRET_KEY, or else what AWS's and MinIO's programs would use.`,
		Args: cobra.NoArgs,
	}
	config.AddFlags(cmd.Flags(), "listen", "data", "store", "tls-cert", "tls-key", "s3-domain", "region", "memory", "cache-size", "cache-part",
		"log-format", "log-level", "metrics-open", "webdav-side-files", "nfs-listen", "nfs-allow", "nfs-export", "read-staleness")
	printConfig := cmd.Flags().Bool("print-config", false, "print the settings and where each came from, without secrets, and exit")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := load(cmd, environ)
		if err != nil {
			return err
		}
		if *printConfig {
			return c.Print(cmd.OutOrStdout())
		}
		if err := c.Shared(); err != nil {
			return mistake(cmd, err)
		}
		return runGateway(cmd.Context(), c, cmd.OutOrStdout(), newLogger(cmd.ErrOrStderr(), c))
	}
	return cmd
}

func newLogger(w io.Writer, c *config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
