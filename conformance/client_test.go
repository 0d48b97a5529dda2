package conformance

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A client is one S3 client at work in one bucket, which exists. It does each
// thing the way its own manual says. A file is a path on this machine.
type client interface {
	put(ctx context.Context, file, key string) error
	get(ctx context.Context, key, file string) error
	copy(ctx context.Context, from, to string) error
	move(ctx context.Context, from, to string) error
	remove(ctx context.Context, key string) error

	// part reads n bytes from off on, asking the server for no more than it
	// must.
	part(ctx context.Context, key string, off, n int64) ([]byte, error)

	// list returns all keys of the bucket, in any order.
	list(ctx context.Context) ([]string, error)

	// abortUploads finds the unfinished uploads of the bucket and ends them.
	abortUploads(ctx context.Context) error
}

// A treeClient copies whole folders in one step, and so does not meet keys that
// no folder can hold. A copy out goes to a folder that exists.
type treeClient interface {
	client
	putTree(ctx context.Context, dir, prefix string) error
	getTree(ctx context.Context, prefix, dir string) error
}

// A contender opens its client. open may fail the test.
type contender struct {
	name string
	open func(t *testing.T, e endpoint, bucket string) client
}

// contenders are the clients of this machine. Of the aws program and of Python
// there can be two: the first on the path, and Debian's.
func contenders(t *testing.T) []contender {
	all := []contender{
		{"rclone", openRclone("rclone")},
		{"s3cmd", openS3cmd},
		{"s3fs", openS3fs},
		{"minio-go", openMinio},
		{"aws-sdk-go-v2", openSDK},
	}
	for _, program := range programs(t, "aws") {
		all = append(all, contender{"aws_" + program.origin, openAWS(program.path)})
	}
	for _, program := range programs(t, "python3") {
		if program.origin == "debian" || hasBoto3(program.path) {
			all = append(all, contender{"boto3_" + program.origin, openBoto3(program.path)})
		}
	}
	return all
}

type program struct{ origin, path string }

// programs finds Debian's program of that name and, where that is another, the
// first on the path. A missing one fails the test: install.sh brings it.
func programs(t *testing.T, name string) []program {
	t.Helper()
	debian := filepath.Join("/usr/bin", name)
	if _, err := os.Stat(debian); err != nil {
		t.Fatalf("client is missing, run conformance/install.sh: %v", err)
	}
	found := []program{{"debian", debian}}
	first, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("client is missing, run conformance/install.sh: %v", err)
	}
	if !sameFile(first, debian) {
		found = append(found, program{"path", first})
	}
	return found
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// A shell runs programs with an environment of its own.
type shell struct{ env []string }

// newShell has an empty home folder and none of the machine's settings that
// concern S3, proxies or certificates. With pairs it adds variables.
func newShell(t *testing.T, pairs ...string) shell {
	t.Helper()
	return shell{append(cleanEnv(t.TempDir()), pairs...)}
}

// run returns what the program prints. An error carries what it said.
func (s shell) run(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = s.env
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		said := problems.String() + out.String()
		return "", fmt.Errorf("%s %q: %w: %s", filepath.Base(name), args, err, said[max(len(said)-2000, 0):])
	}
	return out.String(), nil
}

// cleanEnv is the environment without what would change a client's defaults.
func cleanEnv(home string) []string {
	prefixes := []string{"AWS_", "AETHERFS_", "RCLONE_", "MC_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "HOME", "LANG", "LC_"}
	env := slices.DeleteFunc(os.Environ(), func(pair string) bool {
		name, _, _ := strings.Cut(strings.ToUpper(pair), "=")
		return strings.HasSuffix(name, "_CA_BUNDLE") ||
			slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	})
	return append(env, "HOME="+home, "LANG=C.UTF-8")
}
