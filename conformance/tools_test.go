//go:build conformance

package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
)

// The clients that are built here, because Debian has none or an old one.
const (
	newRclone = "github.com/rclone/rclone@v1.76.0"
	mcModule  = "github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9"
)

func init() { whole = true }

// TestTools runs the clients built with Go through the steps of TestClients.
func TestTools(t *testing.T) {
	runSuites(t, []contender{
		{"rclone-1.76", openRclone(install(t, newRclone))},
		{"mc", openMC(install(t, mcModule))},
	})
}

// install builds a module's program and returns its path.
func install(t *testing.T, module string) string {
	t.Helper()
	cmd := exec.Command("go", "install", module)
	cmd.Env = append(os.Environ(), "GOBIN="+scratch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", module, err, out)
	}
	name, _, _ := strings.Cut(module, "@")
	return filepath.Join(scratch, filepath.Base(name))
}

// mc is MinIO's client; its alias "gw" is in the environment.
type mc struct {
	shell
	program string
	bucket  string
}

func openMC(program string) func(*testing.T, endpoint, string) client {
	return func(t *testing.T, e endpoint, bucket string) client {
		t.Helper()
		config := t.TempDir()
		scheme, address, _ := strings.Cut(e.url, "://")
		s := newShell(t, "MC_CONFIG_DIR="+config, fmt.Sprintf("MC_HOST_gw=%s://%s:%s@%s", scheme, e.access, e.secret, address))
		if e.ca != "" {
			authorities := filepath.Join(config, "certs", "CAs")
			if err := os.MkdirAll(authorities, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := copyFile(e.ca, filepath.Join(authorities, "ca.pem")); err != nil {
				t.Fatal(err)
			}
		}
		return &mc{s, program, bucket}
	}
}

func (c *mc) mc(ctx context.Context, args ...string) error {
	_, err := c.run(ctx, c.program, append([]string{"--quiet"}, args...)...)
	return err
}

func (c *mc) url(key string) string { return "gw/" + c.bucket + "/" + key }

func (c *mc) put(ctx context.Context, file, key string) error {
	return c.mc(ctx, "cp", file, c.url(key))
}
func (c *mc) get(ctx context.Context, key, file string) error {
	return c.mc(ctx, "cp", c.url(key), file)
}
func (c *mc) copy(ctx context.Context, from, to string) error {
	return c.mc(ctx, "cp", c.url(from), c.url(to))
}
func (c *mc) move(ctx context.Context, from, to string) error {
	return c.mc(ctx, "mv", c.url(from), c.url(to))
}
func (c *mc) remove(ctx context.Context, key string) error { return c.mc(ctx, "rm", c.url(key)) }

func (c *mc) putTree(ctx context.Context, dir, prefix string) error {
	return c.mc(ctx, "cp", "--recursive", dir+"/", c.url(prefix))
}

func (c *mc) getTree(ctx context.Context, prefix, dir string) error {
	return c.mc(ctx, "cp", "--recursive", c.url(prefix), dir+"/")
}

func (c *mc) part(ctx context.Context, key string, off, n int64) ([]byte, error) {
	out, err := c.run(ctx, c.program, "cat", "--offset", strconv.FormatInt(off, 10), c.url(key))
	return []byte(out[:min(int64(len(out)), n)]), err
}

func (c *mc) list(ctx context.Context) ([]string, error) {
	out, err := c.run(ctx, c.program, "ls", "--recursive", "--json", c.url(""))
	if err != nil {
		return nil, err
	}
	var keys []string
	for line := range strings.Lines(out) {
		var object struct{ Key string }
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			return nil, err
		}
		keys = append(keys, object.Key)
	}
	return keys, nil
}

func (c *mc) abortUploads(ctx context.Context) error {
	return c.mc(ctx, "rm", "--incomplete", "--recursive", "--force", c.url(""))
}

// TestToolsMinioFunctional runs the tests that minio-go's authors run against
// servers.
func TestToolsMinioFunctional(t *testing.T) {
	program := buildFunctional(t)
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			g := newGateway(t, scheme == "https")
			cmd := exec.Command(program)
			cmd.Dir = t.TempDir()
			cmd.Env = append(cleanEnv(t.TempDir()), "SERVER_ENDPOINT="+g.host(), "ACCESS_KEY="+g.access, "SECRET_KEY="+g.secret,
				"ENABLE_HTTPS="+strconv.FormatBool(g.tls()), "SSL_CERT_FILE="+g.ca, "ENABLE_KMS=0", "MINT_MODE=full", "RUN_ON_FAIL=1")
			var problems bytes.Buffer
			cmd.Stderr = &problems
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("the tests did not run to their end: %v\n%.4000s", err, problems.String())
			}
			for name, failure := range functionalResults(t, out) {
				t.Run(name, func(t *testing.T) { known.judge(t, failure) })
			}
		})
	}
}

// buildFunctional builds the functional tests out of the module that the
// gateway's own go.mod names.
func buildFunctional(t *testing.T) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/minio/minio-go/v7").Output()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(scratch, "functional")
	source := filepath.Join(strings.TrimSpace(string(dir)), "functional_tests.go")
	if out, err := exec.Command("go", "build", "-o", program, source).CombinedOutput(); err != nil {
		t.Fatalf("build the functional tests: %v\n%s", err, out)
	}
	return program
}

// functionalResults reads the lines of JSON that the program prints: nil for a
// test that passed, or that asks for what the server says it does not do.
func functionalResults(t *testing.T, out []byte) map[string]error {
	t.Helper()
	results := map[string]error{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct{ Name, Function, Status, Alert, Message, Error string }
		if json.Unmarshal(lines.Bytes(), &line) != nil || line.Status == "" {
			continue
		}
		name := strings.TrimPrefix(line.Name, "minio-go: ")
		if line.Status == "FAIL" {
			failure := fmt.Errorf("%s: %s: %s %s", line.Function, line.Message, line.Error, line.Alert)
			results[name] = errors.Join(results[name], failure)
		} else if _, ok := results[name]; !ok {
			results[name] = nil
		}
	}
	if len(results) < 50 {
		t.Errorf("%d functional tests reported, want at least 50", len(results))
	}
	return results
}

// TestToolsLargeUpload sends 5 GiB in parts over https.
func TestToolsLargeUpload(t *testing.T) {
	const (
		size = 5 << 30
		most = 300 << 20
	)
	g := newGateway(t, true)
	r := newReference(t, g.endpoint, "large")
	_, err := r.core.Client.PutObject(t.Context(), r.bucket, "v1/large", io.LimitReader(randomBytes(1), size), size, minio.PutObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	peak := g.peakMemory(t)
	t.Logf("peak memory of one upload of 5 GiB: %d MiB", peak>>20)
	if peak > most {
		t.Errorf("peak memory of one upload of 5 GiB is %d MiB, want at most %d MiB", peak>>20, int64(most)>>20)
	}
	want, err := sumOf(io.LimitReader(randomBytes(1), size))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.expect(t.Context(), "v1/large", want); err != nil {
		t.Error(err)
	}
	t.Logf("peak memory after reading it back: %d MiB", g.peakMemory(t)>>20)
}
