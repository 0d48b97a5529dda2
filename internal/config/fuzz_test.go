package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"

	"aetherfs/internal/config"
)

// FuzzFile loads any bytes as a file: they are settings, which print as a file
// of the same settings, or mistakes.
func FuzzFile(f *testing.F) {
	f.Add([]byte("listen: :1\nmetrics-open: true\nmemory: 1GiB\n"))
	f.Add([]byte("1: 2\n? [a]\n: b\nlisten: 2001-01-01\n"))
	f.Add([]byte("a: &a [*a]\nb: {c.d: !!binary x}\n---\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		load := func(text []byte) (*config.Config, error) {
			path := filepath.Join(t.TempDir(), "aetherfs.yaml")
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			return config.Load(pflag.NewFlagSet("run", pflag.ContinueOnError), []string{"HOME=/h", "AETHERFS_CONFIG=" + path})
		}
		c, err := load(text)
		if err != nil {
			return
		}
		if c.AccessKey != "" {
			return // printed masked
		}
		var printed bytes.Buffer
		if err := c.Print(&printed); err != nil {
			t.Fatal(err)
		}
		again, err := load(printed.Bytes())
		if err != nil {
			t.Fatalf("what was printed does not load: %v\n%s", err, &printed)
		}
		if again.Listen != c.Listen || again.Store != c.Store || again.Memory != c.Memory || again.MetricsOpen != c.MetricsOpen {
			t.Errorf("loaded again: %+v, want %+v", again, c)
		}
	})
}
