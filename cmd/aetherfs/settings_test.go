package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestSettings: settings are set, shown as they are, refused with the reason,
// there after a restart, and gone with their dataset.
func TestSettings(t *testing.T) {
	data, file := t.TempDir(), filepath.Join(t.TempDir(), "settings.json")
	s := start(t, data)
	s.must("PUT", "/maps", nil)
	set := func(text string) (code int, stderr string) {
		writeFile(t, file, text)
		code, _, stderr = s.aetherfs(s.keys, "settings", "set", "maps", file)
		return code, stderr
	}
	shown := func(want string) {
		t.Helper()
		if code, stdout, stderr := s.aetherfs(s.keys, "settings", "get", "maps"); code != exitOK || stdout != want {
			t.Errorf("settings get: exit code %d, %s%swant %s", code, stdout, stderr, want)
		}
	}
	shown("{}\n")
	if code, stderr := set(`{"http": {"rules": [{"extension": ".PMTiles", "contentType": "application/vnd.pmtiles", "maxAge": "24h", "compress": false}]}}`); code != exitOK {
		t.Fatalf("settings set: exit code %d, %s", code, stderr)
	}
	const want = `{
  "http": {
    "rules": [
      {
        "extension": ".PMTiles",
        "contentType": "application/vnd.pmtiles",
        "maxAge": "24h",
        "compress": false
      }
    ]
  }
}
`
	shown(want)
	for text, wrong := range map[string]string{
		`{"http": {"rules": [{"extension": ".a"}, {"extension": "b"}]}}`: `invalid settings: rule 2, extension "b": an extension is a dot and what follows`,
		`{"rules": []}`: `unknown field "rules"`,
		`{"a": "` + strings.Repeat("x", 16<<10) + `"}`: "has more than 16384 bytes",
	} {
		if code, stderr := set(text); code != exitFailed || !strings.Contains(stderr, wrong) {
			t.Errorf("settings set %.60s: exit code %d, %s, want %s", text, code, stderr, wrong)
		}
	}
	for _, name := range []string{"nowhere", "a/b", ""} {
		for _, args := range [][]string{{"get", name}, {"set", name, file}} {
			writeFile(t, file, "{}")
			if code, _, stderr := s.aetherfs(s.keys, append([]string{"settings"}, args...)...); code != exitFailed || !strings.Contains(stderr, "settings of dataset "+name+": there is no such dataset") {
				t.Errorf("settings %q: exit code %d, %s", args, code, stderr)
			}
		}
	}
	s.stop()

	s = start(t, data)
	shown(want)
	if status, answer := s.do("DELETE", "/maps", nil, s.keys); status != 204 {
		t.Fatalf("delete the dataset: %d %s", status, answer)
	}
	s.must("PUT", "/maps", nil)
	shown("{}\n")
}
