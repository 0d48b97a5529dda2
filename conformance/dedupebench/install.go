package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// install gets from Debian what is missing of the tools that are measured, and
// the one that makes databases. It needs root or sudo then.
func install(ctx context.Context, progress io.Writer) error {
	packages := map[string]string{"restic": "restic", "borg": "borgbackup", "sqlite3": "sqlite3"}
	var missing []string
	for program, pkg := range packages {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, pkg)
		}
	}
	if missing == nil {
		return nil
	}
	fmt.Fprintln(progress, "installing", missing)
	get := []string{"apt-get", "install", "-qq", "--no-install-recommends"}
	for _, args := range [][]string{{"apt-get", "update", "-qq"}, append(get, missing...)} {
		if os.Getuid() != 0 {
			args = append([]string{"sudo"}, args...)
		}
		if err := command(ctx, ".", []string{"DEBIAN_FRONTEND=noninteractive"}, args[0], args[1:]...); err != nil {
			return err
		}
	}
	return nil
}
