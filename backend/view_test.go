package backend_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"aetherfs/backend"
)

func TestTimeOfANode(t *testing.T) {
	stored := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		mtime string
		want  time.Time
	}{
		{"1700000000", time.Unix(1700000000, 0).UTC()},
		{"1700000000.5", time.Unix(1700000000, 500_000_000).UTC()},
		{"1700000000.123456789123", time.Unix(1700000000, 123_456_789).UTC()},
		{"0", time.Unix(0, 0).UTC()},
		{"", stored}, {"-1", stored}, {"now", stored}, {"1.x", stored}, {"1e9", stored}, {"99999999999999", stored},
	} {
		n := backend.Node{Info: backend.Info{Modified: stored, Attr: backend.Attr{Meta: []backend.KV{{Name: "mtime", Value: c.mtime}}}}}
		if got := n.Time(); !got.Equal(c.want) {
			t.Errorf("mtime %q: Time() = %v, want %v", c.mtime, got, c.want)
		}
	}
}

func TestCleanName(t *testing.T) {
	for _, c := range []struct{ path, want string }{
		{"", ""}, {"/", ""}, {"/maps", "maps"}, {"/maps/", "maps"}, {"maps/v1/a b.txt", "maps/v1/a b.txt"}, {"/maps/é/", "maps/é"},
	} {
		if got, err := backend.CleanName(c.path); err != nil || got != c.want {
			t.Errorf("CleanName(%q) = %q, %v, want %q", c.path, got, err, c.want)
		}
	}
	for _, path := range []string{"//", "//maps", "/maps//", "/maps//a", "..", "/maps/../x", "/maps/.", "/maps/a\x00b", "/maps/\xff", "/maps/a\nb"} {
		if got, err := backend.CleanName(path); err == nil {
			t.Errorf("CleanName(%q) = %q, want an error", path, got)
		}
	}
}

// A listing of the root goes on where it was, whatever the datasets are called.
func TestPagesOfTheRoot(t *testing.T) {
	tree, _ := inMemory(t)
	want := []string{"maps-2024/", "maps.old/", "maps/", "maps2/"}
	for _, mark := range want {
		if err := tree.CreateDataset(t.Context(), strings.TrimSuffix(mark, "/")); err != nil {
			t.Fatal(err)
		}
	}
	after, got := "", []string(nil)
	for range want {
		for n, err := range tree.ReadDir(t.Context(), "", after) {
			if err != nil {
				t.Fatal(err)
			}
			after = n.Mark()
			got = append(got, after)
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the root, one by one, has %q, want %q", got, want)
	}
}
