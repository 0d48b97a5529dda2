package backend

import (
	"context"
	"strings"
	"sync"
	"time"

	"aetherfs/internal/manifest"
)

// Limits of Settings.
const (
	MaxSettingsBytes = manifest.MaxSettingsBytes // as JSON
	MaxHTTPRules     = 100
)

// Settings are those of a dataset. The zero value is the settings of a dataset
// that has none. Its JSON is what is stored.
type Settings struct {
	HTTP HTTPSettings `json:"http,omitzero"`
}

// HTTPSettings say how files are served over HTTP.
type HTTPSettings struct {
	Rules []HTTPRule `json:"rules,omitempty"` // shared, not to be changed
}

// HTTPRule is about files whose names end with Extension.
type HTTPRule struct {
	Extension   string    `json:"extension"`             // ".gz"; the case of letters does not matter
	ContentType string    `json:"contentType,omitempty"` // "": as the file was stored
	MaxAge      *Duration `json:"maxAge,omitempty"`      // for which a client may keep it; nil: not told
	Compress    *bool     `json:"compress,omitempty"`    // whether answers may be compressed; nil: as the type says
}

// Duration is a time.Duration that is text in JSON, such as "1h30m".
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) {
	text := time.Duration(d).String() // "1h0m0s"
	for _, none := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, none) {
			text = text[:len(text)-2]
		}
	}
	return []byte(text), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// Rule returns the rule for the file of that name, which may be a whole key:
// that with the longest extension with which the last segment ends.
func (s Settings) Rule(name string) (rule HTTPRule, ok bool) {
	name = lower(name[strings.LastIndexByte(name, '/')+1:])
	for _, r := range s.HTTP.Rules {
		if len(r.Extension) > len(rule.Extension) && strings.HasSuffix(name, lower(r.Extension)) {
			rule, ok = r, true
		}
	}
	return rule, ok
}

// lower makes letters of ASCII small: others have no small form on which all
// versions of Unicode agree.
func lower(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'A' && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, s)
}

// Settings implements Reader.
func (b *Backend) Settings(ctx context.Context, dataset string) (Settings, error) {
	data, err := b.names.Settings(ctx, dataset)
	if err != nil {
		return Settings{}, explain(err)
	}
	return b.settings.read(dataset, data), nil
}

// settingsCache remembers what settings say: to read a rule takes 10 µs, of
// which there may be 100, at every request over HTTP.
type settingsCache struct {
	mu    sync.Mutex
	known map[string]knownSettings // by dataset; guarded by mu
}

type knownSettings struct {
	data []byte // as the catalog has them: never changed
	said Settings
}

// maxKnownSettings bounds settingsCache: 40 MiB, if all are as long as can be.
const maxKnownSettings = 1000

// read returns what the settings of a dataset say, which the catalog holds in
// data.
func (c *settingsCache) read(dataset string, data []byte) Settings {
	if len(data) == 0 {
		return Settings{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.known[dataset]
	if ok && &known.data[0] == &data[0] {
		return known.said
	}
	if c.known == nil || len(c.known) >= maxKnownSettings {
		c.known = map[string]knownSettings{}
	}
	said := readSettings(data)
	c.known[dataset] = knownSettings{data, said}
	return said
}

// SetSettings implements Tree.
func (b *Backend) SetSettings(ctx context.Context, dataset string, s Settings) error {
	data, err := s.encode()
	if err != nil {
		return err
	}
	return explain(b.names.SetSettings(ctx, dataset, data))
}
