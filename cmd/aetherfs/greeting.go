package main

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strings"

	"aetherfs/internal/config"
)

// greet tells a person at the terminal how to begin: lines that can be pasted.
// It shows no secret, only where the keys are.
func greet(w io.Writer, c *config.Config, addr net.Addr, minted bool) {
	endpoint := c.EndpointAt(addr.String())
	fmt.Fprintf(w, "AetherFS serves S3 on %s and stores in %s\n", endpoint, c.Store)
	if minted {
		fmt.Fprintf(w, "New keys were made: %s\n", filepath.Join(c.Data, credentialsFile))
	}
	fmt.Fprintf(w, "\nTo use it, in another terminal:\n\n")
	if c.AccessKey == "" {
		fmt.Fprintf(w, "    export AWS_SHARED_CREDENTIALS_FILE=%s\n", quote(filepath.Join(c.Data, credentialsFile)))
	} else {
		fmt.Fprintf(w, "    export AWS_ACCESS_KEY_ID=\"$AETHERFS_ACCESS_KEY\" AWS_SECRET_ACCESS_KEY=\"$AETHERFS_SECRET_KEY\"\n")
	}
	fmt.Fprintf(w, `    export AWS_DEFAULT_REGION=%[2]s
    aws --endpoint-url %[1]s s3 mb s3://demo
    aws --endpoint-url %[1]s s3 cp --recursive ./folder s3://demo/v1/
    aws --endpoint-url %[1]s s3 ls s3://demo/v1/

`, endpoint, c.Region)
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_./@%+,:=-]+$`)

// quote writes s so that a shell takes it for one word.
func quote(s string) string {
	if plain.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
