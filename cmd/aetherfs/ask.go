package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"aetherfs/internal/auth"
	"aetherfs/internal/config"
	"aetherfs/internal/web"
)

const (
	// askTimeout is for the statistics of some tens of millions of files.
	askTimeout = 2 * time.Minute
	// maxAnswerBytes bounds what is read of an answer: the statistics of 100,000
	// tags have 20 MiB.
	maxAnswerBytes = 256 << 20
)

// asking makes cmd one that asks a gateway: do is told which, and what beside.
func asking(cmd *cobra.Command, environ []string, do func(c *config.Config, args []string) error) *cobra.Command {
	config.AddFlags(cmd.Flags(), "endpoint", "data", "region")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := load(cmd, environ)
		if err != nil {
			return err
		}
		return do(c, args)
	}
	return cmd
}

// question is a request to the API of a gateway.
type question struct {
	method, path string
	body         any // is sent as JSON; nil: nothing is
	answer       any // to be filled in; nil: there is none
}

// ask puts q to the gateway of c, signed with the keys of c.
func ask(ctx context.Context, c *config.Config, q question) error {
	keys, err := clientKeys(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	r, err := q.request(ctx, c.Endpoint)
	if err != nil {
		return err
	}
	auth.Sign(r, keys.access, keys.secret, c.Region, time.Now())
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("ask the gateway: %w", err)
	}
	defer answer.Body.Close()
	return q.read(answer, c.Endpoint)
}

// request is what is sent, but for its signature.
func (q question) request(ctx context.Context, endpoint string) (*http.Request, error) {
	var body []byte
	if q.body != nil {
		var err error
		if body, err = json.Marshal(q.body); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, q.method, endpoint+q.path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	digest := sha256.Sum256(body)
	r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(digest[:]))
	return r, nil
}

// read takes the answer, or the error that is in it.
func (q question) read(answer *http.Response, endpoint string) error {
	body := json.NewDecoder(io.LimitReader(answer.Body, maxAnswerBytes))
	switch {
	case answer.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%s does not know these keys: set AETHERFS_ACCESS_KEY and AETHERFS_SECRET_KEY, or --data", endpoint)
	case answer.StatusCode/100 != 2:
		var failure web.Failure
		if body.Decode(&failure) != nil || failure.Error == "" {
			return fmt.Errorf("%s answers %s: is it an AetherFS gateway?", endpoint, answer.Status)
		}
		return errors.New(failure.Error)
	case q.answer == nil:
		return nil
	}
	if err := body.Decode(q.answer); err != nil {
		return fmt.Errorf("read the answer of %s: %w", endpoint, err)
	}
	return nil
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

// printJSON prints what a gateway answered, for programs.
func printJSON(w io.Writer, answer any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(answer)
}

// printTable prints rows, the first left columns to the left and the others,
// which are numbers, to the right.
func printTable(w io.Writer, left int, rows [][]string) error {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			switch {
			case i >= left:
				line += fmt.Sprintf("%*s", widths[i], cell)
			case i < len(row)-1:
				line += fmt.Sprintf("%-*s", widths[i], cell)
			default:
				line += cell
			}
			if i < len(row)-1 {
				line += "  "
			}
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
