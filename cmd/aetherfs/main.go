// Command aetherfs is an S3 gateway that stores what many versions of a dataset
// have in common only once.
//
// This package holds the command line and the wiring: which parts there are,
// who gets what, who is closed before whom. What they do is in their packages.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(realMain()) }

func realMain() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	return run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
}
