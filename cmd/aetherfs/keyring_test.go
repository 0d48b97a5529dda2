package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/internal/web"
)

// owner is the owner's keys where a test gives them.
var owner = keyPair{"owner", "0123456789abcdef"}

func environOf(keys keyPair) []string {
	return []string{"HOME=/", "AETHERFS_ACCESS_KEY=" + keys.access, "AETHERFS_SECRET_KEY=" + keys.secret}
}

// aetherfs runs a command that asks s, with keys.
func (s *started) aetherfs(keys keyPair, args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	var out, errs bytes.Buffer
	code = run(s.t.Context(), append(args, "--endpoint", s.url), environOf(keys), &out, &errs)
	return code, out.String(), errs.String()
}

// createKey makes a key on the command line and reads what it prints as S3
// clients would.
func (s *started) createKey(args ...string) keyPair {
	s.t.Helper()
	code, stdout, stderr := s.aetherfs(s.keys, append([]string{"key", "create"}, args...)...)
	if code != exitOK {
		s.t.Fatalf("key create: exit code %d, %s", code, stderr)
	}
	file := filepath.Join(s.t.TempDir(), "credentials")
	writeFile(s.t, file, stdout)
	keys, err := readCredentials(file)
	if err != nil {
		s.t.Fatal(err)
	}
	return keys
}

// expect checks how a key is answered that lists the datasets.
func (s *started) expect(keys keyPair, want int) {
	s.t.Helper()
	if status, answer := s.do("GET", "/", nil, keys); status != want {
		s.t.Errorf("key %s is answered by %d %s, want %d", keys.access, status, answer, want)
	}
}

// TestKeysComeAndGo makes a key, uses it, deletes it, and starts again.
func TestKeysComeAndGo(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	further := s.createKey("--note", "laptop")
	stays := s.createKey()
	s.expect(further, 200)
	s.expect(keyPair{further.access, stays.secret}, 403)
	if status, answer := s.do("PUT", "/maps", nil, further); status != 200 {
		t.Errorf("a further key makes a dataset: %d %s", status, answer)
	}
	code, stdout, _ := s.aetherfs(s.keys, "key", "list")
	if code != exitOK || !strings.HasPrefix(stdout, "ACCESS KEY") || !strings.Contains(stdout, further.access) || !strings.Contains(stdout, "laptop") {
		t.Errorf("key list: exit code %d:\n%s", code, stdout)
	}
	if strings.Contains(stdout+s.log(), further.secret) {
		t.Error("a secret was listed or logged")
	}
	for _, args := range [][]string{{"key", "list"}, {"key", "create"}, {"key", "delete", stays.access}} {
		if code, stdout, stderr := s.aetherfs(further, args...); code != exitFailed || stdout != "" || !strings.Contains(stderr, "only the owner's key may manage keys") {
			t.Errorf("%q by a further key: exit code %d, %s%s", args, code, stdout, stderr)
		}
	}
	if code, _, stderr := s.aetherfs(s.keys, "key", "delete", further.access); code != exitOK {
		t.Errorf("key delete: exit code %d, %s", code, stderr)
	}
	s.expect(further, 403)
	for access, want := range map[string]string{
		further.access: "there is no such key", "a/b": "there is no such key", "": "there is no such key",
		strings.Repeat("A", 300): "there is no such key", s.keys.access: "is a setting of the gateway",
	} {
		if code, _, stderr := s.aetherfs(s.keys, "key", "delete", access); code != exitFailed || !strings.Contains(stderr, "delete key "+access+": ") || !strings.Contains(stderr, want) {
			t.Errorf("key delete %s: exit code %d, %s", access, code, stderr)
		}
	}
	s.stop()

	again := start(t, data)
	again.expect(stays, 200)
	again.expect(further, 403)
	again.stop()

	other := startIn(t, data, environOf(owner))
	other.keys = owner
	other.expect(owner, 200)
	other.expect(stays, 403)
	if _, stdout, _ := other.aetherfs(owner, "key", "list"); !strings.Contains(stdout, stays.access) || !strings.Contains(stdout, "unreadable: made under another owner's secret") {
		t.Errorf("a key of another owner is listed as\n%s", stdout)
	}
}

