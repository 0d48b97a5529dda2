package deploy

import (
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/spf13/pflag"

	"aetherfs/internal/config"
)

// minStop is what a gateway may need to stop: a minute for requests that run and
// half of one for what is queued.
const minStop = 90 * time.Second

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// decode reads one YAML document into what it should be.
func decode[T any](t *testing.T, document string) T {
	t.Helper()
	tree, err := yaml.Parser().Unmarshal([]byte(document))
	if err != nil {
		t.Fatalf("%v in:\n%s", err, document)
	}
	text, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	var v T
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in:\n%s", err, document)
	}
	return v
}

// loads returns the settings that a gateway would have in an environment; any
// mistake fails the test.
func loads(t *testing.T, environ map[string]string) *config.Config {
	t.Helper()
	var list []string
	for name, value := range environ {
		list = append(list, name+"="+value)
	}
	c, err := config.Load(pflag.NewFlagSet("run", pflag.ContinueOnError), list)
	if err != nil {
		t.Fatalf("the gateway does not take %q:\n%v", list, err)
	}
	return c
}

// onBucket is loads for a gateway that shares a bucket.
func onBucket(t *testing.T, environ map[string]string) *config.Config {
	t.Helper()
	c := loads(t, environ)
	if err := c.Shared(); err != nil || !c.Remote() {
		t.Errorf("store %s, error %v, want a bucket and keys", c.Store, err)
	}
	return c
}

// assignments reads lines of NAME=value.
func assignments(t *testing.T, text string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			t.Errorf("%q sets nothing", line)
		}
		found[name] = value
	}
	return found
}

// leavesRoom checks a limit of memory, in bytes, against the settings.
func leavesRoom(t *testing.T, c *config.Config, limit int64) {
	t.Helper()
	if limit < c.Memory*3/2 {
		t.Errorf("memory is limited to %d bytes, want a half more than the %d that the gateway aims at", limit, c.Memory)
	}
}

func TestDockerfile(t *testing.T) {
	text := read(t, "Dockerfile")
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "../go.mod"))[1]
	for _, image := range regexp.MustCompile(`golang:([\d.]+)`).FindAllStringSubmatch(text, -1) {
		if image[1] != version {
			t.Errorf("it builds with Go %s, and go.mod has %s", image[1], version)
		}
	}
	release := regexp.MustCompile(`(?m)^release=(\S+)$`).FindStringSubmatch(read(t, "../conformance/install.sh"))[1]
	if !strings.Contains(text, "/versitygw@"+release+"\n") {
		t.Errorf("it has another versitygw than %s, which the tests store in", release)
	}
	last := text[strings.LastIndex(text, "\nFROM "):]
	environ := map[string]string{}
	for _, set := range regexp.MustCompile(`AETHERFS_\w+=\S+`).FindAllString(last, -1) {
		name, value, _ := strings.Cut(set, "=")
		environ[name] = value
	}
	c := loads(t, environ)
	_, port, _ := strings.Cut(c.Listen, ":")
	for _, want := range []string{"AS gateway", "USER 65532:65532", "VOLUME " + c.Data, "EXPOSE " + port} {
		if !strings.Contains(last, want) {
			t.Errorf("the image that is built by default lacks %q:\n%s", want, last)
		}
	}
}

// mebibytes finds a size in text, in bytes.
func mebibytes(t *testing.T, text, pattern string) int64 {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("nothing is like %s in:\n%s", pattern, text)
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n << 20
}
