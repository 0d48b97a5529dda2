package catalog_test

import (
	cryptorand "crypto/rand"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// settings returns those of a dataset, "" for none.
func settings(t *testing.T, c *catalog.Catalog, name string) string {
	t.Helper()
	s, err := c.Settings(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return string(s)
}

func setSettings(t *testing.T, c *catalog.Catalog, name, data string) {
	t.Helper()
	if err := c.SetSettings(t.Context(), name, []byte(data)); err != nil {
		t.Fatal(err)
	}
}

// TestSettingsAreShared: who asks nobody knows the settings as they were, and as
// they are after SyncHub; a dataset made again has none.
func TestSettingsAreShared(t *testing.T) {
	st := store.NewMemory()
	here, there := open(t, st), open(t, st)
	create(t, here, "a")
	setSettings(t, here, "a", "first")
	if got := settings(t, there, "a"); got != "first" {
		t.Errorf("of a dataset that was not known, settings are %q", got)
	}
	setSettings(t, here, "a", "second")
	if got := settings(t, there, "a"); got != "first" {
		t.Errorf("before the hub was asked, settings are %q", got)
	}
	if err := there.SyncHub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := settings(t, there, "a"); got != "second" {
		t.Errorf("after the hub was asked, settings are %q", got)
	}
	if err := here.Remove(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	create(t, here, "a")
	if got := settings(t, here, "a"); got != "" {
		t.Errorf("made again, it has settings %q", got)
	}
	setSettings(t, there, "a", "third") // which knows the removed one only
	if got := settings(t, reopen(t, here, st), "a"); got != "third" {
		t.Errorf("settings are %q", got)
	}
	if _, err := there.Settings(t.Context(), "b"); !errors.Is(err, manifest.ErrNoDataset) {
		t.Errorf("settings of no dataset: %v", err)
	}
	if err := there.SetSettings(t.Context(), "b", nil); !errors.Is(err, manifest.ErrNoDataset) {
		t.Errorf("set of no dataset: %v", err)
	}
	if err := there.SetSettings(t.Context(), "a", make([]byte, manifest.MaxSettingsBytes+1)); !errors.Is(err, manifest.ErrFormat) {
		t.Errorf("long settings: %v", err)
	}
}

// TestSettingsCostNothing: to ask for the settings of a known dataset is no
// request.
func TestSettingsCostNothing(t *testing.T) {
	st := store.Faulty(store.NewMemory(), store.NoFaults)
	requests := func() (n int) {
		for _, op := range store.Ops() {
			n += st.Calls(op)
		}
		return n
	}
	c := open(t, st)
	create(t, c, "a")
	setSettings(t, c, "a", "some")
	before := requests()
	for range 10 {
		settings(t, c, "a")
	}
	if n := requests() - before; n != 0 {
		t.Errorf("%d requests", n)
	}
}

// foldHub folds the hub, and its segments make way.
func foldHub(t *testing.T, c *catalog.Catalog) {
	t.Helper()
	hub := c.Logs()[0]
	if err := hub.Fold(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := hub.Retire(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
}

// TestFoldsKeepSettings: what was set before a fold of the hub and after it is
// there for who begins with an empty disk; a hub whose nodes are missing is not
// opened.
func TestFoldsKeepSettings(t *testing.T) {
	ctx, st := t.Context(), store.NewMemory()
	c, want := open(t, st), map[string]string{}
	check := func(c *catalog.Catalog) {
		t.Helper()
		for name, w := range want {
			if got := settings(t, c, name); got != w {
				t.Errorf("%s has settings of %d bytes, want %d", name, len(got), len(w))
			}
		}
		if err := c.CheckHub(ctx); err != nil {
			t.Error(err)
		}
	}
	noise := rand.NewChaCha8([32]byte{})
	for _, name := range []string{"aaa", "bbb", "ccc", "ddd", "eee", "fff"} { // too much for the root
		data := make([]byte, manifest.MaxSettingsBytes)
		_, _ = noise.Read(data) // it never fails
		want[name] = string(data)
		create(t, c, name)
		setSettings(t, c, name, want[name])
	}
	foldHub(t, c)
	c = reopen(t, c, st)
	check(c)
	want["aaa"], want["bbb"] = "", "short"
	setSettings(t, c, "aaa", "")
	setSettings(t, c, "bbb", "short")
	c = reopen(t, c, st)
	check(c)
	foldHub(t, c)
	c = reopen(t, c, st)
	check(c)
	if err := c.Close(ctx); err != nil {
		t.Fatal(err)
	}
	lost := 0
	for info, err := range st.List(ctx, "hub/nodes/", "") {
		if err != nil {
			t.Fatal(err)
		}
		if err := st.Delete(ctx, info.Key); err != nil {
			t.Fatal(err)
		}
		lost++
	}
	bytes, err := dedupe.Open(dedupe.Options{Store: st, Segment: catalog.SegmentKey})
	if err != nil {
		t.Fatal(err)
	}
	defer bytes.Close()
	c, err = catalog.Open(ctx, catalog.Options{Store: st, Embedder: bytes, Rand: cryptorand.Reader, Now: time.Now})
	if err == nil {
		c.Close(ctx)
		t.Errorf("a hub without %d nodes is opened", lost)
	}
}
