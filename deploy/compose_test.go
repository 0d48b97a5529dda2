package deploy

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// compose is what the tests want to know of a compose file.
type compose struct {
	Services map[string]struct {
		Image, Restart string
		Build          struct{ Context, Dockerfile, Target string }
		Environment    map[string]string
		Volumes        []string
		Ports          []string
		StopGrace      string   `json:"stop_grace_period"`
		MemLimit       string   `json:"mem_limit"`
		ReadOnly       bool     `json:"read_only"`
		CapDrop        []string `json:"cap_drop"`
		SecurityOpt    []string `json:"security_opt"`
	}
	Volumes map[string]any
}

var reference = regexp.MustCompile(`\$\{(\w+)(?::([-?])([^}]*))?\}`)

// expand fills in the variables of a compose file as docker does: after ":-" is
// what stands for one that is not set, after ":?" why it has to be.
func expand(t *testing.T, text string, environ map[string]string) string {
	t.Helper()
	return reference.ReplaceAllStringFunc(text, func(s string) string {
		m := reference.FindStringSubmatch(s)
		value, ok := environ[m[1]]
		switch {
		case ok && value != "":
			return value
		case m[2] == "-":
			return m[3]
		}
		t.Errorf("%s is not set", s)
		return ""
	})
}

func TestCompose(t *testing.T) {
	text := read(t, "compose/compose.yaml")
	c := decode[compose](t, expand(t, text, assignments(t, read(t, "compose/example.env"))))
	domain := c.Services["balancer"].Environment["S3_DOMAIN"]
	for i, name := range []string{"gateway-0", "gateway-1", "gateway-2"} {
		s := c.Services[name]
		settings := onBucket(t, with(s.Environment, "AETHERFS_DATA", "/data")) // as the image has it
		leavesRoom(t, settings, mebibytes(t, s.MemLimit, `^(\d+)m$`))
		if stop, err := time.ParseDuration(s.StopGrace); err != nil || stop <= minStop {
			t.Errorf("%s may stop for %v, error %v, want more than %v", name, stop, err, minStop)
		}
		if !slices.Equal(settings.S3Domains, []string{domain}) {
			t.Errorf("%s has the domains %q, the balancer %s", name, settings.S3Domains, domain)
		}
		if got := c.Services["balancer"].Environment[balanced[i]]; got != name+":8080" {
			t.Errorf("the balancer's %s is %s", balanced[i], got)
		}
		if !slices.ContainsFunc(s.Volumes, func(v string) bool { return strings.HasSuffix(v, ":/data") }) {
			t.Errorf("%s has no place for its state: %q", name, s.Volumes)
		}
	}
	for name, s := range c.Services {
		if s.Restart != "unless-stopped" || !slices.Contains(s.CapDrop, "ALL") || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") ||
			!s.ReadOnly && name != "store" {
			t.Errorf("%s may do more than it must: %+v", name, s)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s is open to the network: %s", name, port)
			}
		}
		for _, v := range s.Volumes {
			source, _, _ := strings.Cut(v, ":")
			if _, named := c.Volumes[source]; !named {
				exists(t, "compose", source)
			}
		}
		if s.Build.Context != "" {
			exists(t, filepath.Join("compose", s.Build.Context), s.Build.Dockerfile)
			if !strings.Contains(read(t, "Dockerfile"), " AS "+s.Build.Target+"\n") {
				t.Errorf("%s is built from %s, which the Dockerfile lacks", name, s.Build.Target)
			}
		}
	}
}

func with(environ map[string]string, name, value string) map[string]string {
	environ[name] = value
	return environ
}

func exists(t *testing.T, dir, path string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, path)); err != nil {
		t.Error(err)
	}
}

// TestComposeRequiresSecrets: there is no default for one.
func TestComposeRequiresSecrets(t *testing.T) {
	for _, m := range reference.FindAllStringSubmatch(read(t, "compose/compose.yaml"), -1) {
		if strings.HasSuffix(m[1], "_KEY") && m[2] != "?" {
			t.Errorf("%s has a default", m[1])
		}
	}
}
