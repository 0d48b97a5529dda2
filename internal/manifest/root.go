package manifest

// root is what the root of a tree holds beside its epoch, which is that of the
// node.
type root struct {
	dataset ID // zero: the hub
	n       uint64
	sum     Digest // SHA-256 of segment n
	closed  bool
	files   int64
	bytes   int64
	first   ref // of a dataset: its tags; of the hub: the datasets
	second  ref // of a dataset: its uploads; of the hub: the keys
	third   ref // of the hub: the settings of datasets; one that is zero is not stored, and never was
}

// kinds of the maps that first and second lead to.
func (r *root) kinds() (first, second byte) {
	if r.dataset.IsZero() {
		return kindDatasets, kindKeys
	}
	return kindTags, kindUploads
}

func (e *encoder) root(r *root) {
	e.raw(r.dataset[:])
	e.uint(r.n)
	e.raw(r.sum[:])
	e.bool(r.closed)
	e.int(r.files)
	e.int(r.bytes)
	e.bytes(r.first.bytes())
	e.bytes(r.second.bytes())
	if !r.third.isZero() {
		e.bytes(r.third.bytes())
	}
}

func (d *decoder) root(key string) *root {
	r := &root{dataset: d.id(), n: d.uint(), sum: d.digest(), closed: d.bool(), files: d.int(), bytes: d.any()}
	first, second := r.kinds()
	r.first, r.second = d.nodeRef(first, maxInlineRoot), d.nodeRef(second, maxInlineRoot)
	if len(d.b) > 0 && r.dataset.IsZero() {
		if r.third = d.nodeRef(kindSettings, maxInlineRoot); r.third.isZero() {
			d.fail("root with a third map that is empty")
		}
	}
	if key != "" || r.n == 0 || r.files > 0 == (r.first.isZero() || r.dataset.IsZero()) {
		d.fail("root at key %q of state %d with %d files", key, r.n, r.files)
	}
	return r
}
