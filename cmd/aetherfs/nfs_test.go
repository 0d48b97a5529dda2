package main

import (
	"testing"

	"aetherfs/internal/kv"
	"aetherfs/nfs"
)

// What is remembered is found at once, and a name that was damaged or taken is
// written again.
func TestNamesBehindHandles(t *testing.T) {
	db := kv.Memory()
	defer db.Close()
	n := names{db, db.Space("nfs")}
	h := nfs.HashOf("maps/v1/a")
	if name, ok := n.Name(h); ok {
		t.Errorf("an empty cache has %q", name)
	}
	for _, name := range []string{"maps/v1/a", "maps/v1/b", "maps/v1/a"} {
		n.Remember([]nfs.Named{{Hash: h, Name: name}})
		if got, ok := n.Name(h); !ok || got != name {
			t.Errorf("Name = %q, %v, want %q", got, ok, name)
		}
	}
}
