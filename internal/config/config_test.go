package config_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"aetherfs/internal/config"
)

var runFlags = []string{"listen", "data", "store", "tls-cert", "tls-key", "s3-domain", "region", "memory", "log-format", "log-level", "metrics-open", "webdav-side-files", "nfs-listen", "nfs-allow", "nfs-export", "read-staleness"}

func load(t *testing.T, args, environ []string) (*config.Config, error) {
	t.Helper()
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	config.AddFlags(flags, runFlags...)
	if err := flags.Parse(args); err != nil {
		t.Fatalf("parse %q: %v", args, err)
	}
	return config.Load(flags, environ)
}

func write(t *testing.T, mode os.FileMode, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "aetherfs.yaml")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestNothingGivenIsEnough(t *testing.T) {
	c, err := load(t, nil, []string{"HOME=/home/u", "AETHERFS_STORE="})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(c.Listen, c.Data, c.Store, c.Region, c.LogFormat, c.LogLevel, c.MetricsOpen, c.Endpoint)
	want := fmt.Sprint("127.0.0.1:8080", "/home/u/.local/share/aetherfs", "/home/u/.local/share/aetherfs/store", "us-east-1", "text",
		slog.LevelInfo, false, "http://127.0.0.1:8080")
	if got != want {
		t.Errorf("defaults are %s, want %s", got, want)
	}
	if c.Memory < 128<<20 || c.Memory > 1<<30 {
		t.Errorf("default memory is %d bytes, want 128 MiB to 1 GiB", c.Memory)
	}
}

// TestPrecedence gives every subset of the sources a value for one setting:
// the strongest of them must win.
func TestPrecedence(t *testing.T) {
	file := write(t, 0o644, "region: file")
	for subset := range 8 {
		args, environ, want := []string(nil), []string{"HOME=/h"}, "us-east-1"
		if subset&1 != 0 {
			environ, want = append(environ, "AETHERFS_CONFIG="+file), "file"
		}
		if subset&2 != 0 {
			environ, want = append(environ, "AETHERFS_REGION=env"), "env"
		}
		if subset&4 != 0 {
			args, want = append(args, "--region=flag"), "flag"
		}
		c, err := load(t, args, environ)
		if err != nil {
			t.Fatal(err)
		}
		if c.Region != want {
			t.Errorf("region with %q and %q is %s, want %s", args, environ, c.Region, want)
		}
	}
}

func TestFolders(t *testing.T) {
	for _, test := range []struct {
		args, environ []string
		data, store   string
	}{
		{nil, []string{"HOME=/h", "XDG_DATA_HOME=/x"}, "/x/aetherfs", "/x/aetherfs/store"},
		{nil, []string{"HOME=/h", "XDG_DATA_HOME=relative"}, "/h/.local/share/aetherfs", "/h/.local/share/aetherfs/store"},
		{[]string{"--data=/d"}, nil, "/d", "/d/store"},
		{[]string{"--data=/d", "--store=file:///s/t"}, nil, "/d", "/s/t"},
		{[]string{"--data=/d", "--store=/s"}, nil, "/d", "/s"},
	} {
		c, err := load(t, test.args, test.environ)
		if err != nil {
			t.Errorf("load %q, %q: %v", test.args, test.environ, err)
			continue
		}
		if c.Data != test.data || c.Store != test.store {
			t.Errorf("folders of %q, %q are %s and %s, want %s and %s", test.args, test.environ, c.Data, c.Store, test.data, test.store)
		}
	}
}

// TestBuckets: the URL stays as it was written, and a gateway on it needs keys
// that others can be given too.
func TestBuckets(t *testing.T) {
	const url = "s3://bucket/a/prefix?endpoint=https://s3.example.org:9000&region=eu-west-1"
	environ := []string{"HOME=/h", "AETHERFS_STORE=" + url, "AETHERFS_STORE_ACCESS_KEY=any/key+", "AETHERFS_STORE_SECRET_KEY=s", "AWS_PROFILE=work"}
	c, err := load(t, []string{"--read-staleness=250ms"}, environ)
	if err != nil {
		t.Fatal(err)
	}
	if c.Store != url || !c.Remote() || c.StoreAccessKey != "any/key+" || c.StoreSecretKey != "s" || c.ReadStaleness != 250*time.Millisecond ||
		c.Getenv("AWS_PROFILE") != "work" {
		t.Errorf("loaded %+v", c)
	}
	if err := c.Shared(); err == nil || !strings.Contains(err.Error(), "AETHERFS_ACCESS_KEY") {
		t.Errorf("without keys of the gateway: %v, want what to set", err)
	}
	c, err = load(t, nil, append(environ, "AETHERFS_ACCESS_KEY=user", "AETHERFS_SECRET_KEY=0123456789abcdef"))
	if err != nil || c.Shared() != nil {
		t.Errorf("with keys of the gateway: %v, %v", err, c.Shared())
	}
	if _, err := load(t, nil, environ[:3]); err == nil || !strings.Contains(err.Error(), "store-secret-key is needed too") {
		t.Errorf("half of the store's keys: %v", err)
	}
	if c, err := load(t, nil, environ[:1]); err != nil || c.Remote() || c.Shared() != nil {
		t.Errorf("a folder: remote %t, %v, %v", c.Remote(), c.Shared(), err)
	}
}

