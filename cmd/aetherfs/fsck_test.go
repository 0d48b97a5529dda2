package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFsckAsJSON: every line is an object, each problem and the sum.
func TestFsckAsJSON(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	s.must("PUT", "/maps", nil)
	file := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(file)
	s.must("PUT", "/maps/v1/a%0Ab", bytes.NewReader(file))
	s.stop()
	lines := func() (code int, objects []map[string]any) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		code = run(t.Context(), []string{"fsck", "--json", "--data", data}, []string{"HOME=/"}, &stdout, &stderr)
		for line := range strings.Lines(stdout.String()) {
			var object map[string]any
			if err := json.Unmarshal([]byte(line), &object); err != nil {
				t.Fatalf("the line %q is no object: %v", line, err)
			}
			objects = append(objects, object)
		}
		return code, objects
	}
	if code, found := lines(); code != exitOK || len(found) != 1 || found[0]["files"] != 1.0 || found[0]["problems"] != 0.0 {
		t.Errorf("a sound store: exit code %d, %v", code, found)
	}
	if err := os.RemoveAll(filepath.Join(data, "store", "pools")); err != nil {
		t.Fatal(err)
	}
	if code, found := lines(); code != exitFailed || len(found) != 2 || found[0]["path"] != "a\nb" || found[1]["problems"] != 1.0 {
		t.Errorf("without its block: exit code %d, %v", code, found)
	}
}
