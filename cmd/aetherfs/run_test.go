package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"aetherfs/internal/auth"
)

// started is a gateway that runs in this process.
type started struct {
	t      *testing.T
	url    string
	keys   keyPair
	client *http.Client
	stop   func() int // tells it to stop, and returns its exit code

	mu     sync.Mutex
	stdout bytes.Buffer // guarded by mu
	stderr bytes.Buffer // guarded by mu
}

func (s *started) log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stderr.String()
}

// locked is a writer to a buffer of s.
type locked struct {
	s  *started
	to *bytes.Buffer
}

func (l locked) Write(p []byte) (int, error) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	return l.to.Write(p)
}

var servedAt = regexp.MustCompile(`serves S3 on (\S+) `)

// start runs "aetherfs run" on a data folder and returns when it serves. The
// test's end stops it.
func start(t *testing.T, data string, args ...string) *started {
	t.Helper()
	s := startIn(t, data, []string{"HOME=" + data}, args...)
	var err error
	if s.keys, err = readCredentials(data + "/" + credentialsFile); err != nil {
		t.Fatal(err)
	}
	return s
}

// startIn is start in an environment, which has the keys.
func startIn(t *testing.T, data string, environ []string, args ...string) *started {
	t.Helper()
	s := &started{t: t, client: &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}}
	ctx, cancel := context.WithCancel(context.Background())
	lines, stdout := io.Pipe()
	exit := make(chan int, 1)
	args = append([]string{"run", "--listen=127.0.0.1:0", "--data=" + data, "--memory=128MiB"}, args...)
	go func() {
		exit <- run(ctx, args, environ, io.MultiWriter(locked{s, &s.stdout}, stdout), locked{s, &s.stderr})
		stdout.Close()
	}()
	s.stop = sync.OnceValue(func() int {
		s.client.CloseIdleConnections()
		cancel()
		return <-exit
	})
	t.Cleanup(func() { s.stop() })
	for scanner := bufio.NewScanner(lines); s.url == "" && scanner.Scan(); {
		if m := servedAt.FindStringSubmatch(scanner.Text()); m != nil {
			s.url = m[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	if s.url == "" {
		t.Fatalf("aetherfs %q ended with %d:\n%s", args, <-exit, s.log())
	}
	return s
}

// do sends a request that is signed with keys, unless they are empty.
func (s *started) do(method, path string, body io.Reader, keys keyPair) (status int, answer string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	if keys != (keyPair{}) {
		auth.Sign(r, keys.access, keys.secret, auth.DefaultRegion, time.Now())
	}
	got, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return got.StatusCode, string(text)
}

// must is do with the gateway's keys, for what has to succeed.
func (s *started) must(method, path string, body io.Reader) string {
	s.t.Helper()
	status, answer := s.do(method, path, body, s.keys)
	if status/100 != 2 {
		s.t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	return answer
}

func TestFirstAndSecondStart(t *testing.T) {
	data := t.TempDir()
	first := start(t, data)
	first.must("PUT", "/maps", nil)
	first.must("PUT", "/maps/v1/a.txt", strings.NewReader("a map"))
	if !strings.Contains(first.stdout.String(), "New keys were made") {
		t.Errorf("the first start does not tell of the new keys:\n%s", &first.stdout)
	}
	if code := first.stop(); code != exitOK {
		t.Errorf("told to stop it exits with %d, want %d:\n%s", code, exitOK, first.log())
	}

	second := start(t, data)
	if second.keys != first.keys {
		t.Error("the second start has other keys")
	}
	if got := second.must("GET", "/maps/v1/a.txt", nil); got != "a map" {
		t.Errorf("after a restart the file holds %q", got)
	}
	if code := second.stop(); code != exitOK {
		t.Errorf("told to stop it exits with %d, want %d", code, exitOK)
	}
	for _, s := range []*started{first, second} {
		if strings.Contains(s.log()+s.stdout.String(), s.keys.secret) {
			t.Error("the secret key was printed or logged")
		}
	}
	if strings.Contains(second.stdout.String(), "New keys were made") {
		t.Error("the second start tells of new keys")
	}
}

func TestOneGatewayAFolder(t *testing.T) {
	data := t.TempDir()
	start(t, data)
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"run", "--listen=127.0.0.1:0", "--data=" + data}, []string{"HOME=" + data}, &stdout, &stderr)
	if code != exitFailed || !strings.Contains(stderr.String(), data) || stdout.Len() > 0 {
		t.Errorf("a second gateway: exit code %d, printed %q and %q", code, &stdout, &stderr)
	}
	t.Log(stderr.String())
}

func TestHealthMetricsAndStats(t *testing.T) {
	s := start(t, t.TempDir())
	nobody, wrong := keyPair{}, keyPair{s.keys.access, "another-secret-key"}
	for _, test := range []struct {
		path string
		keys keyPair
		want int
	}{
		{"/healthz", nobody, 200}, {"/readyz", nobody, 200}, {"/healthz/x", nobody, 404},
		{"/metrics", nobody, 401}, {"/metrics", wrong, 401}, {"/metrics", s.keys, 200},
		{"/api/v1/stats", nobody, 401}, {"/api/v1/stats", wrong, 401}, {"/api/v1/stats", s.keys, 200},
		{"/api/v1/stats?dataset=none", s.keys, 404}, {"/ui/", s.keys, 404}, {"/", nobody, 403}, {"/", s.keys, 200},
	} {
		if status, answer := s.do("GET", test.path, nil, test.keys); status != test.want {
			t.Errorf("GET %s with keys %q: %d %s, want %d", test.path, test.keys.access, status, answer, test.want)
		}
	}

	r, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(s.keys.access, s.keys.secret)
	answer, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 200 || !bytes.Contains(text, []byte(`aetherfs_requests_total{operation="ListBuckets",status="200"} 1`)) {
		t.Errorf("metrics with Basic authentication: %d, error %v:\n%s", answer.StatusCode, err, text)
	}
}

func TestOpenMetrics(t *testing.T) {
	s := start(t, t.TempDir(), "--metrics-open")
	if status, _ := s.do("GET", "/metrics", nil, keyPair{}); status != 200 {
		t.Errorf("open metrics are answered by %d", status)
	}
	if status, _ := s.do("GET", "/api/v1/stats", nil, keyPair{}); status != 401 {
		t.Errorf("statistics without keys are answered by %d", status)
	}
}

// TestStats puts two versions and looks at them as a user does.
func TestStats(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	s.must("PUT", "/maps", nil)
	content := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
	s.must("PUT", "/maps/v1/a", strings.NewReader(content))
	s.must("PUT", "/maps/v2/a", strings.NewReader(content))
	s.must("PUT", "/maps/v2/b", strings.NewReader("b"))
	var stdout, stderr bytes.Buffer
	args := []string{"stats", "--endpoint", s.url, "--data", data}
	if code := run(t.Context(), args, nil, &stdout, &stderr); code != exitOK {
		t.Fatalf("stats: exit code %d: %s", code, &stderr)
	}
	for _, want := range []string{
		`(?m)^DATASET  TAG  FILES +SIZE +STORED +ADDED$`,
		`(?m)^maps     v1       1  1\.0 MiB +[\d.]+ \w*B +[\d.]+ \w*B$`,
		`(?m)^maps     v2       2  1\.0 MiB +[\d.]+ \w*B +[\d.]+ \w*B$`,
	} {
		if !regexp.MustCompile(want).MatchString(stdout.String()) {
			t.Errorf("no line is %s in:\n%s", want, &stdout)
		}
	}
	stdout.Reset()
	if code := run(t.Context(), append(args, "--json", "maps"), nil, &stdout, &stderr); code != exitOK || !strings.Contains(stdout.String(), `"bytes": 1048577`) {
		t.Errorf("stats --json: exit code %d, %s%s", code, &stdout, &stderr)
	}
	if code := run(t.Context(), append(args, "none"), nil, &stdout, &stderr); code != exitFailed || !strings.Contains(stderr.String(), "there is no such dataset") {
		t.Errorf("stats of an unknown dataset: exit code %d, %s", code, &stderr)
	}
}

// TestUploadInFlightIsFinished tells the gateway to stop in the middle of an
// upload: it is answered, and what it stored is there after a restart.
func TestUploadInFlightIsFinished(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	s.must("PUT", "/maps", nil)
	first, rest := strings.Repeat("first ", 100_000), strings.Repeat("rest ", 100_000)
	body, feed := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), "PUT", s.url+"/maps/v1/large", body)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = int64(len(first) + len(rest))
	r.Header.Set("Expect", "100-continue") // so that nothing is sent before the gateway reads
	auth.Sign(r, s.keys.access, s.keys.secret, auth.DefaultRegion, time.Now())
	done := make(chan error, 1)
	go func() {
		answer, err := s.client.Do(r)
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode != 200 {
				err = fmt.Errorf("answered by %s", answer.Status)
			}
		}
		done <- err
	}()
	write := func(text string) {
		if _, err := io.WriteString(feed, text); err != nil {
			t.Errorf("send: %v", err)
		}
	}
	write(first)
	exit := make(chan int, 1)
	go func() { exit <- s.stop() }()
	write(rest)
	feed.Close()
	if err := <-done; err != nil {
		t.Errorf("the upload: %v\n%s", err, s.log())
	}
	if code := <-exit; code != exitOK {
		t.Errorf("exit code %d, want %d:\n%s", code, exitOK, s.log())
	}
	if got := start(t, data).must("GET", "/maps/v1/large", nil); got != first+rest {
		t.Errorf("after a restart the file has %d bytes, want %d", len(got), len(first)+len(rest))
	}
}

func TestOneLineARequest(t *testing.T) {
	s := start(t, t.TempDir(), "--log-format=json", "--log-level=debug")
	s.must("PUT", "/maps", nil)
	s.must("PUT", "/maps/v1/a", strings.NewReader("a"))
	s.stop()
	if n := strings.Count(s.log(), `"msg":"s3"`); n != 2 {
		t.Errorf("%d lines for 2 requests:\n%s", n, s.log())
	}
}

func TestReadmeKnowsEverySetting(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	runCommand(nil).Flags().VisitAll(func(f *pflag.Flag) {
		if !bytes.Contains(readme, []byte("--"+f.Name)) {
			t.Errorf("README.md lacks --%s", f.Name)
		}
	})
}
