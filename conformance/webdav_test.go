package conformance

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// A drive is the tree of a gateway as WebDAV shows it, at work in one dataset,
// which exists.
type drive struct {
	endpoint
	dataset string
	http    *http.Client
}

// newDrive makes the dataset, and a reference that looks at it over S3.
func newDrive(t *testing.T, e endpoint, dataset string) (*drive, *reference) {
	t.Helper()
	d := &drive{e, dataset, &http.Client{Transport: newTransport(e)}}
	t.Cleanup(d.http.CloseIdleConnections)
	return d, newReference(t, e, dataset)
}

// root is the URL of the dataset, with '/' at its end.
func (d *drive) root() string { return d.url + "/webdav/" + d.dataset + "/" }

// do sends a request and returns the answer, of which the body is read. Headers
// are pairs of names and values.
func (d *drive) do(ctx context.Context, method, name string, body io.Reader, headers ...string) (*http.Response, string, error) {
	req, err := http.NewRequestWithContext(ctx, method, d.root()+name, body)
	if err != nil {
		return nil, "", err
	}
	req.SetBasicAuth(d.access, d.secret)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp, string(text), err
}

// litmusPrograms are the parts of litmus, and how many tests each has.
var litmusPrograms = map[string]int{"basic": 16, "copymove": 13, "props": 30, "locks": 41, "http": 4}

// TestWebDAVLitmus runs the test suite of servers of WebDAV: every test passes,
// none warns and none is skipped.
func TestWebDAVLitmus(t *testing.T) {
	t.Parallel()
	g := newGateway(t, false)
	for program, tests := range litmusPrograms {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			d, _ := newDrive(t, g.endpoint, "litmus-"+program)
			cmd := exec.CommandContext(t.Context(), "litmus", d.root(), d.access, d.secret)
			cmd.Dir = t.TempDir() // it writes a log beside itself
			cmd.Env = append(cleanEnv(cmd.Dir), "TESTS="+program)
			out, err := cmd.CombinedOutput()
			said := strings.ReplaceAll(string(out), "\r", "\n")
			whole := fmt.Sprintf("of %d tests run: %d passed, 0 failed", tests, tests)
			if err != nil || !strings.Contains(said, whole) {
				t.Errorf("litmus: %v, want %q\n%s", err, whole, said)
			}
			if odd := regexp.MustCompile(`(?i)[^\n]*(warning|skipped)[^\n]*`).FindString(said); odd != "" {
				t.Errorf("litmus says %q\n%s", odd, said)
			}
		})
	}
}
