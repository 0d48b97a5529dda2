package config

import (
	"fmt"
	"io"

	"github.com/knadh/koanf/parsers/yaml"
)

// Print writes the settings as a file that Load reads, with the source of each
// beside it. Secrets are masked.
func (c *Config) Print(w io.Writer) error {
	for _, s := range settings {
		if !c.values.Exists(s.key) {
			continue
		}
		value := c.values.String(s.key)
		if s.secret {
			value = "********"
		}
		line, err := yaml.Parser().Marshal(map[string]any{s.key: value})
		if err != nil {
			return fmt.Errorf("print %s: %w", s.key, err)
		}
		if _, err := fmt.Fprintf(w, "%-40s # %s\n", line[:len(line)-1], c.sources[s.key]); err != nil {
			return err
		}
	}
	return nil
}