func TestEndpointFollowsListen(t *testing.T) {
	for listen, want := range map[string]string{
		":9000":        "http://127.0.0.1:9000",
		"0.0.0.0:9000": "http://127.0.0.1:9000",
		"[::]:9000":    "http://127.0.0.1:9000",
		"[::1]:9000":   "http://[::1]:9000",
		"s3.local:80":  "http://s3.local:80",
	} {
		c, err := load(t, []string{"--listen", listen}, []string{"HOME=/h"})
		if err != nil {
			t.Fatal(err)
		}
		if c.Endpoint != want {
			t.Errorf("endpoint of %s is %s, want %s", listen, c.Endpoint, want)
		}
	}
}

func TestEveryMistakeIsToldWithItsSource(t *testing.T) {
	file := write(t, 0o644, "memory: 12", "lisen: oops", "log-level: loud", "secret-key: sixteen-characters", "store: [a, b]")
	_, err := load(t, []string{"--listen=here", "--config=" + file, "--tls-cert=/c.pem"},
		[]string{"AETHERFS_LOG_FORMAT=xml", "AETHERFS_LISTN=x", "AETHERFS_Region=x"})
	if err == nil {
		t.Fatal("nothing was found wrong")
	}
	got := config.Mistakes(err)
	wants := []string{
		"flag --listen: \"here\": write host:port",
		"flag --tls-cert: tls-key is needed too",
		"environment AETHERFS_LOG_FORMAT: \"xml\": write one of: text, json",
		"environment AETHERFS_LISTN: there is no such setting",
		"environment AETHERFS_Region: there is no such setting",
		"file " + file + ", memory: \"12\": at least 128 MiB are needed",
		"file " + file + ", log-level: \"loud\": write one of",
		"file " + file + ": \"lisen\" is no setting",
		"file " + file + ": it holds secret-key and others can read it",
		"file " + file + ", secret-key: access-key is needed too",
		"file " + file + ", store: write one value",
		"default: there is no home folder",
	}
	for _, want := range wants {
		if !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, want) }) {
			t.Errorf("no line begins with %q in:\n%v", want, err)
		}
	}
	if len(got) != len(wants) {
		t.Errorf("%d mistakes, want %d:\n%v", len(got), len(wants), err)
	}
}

func TestWrongValues(t *testing.T) {
	for _, arg := range []string{
		"--listen=127.0.0.1", "--listen=127.0.0.1:http", "--listen=:70000", "--store=ftp://x", "--store=file://x",
		"--store=file:///x?y=z", "--s3-domain=http://x", "--s3-domain=x:80", "--region=US", "--memory=lots", "--memory=127MiB",
		"--memory=99PiB", "--config=/does/not/exist", "--config=/",
		"--store=s3://B", "--store=s3://bucket/../x", "--store=s3://key:secret@bucket", "--store=s3://bucket?endpoint=host:9000",
		"--store=s3://bucket?access-key=x&limit=0", "--read-staleness=-1s", "--read-staleness=2m", "--read-staleness=250",
	} {
		if _, err := load(t, []string{arg}, []string{"HOME=/h"}); err == nil || len(config.Mistakes(err)) != 1 {
			t.Errorf("%s: error %v, want one mistake", arg, err)
		}
	}
}

