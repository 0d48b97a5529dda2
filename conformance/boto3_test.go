package conformance

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

// boto3 is a Python process that does what it is told a line at a time, so that
// five hundred names do not start five hundred interpreters. It is used by one
// goroutine at a time.
type boto3 struct {
	requests io.Writer
	answers  *bufio.Reader
}

func hasBoto3(python string) bool {
	return exec.Command(python, "-c", "import boto3").Run() == nil
}

func openBoto3(python string) func(*testing.T, endpoint, string) client {
	return func(t *testing.T, e endpoint, bucket string) client {
		t.Helper()
		env := []string{"AWS_ACCESS_KEY_ID=" + e.access, "AWS_SECRET_ACCESS_KEY=" + e.secret, "AWS_DEFAULT_REGION=us-east-1"}
		if e.ca != "" {
			env = append(env, "AWS_CA_BUNDLE="+e.ca)
		}
		cmd := exec.Command(python, "testdata/boto3_client.py", e.url, bucket)
		cmd.Env = newShell(t, env...).env
		cmd.Stderr = os.Stderr
		requests, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		answers, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			requests.Close()
			if err := cmd.Wait(); err != nil {
				t.Errorf("end of the boto3 process: %v", err)
			}
		})
		return &boto3{requests, bufio.NewReader(answers)}
	}
}

// do sends one request and decodes its result into result, unless that is nil.
func (c *boto3) do(result any, operation string, arguments ...any) error {
	if arguments == nil {
		arguments = []any{}
	}
	request, err := json.Marshal(map[string]any{"operation": operation, "arguments": arguments})
	if err != nil {
		return err
	}
	if _, err := c.requests.Write(append(request, '\n')); err != nil {
		return err
	}
	line, err := c.answers.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("answer to %s: %w", operation, err)
	}
	var answer struct {
		Error  string
		Result json.RawMessage
	}
	if err := json.Unmarshal(line, &answer); err != nil {
		return err
	}
	if answer.Error != "" {
		return fmt.Errorf("boto3 %s %q: %s", operation, arguments, answer.Error)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Result, result)
}

func (c *boto3) put(_ context.Context, file, key string) error { return c.do(nil, "put", file, key) }
func (c *boto3) get(_ context.Context, key, file string) error { return c.do(nil, "get", key, file) }
func (c *boto3) copy(_ context.Context, from, to string) error { return c.do(nil, "copy", from, to) }
func (c *boto3) remove(_ context.Context, key string) error    { return c.do(nil, "remove", key) }
func (c *boto3) abortUploads(context.Context) error            { return c.do(nil, "abort_uploads") }

func (c *boto3) move(ctx context.Context, from, to string) error {
	if err := c.copy(ctx, from, to); err != nil {
		return err
	}
	return c.remove(ctx, from)
}

func (c *boto3) part(_ context.Context, key string, off, n int64) ([]byte, error) {
	var text string
	if err := c.do(&text, "part", key, off, n); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(text)
}

func (c *boto3) list(context.Context) ([]string, error) {
	var keys []string
	return keys, c.do(&keys, "list_keys")
}