func TestKeysAsJSON(t *testing.T) {
	s := start(t, t.TempDir())
	var made web.NewKey
	var keys web.Keys
	for _, test := range []struct {
		args []string
		to   any
	}{{[]string{"key", "create", "--json", "--note", "a"}, &made}, {[]string{"key", "list", "--json"}, &keys}} {
		code, stdout, stderr := s.aetherfs(s.keys, test.args...)
		if err := json.Unmarshal([]byte(stdout), test.to); err != nil || code != exitOK {
			t.Errorf("%q: exit code %d, error %v, %s%s", test.args, code, err, stdout, stderr)
		}
	}
	s.expect(keyPair{made.Access, made.Secret}, 200)
	if len(keys.Keys) != 1 || keys.Keys[0].Access != made.Access || keys.Keys[0].Note != "a" || time.Since(keys.Keys[0].Created).Abs() > time.Minute {
		t.Errorf("keys %+v", keys)
	}
}

// TestGatewaysOfABucketShareKeys runs two gateways whose store is a third: a
// key that one made is known to the other, and is not when it was deleted.
func TestGatewaysOfABucketShareKeys(t *testing.T) {
	below := start(t, t.TempDir())
	below.must("PUT", "/bucket", nil)
	environ := append(environOf(owner), "AETHERFS_STORE_ACCESS_KEY="+below.keys.access, "AETHERFS_STORE_SECRET_KEY="+below.keys.secret)
	var gateways [2]*started
	for i := range gateways {
		gateways[i] = startIn(t, t.TempDir(), environ, "--store=s3://bucket/prefix?path-style=true&endpoint="+below.url)
		gateways[i].keys = owner
	}
	further := gateways[0].createKey()
	gateways[0].expect(further, 200)
	gateways[1].expect(further, 200)
	forged := keyPair{"AAAAAAAAAAAAAAAAAAAA", further.secret}
	gateways[1].expect(forged, 403)

	if code, _, stderr := gateways[1].aetherfs(owner, "key", "delete", further.access); code != exitOK {
		t.Fatalf("key delete: exit code %d, %s", code, stderr)
	}
	gateways[1].expect(further, 403)
	deleted := time.Now()
	for { // the other gateway looks now and then
		status, _ := gateways[0].do("GET", "/", nil, further)
		if status == 403 {
			break
		}
		if time.Since(deleted) > time.Minute { // a busy machine is late
			t.Fatal("the other gateway still knows the deleted key")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestHubIsFollowed: every four seconds, whatever the store answers; that it
// does not is logged once, and so is that it does again.
func TestHubIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		var fail atomic.Pointer[error]
		var looks atomic.Int32
		fail.Store(new(error))
		look := func(ctx context.Context) error {
			looks.Add(1)
			if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) != hubTimeout {
				t.Errorf("a look may take until %v", deadline)
			}
			return *fail.Load()
		}
		ended, end := context.WithCancel(t.Context())
		stop := follow(ended, look, slog.New(slog.NewTextHandler(&logged, nil)))
		end() // the gateway is told to stop, and goes on until its last request is answered
		for i, fails := range []error{nil, errors.New("no answer"), errors.New("no answer"), nil, nil} {
			time.Sleep(hubPause - time.Millisecond)
			fail.Store(&fails)
			time.Sleep(time.Millisecond)
			synctest.Wait()
			if got := int(looks.Load()); got != i+1 {
				t.Errorf("after %d pauses there were %d looks", i+1, got)
			}
		}
		if err := stop(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(10 * hubPause)
		if got := looks.Load(); got != 5 {
			t.Errorf("it is followed after its end: %d looks", got)
		}
		if got := logged.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "no answer") || !strings.Contains(got, "again") {
			t.Errorf("logged:\n%s", got)
		}
	})
}

// TestKeysOfABucketMustBeGiven: a gateway that made its own would be a stranger
// to the next.
func TestKeysOfABucketMustBeGiven(t *testing.T) {
	data := t.TempDir()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"run", "--data=" + data, "--store=s3://bucket"}, []string{"HOME=" + data}, &stdout, &stderr)
	if code != exitMistake || !strings.Contains(stderr.String(), "AETHERFS_ACCESS_KEY") {
		t.Errorf("exit code %d, %s", code, &stderr)
	}
	if made, err := os.ReadDir(data); err != nil || len(made) > 0 {
		t.Errorf("%v was made, error %v", made, err)
	}
}