// TestMisplacedSecrets: a secret that stands in a URL, where none belongs, is
// not told again.
func TestMisplacedSecrets(t *testing.T) {
	for _, arg := range []string{
		"--store=s3://key:SECRET@bucket/p", "--store=s3://key:SECRET/@bucket", "--store=s3://bucket?secret-key=SECRET",
		"--store=s3://bucket?endpoint=https://key:SECRET@host", "--store=s3://bucket/%zz?secret-key=SECRET",
		"--store=file://key:SECRET@host/x", "--store=http://key:SECRET@host",
	} {
		_, err := load(t, []string{arg}, []string{"HOME=/h"})
		if err == nil || strings.Contains(err.Error(), "SECRET") || !strings.Contains(err.Error(), "flag --store: ") {
			t.Errorf("%s: error %v, want one without the secret", arg, err)
		}
	}
}

// TestSecretsAreText: what YAML would make something else of is no secret.
func TestSecretsAreText(t *testing.T) {
	for value, ok := range map[string]bool{`"12345678901234567890123"`: true, "12345678901234567890123": false, "0x123456789abcdef0": false, "2001-12-14": false} {
		file := write(t, 0o600, "access-key: user", "secret-key: "+value)
		c, err := load(t, []string{"--config=" + file}, []string{"HOME=/h"})
		if (err == nil) != ok || ok && c.SecretKey != strings.Trim(value, `"`) {
			t.Errorf("secret-key: %s is taken as %+v, error %v", value, c, err)
		}
		if err != nil && (!strings.Contains(err.Error(), "in quotes") || strings.Contains(err.Error(), value)) {
			t.Errorf("secret-key: %s: error %v, want one that asks for quotes", value, err)
		}
	}
}

func TestToggles(t *testing.T) {
	for value, want := range map[string]string{"true": "", "0": "", "perhaps": "environment AETHERFS_METRICS_OPEN: \"perhaps\": write true or false"} {
		c, err := load(t, nil, []string{"HOME=/h", "AETHERFS_METRICS_OPEN=" + value})
		if (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("metrics-open %s: error %v, want %q", value, err, want)
		}
		if err == nil && c.MetricsOpen != (value == "true") {
			t.Errorf("metrics-open %s is %t", value, c.MetricsOpen)
		}
	}
}

func TestKeysComeTogetherAndAreLongEnough(t *testing.T) {
	const good = "0123456789abcdef"
	for _, test := range []struct {
		access, secret string
		ok             bool
	}{
		{"", "", true}, {"user", good, true}, {"user", "", false}, {"", good, false}, {"use", good, false},
		{"us/er", good, false}, {"user", good[1:], false}, {"user", "with a space in it", false},
	} {
		_, err := load(t, nil, []string{"HOME=/h", "AETHERFS_ACCESS_KEY=" + test.access, "AETHERFS_SECRET_KEY=" + test.secret})
		if (err == nil) != test.ok {
			t.Errorf("keys %q, %q: error %v, want ok %t", test.access, test.secret, err, test.ok)
		}
		if err != nil && test.secret != "" && strings.Contains(err.Error(), test.secret) {
			t.Errorf("a mistake tells the secret: %v", err)
		}
	}
}

// TestPrintedSettingsLoadAgain also shows that no secret is printed.
func TestPrintedSettingsLoadAgain(t *testing.T) {
	const secret = "0123456789abcdef"
	environ := []string{"HOME=/h", "AETHERFS_ACCESS_KEY=user", "AETHERFS_SECRET_KEY=" + secret}
	c, err := load(t, []string{"--listen=:1", "--metrics-open", "--s3-domain=S3.example.org., two.example"}, environ)
	if err != nil {
		t.Fatal(err)
	}
	var first bytes.Buffer
	if err := c.Print(&first); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(first.String(), secret) || !strings.Contains(first.String(), "# environment AETHERFS_SECRET_KEY") {
		t.Errorf("printed secrets:\n%s", &first)
	}
	file := write(t, 0o600, first.String())
	again, err := load(t, []string{"--config", file}, environ)
	if err != nil {
		t.Fatal(err)
	}
	if again.Listen != c.Listen || !again.MetricsOpen || !slices.Equal(again.S3Domains, []string{"s3.example.org", "two.example"}) || again.Memory != c.Memory {
		t.Errorf("loaded again: %+v, want %+v", again, c)
	}
}

func TestBrokenFiles(t *testing.T) {
	for _, text := range []string{"- a", "a: b: c", "listen: :1\nlisten: :2", "\x00", "listen: {a: b}", "listen:"} {
		path := write(t, 0o644, text)
		_, err := load(t, []string{"--config", path}, []string{"HOME=/h"})
		if err == nil || len(config.Mistakes(err)) != 1 || !strings.HasPrefix(err.Error(), "file "+path) {
			t.Errorf("file %q: error %v, want one mistake of the file", text, err)
		}
	}
}
