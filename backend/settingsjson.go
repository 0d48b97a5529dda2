package backend

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
	"unicode/utf8"
)

// ParseSettings reads settings as people write them: ErrInvalidSettings, with
// what is wrong, for a field that is not known or a rule that makes no sense.
func ParseSettings(data []byte) (Settings, error) {
	var s Settings
	if len(data) > MaxSettingsBytes {
		return s, invalid("they have %d bytes, the most is %d", len(data), MaxSettingsBytes)
	}
	var form settingsForm
	if !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return s, invalid(`they are a JSON object such as {"http": {"rules": []}}`)
	}
	if err := strictly(data, &form); err != nil {
		return s, invalid("%v", err)
	}
	for i, raw := range form.HTTP.Rules {
		var r HTTPRule
		if err := strictly(raw, &r); err != nil {
			return s, invalid("rule %d: %v", i+1, err)
		}
		s.HTTP.Rules = append(s.HTTP.Rules, r)
	}
	return s, s.check()
}

// settingsForm is the JSON of Settings, but for what is in the rules: one that
// cannot be read is not the end of the others.
type settingsForm struct {
	HTTP struct {
		Rules []json.RawMessage `json:"rules"`
	} `json:"http"`
}

// strictly decodes one value, all of whose fields are known.
func strictly(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		var other *json.UnmarshalTypeError
		if errors.As(err, &other) {
			return fmt.Errorf("%s cannot be a JSON %s", cmp.Or(other.Field, "it"), other.Value)
		}
		return err
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON object")
	}
	return nil
}

// readSettings reads settings as they are stored, by this version or another:
// what it does not understand is not there.
func readSettings(data []byte) (s Settings) {
	var form settingsForm
	if len(data) == 0 || json.Unmarshal(data, &form) != nil {
		return s
	}
	for _, raw := range form.HTTP.Rules[:min(len(form.HTTP.Rules), MaxHTTPRules)] {
		var r HTTPRule
		if json.Unmarshal(raw, &r) == nil && r.check() == nil {
			s.HTTP.Rules = append(s.HTTP.Rules, r)
		}
	}
	return s
}

// encode returns what is stored, nothing for the zero value: ErrInvalidSettings.
func (s Settings) encode() ([]byte, error) {
	if len(s.HTTP.Rules) == 0 {
		return nil, nil
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // it would make an & six bytes
	if err := e.Encode(s); err != nil {
		return nil, fmt.Errorf("encode settings: %w", err)
	}
	data := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if len(data) > MaxSettingsBytes {
		return nil, invalid("they have %d bytes, the most is %d", len(data), MaxSettingsBytes)
	}
	return data, nil
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalidSettings}, args...)...)
}

// check returns ErrInvalidSettings, with the rule that makes no sense.
func (s Settings) check() error {
	if n := len(s.HTTP.Rules); n > MaxHTTPRules {
		return invalid("%d rules, the most is %d", n, MaxHTTPRules)
	}
	first := map[string]int{}
	for i, r := range s.HTTP.Rules {
		if err := r.check(); err != nil {
			return invalid("rule %d, extension %q: %v", i+1, r.Extension, err)
		}
		if n, ok := first[lower(r.Extension)]; ok {
			return invalid("rule %d, extension %q: rule %d has the same", i+1, r.Extension, n)
		}
		first[lower(r.Extension)] = i + 1
	}
	return nil
}

func (r HTTPRule) check() error {
	switch {
	case len(r.Extension) < 2 || r.Extension[0] != '.':
		return errors.New(`an extension is a dot and what follows, as in ".csv"`)
	case strings.Contains(r.Extension, "/") || len(r.Extension) > MaxSegmentBytes || !utf8.ValidString(r.Extension):
		return fmt.Errorf("no file's name ends so: an extension has no slash and at most %d bytes", MaxSegmentBytes)
	case r.MaxAge != nil && *r.MaxAge < 0:
		return errors.New("maxAge is negative")
	}
	if r.ContentType == "" {
		return nil
	}
	outside := func(c rune) bool { return c < ' ' || c > '~' } // ASCII that is printed
	kind, _, err := mime.ParseMediaType(r.ContentType)
	if err != nil || !strings.Contains(kind, "/") || strings.ContainsFunc(r.ContentType, outside) {
		return fmt.Errorf(`contentType %q is no media type, as "text/csv; charset=utf-8" is`, r.ContentType)
	}
	return nil
}
