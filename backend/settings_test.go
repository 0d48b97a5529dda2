package backend_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"aetherfs/backend"
	"aetherfs/catalog"
	"aetherfs/internal/kv"
	"aetherfs/internal/store"
)

func rules(r ...backend.HTTPRule) backend.Settings {
	return backend.Settings{HTTP: backend.HTTPSettings{Rules: r}}
}

// inSettings is a tree with the catalog below it, in which the JSON of settings
// can be put past the tree.
func inSettings(t testing.TB) (backend.Tree, *catalog.Catalog) {
	h := &house{t: t, st: store.NewMemory(), cache: kv.Memory()}
	tree := h.open()
	t.Cleanup(func() {
		h.close()
		if err := h.cache.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := tree.CreateDataset(t.Context(), "maps"); err != nil {
		t.Fatal(err)
	}
	return tree, h.names
}

// stored returns what Settings says when that JSON is stored.
func stored(t testing.TB, data string) backend.Settings {
	t.Helper()
	tree, names := inSettings(t)
	if err := names.SetSettings(t.Context(), "maps", []byte(data)); err != nil {
		t.Fatal(err)
	}
	s, err := tree.Settings(t.Context(), "maps")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSettingsGolden: the JSON that was stored once is read for ever, and
// written the same.
func TestSettingsGolden(t *testing.T) {
	golden, err := os.ReadFile("testdata/settings-1.json")
	if err != nil {
		t.Fatal(err)
	}
	golden = bytes.TrimSpace(golden)
	age := func(d time.Duration) *backend.Duration { return (*backend.Duration)(&d) }
	want := rules(
		backend.HTTPRule{Extension: ".pmtiles", ContentType: "application/vnd.pmtiles", MaxAge: age(24 * time.Hour), Compress: new(bool)},
		backend.HTTPRule{Extension: ".tar.gz"},
		backend.HTTPRule{Extension: ".csv", ContentType: "text/csv; charset=utf-8; header=present", MaxAge: age(90 * time.Minute), Compress: new(true)},
		backend.HTTPRule{Extension: ".json", MaxAge: age(0)},
	)
	if got := stored(t, string(golden)); !reflect.DeepEqual(got, want) {
		t.Errorf("read as %+v, want %+v", got, want)
	}
	tree, names := inSettings(t)
	if err := tree.SetSettings(t.Context(), "maps", want); err != nil {
		t.Fatal(err)
	}
	if got, err := names.Settings(t.Context(), "maps"); err != nil || !bytes.Equal(got, golden) {
		t.Errorf("written as %s, %v, want %s", got, err, golden)
	}
	if got, err := backend.ParseSettings(golden); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("parsed as %+v, %v, want %+v", got, err, want)
	}
}

// TestStoredSettingsOfOthers: what this version does not understand is not there,
// and the rest is.
func TestStoredSettingsOfOthers(t *testing.T) {
	for data, want := range map[string]string{
		`{"http":{"rules":[{"extension":".a","later":1}],"later":[]},"later":{}}`:                                        ".a",
		`{"http":{"rules":[{"extension":5},{"extension":".b"},{"extension":".c","maxAge":"long"},{"extension":"d"}]}}`:   ".b",
		`{"http":{"rules":[{"extension":".e","contentType":"a\r\nb"},{"extension":".f","maxAge":"-1s"},"g",null,[],7]}}`: "",
		`{"http":7}`: "", `[]`: "", `{`: "", "\xff": "",
	} {
		got := ""
		for _, r := range stored(t, data).HTTP.Rules {
			got += r.Extension
		}
		if got != want {
			t.Errorf("%s has rules for %s, want %s", data, got, want)
		}
	}
}

// TestInvalidSettings: what is wrong is told, and by which rule.
func TestInvalidSettings(t *testing.T) {
	rule := func(fields string) string { return `{"http":{"rules":[{"extension":".ok"},{` + fields + `}]}}` }
	for data, want := range map[string]string{
		"":                                   "a JSON object",
		"null":                               "a JSON object",
		"[]":                                 "a JSON object",
		`{"http":[]}`:                        "http cannot be a JSON array",
		`{"http":{"rules":{}}}`:              "http.rules cannot be a JSON object",
		`{"http":{"rule":[]}}`:               `unknown field "rule"`,
		`{} x`:                               "something follows",
		rule(`"extension":7`):                "rule 2: extension cannot be a JSON number",
		rule(``):                             "rule 2, extension \"\": an extension is a dot",
		rule(`"extension":"."`):              "rule 2, extension \".\": an extension is a dot",
		rule(`"extension":"csv"`):            "rule 2, extension \"csv\": an extension is a dot",
		rule(`"extension":".a/b"`):           "no slash",
		rule(`"extension":".OK"`):            "rule 2, extension \".OK\": rule 1 has the same",
		rule(`"extension":".b","x":1`):       `rule 2: json: unknown field "x"`,
		rule(`"extension":".b","maxAge":60`): "rule 2: maxAge cannot be a JSON number",
		rule(`"extension":".b","maxAge":"1 day"`):                   "rule 2: time: ",
		rule(`"extension":".b","maxAge":"-1s"`):                     "rule 2, extension \".b\": maxAge is negative",
		rule(`"extension":".b","compress":"no"`):                    "rule 2: compress cannot be a JSON string",
		rule(`"extension":".b","contentType":"text"`):               `contentType "text" is no media type`,
		rule(`"extension":".b","contentType":"a/b/c"`):              "is no media type",
		rule(`"extension":".b","contentType":"a/b; c"`):             "is no media type",
		rule(`"extension":".b","contentType":"a/b\r\n; c=d"`):       "is no media type",
		rule(`"extension":".b","contentType":"a/b; c=\"ü\""`):       "is no media type",
		rule(`"extension":".` + strings.Repeat("x", 255) + `"`):     "at most 255 bytes",
		`{"http":{"rules":[` + strings.Repeat(`{},`, 100) + `{}]}}`: "101 rules, the most is 100",
		`{"http":{"rules":[]}}` + strings.Repeat(" ", 16<<10):       "the most is 16384",
	} {
		if s, err := backend.ParseSettings([]byte(data)); !errors.Is(err, backend.ErrInvalidSettings) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %+v, %v, want %s", data, s, err, want)
		}
	}
	tree, _ := inSettings(t)
	many := make([]backend.HTTPRule, 100)
	for i := range many {
		many[i] = backend.HTTPRule{Extension: fmt.Sprintf(".%0150d", i)}
	}
	for _, s := range []backend.Settings{rules(backend.HTTPRule{}), rules(backend.HTTPRule{Extension: ".\xff"}), rules(many...)} {
		if err := tree.SetSettings(t.Context(), "maps", s); !errors.Is(err, backend.ErrInvalidSettings) {
			t.Errorf("set %.80v: %v, want ErrInvalidSettings", s, err)
		}
	}
}

func TestRule(t *testing.T) {
	s := rules(
		backend.HTTPRule{Extension: ".gz"}, backend.HTTPRule{Extension: ".Tar.GZ"}, backend.HTTPRule{Extension: ".d"},
		backend.HTTPRule{Extension: ".ä"}, backend.HTTPRule{Extension: ".tar.gz.sig"},
	)
	for name, want := range map[string]string{
		"a.gz": ".gz", "maps/v1/a.GZ": ".gz", "a.tar.gz": ".Tar.GZ", "v1/A.TAR.gz": ".Tar.GZ", ".tar.gz": ".Tar.GZ", "x.tar.gz.sig": ".tar.gz.sig",
		"a.gz/b": "", "x.d/": "", "x.d/y": "", "gz": "", "": "", "a.gzip": "", "agz": "", "k.ä": ".ä", "k.Ä": "", "a.tar": "", "tar.gz": ".gz",
	} {
		if got, ok := s.Rule(name); got.Extension != want || ok != (want != "") {
			t.Errorf("the rule for %q is %q, %t, want %q", name, got.Extension, ok, want)
		}
	}
	if _, ok := (backend.Settings{}).Rule("a.gz"); ok {
		t.Error("there is a rule where there are none")
	}
}

// FuzzParseSettings: what is taken can be stored, and is then the same; what a
// rule says can be sent in a header.
func FuzzParseSettings(f *testing.F) {
	golden, err := os.ReadFile("testdata/settings-1.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	f.Add([]byte(`{"http":{"rules":[{"extension":".<&","maxAge":"1.5h"}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := backend.ParseSettings(data)
		if err != nil {
			if !errors.Is(err, backend.ErrInvalidSettings) {
				t.Errorf("%q: %v", data, err)
			}
			return
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := backend.ParseSettings(text)
		if err != nil && len(text) <= backend.MaxSettingsBytes || err == nil && !reflect.DeepEqual(again, s) {
			t.Errorf("%q is %+v, and again %+v, %v", data, s, again, err)
		}
		for _, r := range s.HTTP.Rules {
			if strings.ContainsAny(r.ContentType, "\r\n\x00") || r.MaxAge != nil && *r.MaxAge < 0 {
				t.Errorf("%q has rule %+v", data, r)
			}
		}
	})
}

// BenchmarkSettings: what each request over HTTP pays, for a few rules and for
// the most.
func BenchmarkSettings(b *testing.B) {
	for _, n := range []int{0, 5, backend.MaxHTTPRules} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			tree, _ := inSettings(b)
			var s backend.Settings
			for i := range n {
				s.HTTP.Rules = append(s.HTTP.Rules, backend.HTTPRule{Extension: fmt.Sprintf(".e%d", i), ContentType: "text/csv; charset=utf-8"})
			}
			if err := tree.SetSettings(b.Context(), "maps", s); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				s, err := tree.Settings(b.Context(), "maps")
				if err != nil {
					b.Fatal(err)
				}
				s.Rule("v1/table.csv")
			}
		})
	}
}
