package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/minio/minio-go/v7"
)

// TestNFSHandlesOutliveTheGateway walks a tree, kills the gateway, and reads
// all files by the handles that it had given: from itself, started again, with
// and without what it keeps beside the store, and from another on that store.
func TestNFSHandlesOutliveTheGateway(t *testing.T) {
	store := newCluster(t, 0, newSeed(t))
	first := newNFSGateway(t, store.env()...)
	want := nfsTree(t, first, "maps")
	c, root := first.mounted(t, "/maps/v1")
	files, err := c.walk(root)
	if err != nil {
		t.Fatal(err)
	}
	read := func(g nfsGateway, when string) {
		t.Helper()
		c := g.dial(t)
		sums, err := c.sums(files)
		if err == nil {
			err = differ(sums, want)
		}
		if err != nil {
			t.Errorf("%s: %v", when, err)
		}
		for name, f := range files {
			if a, err := c.getattr(f.handle); err != nil || a != *f.attributes {
				t.Errorf("%s: %s has %+v, %v, want %+v", when, name, a, err, *f.attributes)
			}
		}
		if _, err := c.lookup(root, "dir"); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	read(first, "before")
	first.kill()
	first.start(t)
	read(first, "after a kill")
	first.kill()
	first.forget(true)
	first.start(t)
	read(first, "after a kill and the loss of all but the store")
	read(newNFSGateway(t, store.env()...), "from a second gateway")
}

// A handle that nobody gave out is refused, whichever of its bits is wrong.
func TestNFSHandlesCannotBeGuessed(t *testing.T) {
	g := newNFSGateway(t)
	nfsTree(t, g, "maps")
	c, root := g.mounted(t, "/maps/v1")
	for bit := range 8 * len(root) {
		guess := []byte(root)
		guess[bit/8] ^= 1 << (bit % 8)
		if _, err := c.getattr(nfsHandle(guess)); !errors.Is(err, nfsBadHandle) {
			t.Errorf("with bit %d changed, the handle is answered %v, want %v", bit, err, nfsBadHandle)
		}
	}
	for _, guess := range []nfsHandle{"", root[:56], root + "\x00\x00\x00\x00"} {
		if _, err := c.getattr(guess); !errors.Is(err, nfsBadHandle) {
			t.Errorf("a handle of %d bytes is answered %v, want %v", len(guess), err, nfsBadHandle)
		}
	}
}

// TestNFSReadsOneVersion changes a file over S3 while it is read over NFS: the
// reader gets the old one whole, or an error, and never a mixture.
func TestNFSReadsOneVersion(t *testing.T) {
	const size, block = 8 << 20, 1 << 20
	g := newNFSGateway(t)
	r := newReference(t, g.endpoint, "maps")
	for name, change := range map[string]func(key string) error{
		"overwritten": func(key string) error { return r.put(t.Context(), key, bytes.Repeat([]byte{2}, size)) },
		"shortened":   func(key string) error { return r.put(t.Context(), key, []byte{2}) },
		"deleted": func(key string) error {
			return r.core.Client.RemoveObject(t.Context(), r.bucket, key, minio.RemoveObjectOptions{})
		},
	} {
		for at := 0; at <= size; at += size / 4 {
			t.Run(fmt.Sprintf("%s_at_%d", name, at), func(t *testing.T) {
				key := "v1/" + t.Name()
				if err := r.put(t.Context(), key, bytes.Repeat([]byte{1}, size)); err != nil {
					t.Fatal(err)
				}
				c, h := g.mounted(t, "/maps")
				for _, segment := range bytes.Split([]byte(key), []byte("/")) {
					var err error
					if h, err = c.lookup(h, string(segment)); err != nil {
						t.Fatal(err)
					}
				}
				for off := 0; off < size; off += block {
					if off == at {
						if err := change(key); err != nil {
							t.Fatal(err)
						}
					}
					data, _, err := c.readAt(h, uint64(off), block)
					if off >= at && errors.Is(err, nfsStale) {
						return
					}
					if err != nil || !bytes.Equal(data, bytes.Repeat([]byte{1}, block)) {
						t.Fatalf("%d bytes at %d, which begin with %x, %v, want the old ones or %v", len(data), off, data[:min(len(data), 4)], err, nfsStale)
					}
				}
			})
		}
	}
}
