package manifest

import "iter"

// Limits of a Key, in bytes.
const (
	maxAccessBytes = 128
	maxSealedBytes = 4 << 10
	maxNoteBytes   = 1 << 10
)

// Key is an access key that the gateways of a repository share.
type Key struct {
	Access  string
	Sealed  []byte // its secret, encrypted; shared, not to be changed
	Note    string // of whoever made it
	Created int64  // Unix milliseconds; given by replay
}

// PutKey adds an access key: ErrExists if there is one of its name.
type PutKey struct{ Key Key }

func (*PutKey) kind() byte { return kindPutKey }

func (r *PutKey) encode(e *encoder) {
	e.string(r.Key.Access)
	e.sealed(&r.Key)
}

func decodePutKey(d *decoder) Record {
	access := d.access()
	k := d.sealed()
	k.Access = access
	return &PutKey{k}
}

func (e *encoder) sealed(k *Key) {
	e.bytes(k.Sealed)
	e.string(k.Note)
}

func (d *decoder) sealed() Key {
	k := Key{Sealed: d.bytes(), Note: d.string()}
	if len(k.Sealed) > maxSealedBytes || len(k.Note) > maxNoteBytes {
		d.fail("key with %d bytes sealed and a note of %d", len(k.Sealed), len(k.Note))
	}
	return k
}

func (d *decoder) access() string {
	v := d.string()
	if v == "" || len(v) > maxAccessBytes {
		d.fail("access key of %d bytes", len(v))
	}
	return v
}

// DropKey removes an access key: ErrNoKey.
type DropKey struct{ Access string }

func (*DropKey) kind() byte { return kindDropKey }

func (r *DropKey) encode(e *encoder) { e.string(r.Access) }

func decodeDropKey(d *decoder) Record { return &DropKey{d.access()} }

// Key returns the key of that access key, or nil.
func (h *Hub) Key(access string) *Key {
	k, _ := h.keys.Get(access)
	return k
}

// Keys yields the keys by access key.
func (h *Hub) Keys() iter.Seq[*Key] {
	return func(yield func(*Key) bool) {
		h.keys.Scan(func(_ string, k *Key) bool { return yield(k) })
	}
}
