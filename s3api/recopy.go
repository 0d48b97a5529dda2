package s3api

import (
	"io"

	"aetherfs/backend"
	"aetherfs/internal/checksum"
)

// copyWithChecksum copies an object. A checksum that the request asks for and
// the source has not is found by reading the source.
func (q *request) copyWithChecksum(from backend.Path, o backend.CopyOptions) (backend.Info, error) {
	name := q.header.Get("X-Amz-Checksum-Algorithm")
	if name == "" {
		return q.copyInto(from, o)
	}
	want, ok := checksum.Parse(name)
	if !ok {
		return backend.Info{}, fail("InvalidRequest", "Checksum algorithm provided is unsupported.")
	}
	file, err := q.tree.Open(q.ctx, from)
	if err != nil {
		return backend.Info{}, err
	}
	for _, c := range file.Info.Attr.Checksums {
		if c.Algorithm == want && c.Parts == 0 {
			return q.copyInto(from, o)
		}
	}
	return q.storeAgain(file, o, want)
}

// storeAgain makes the request's object of the bytes of file. Their chunks are
// all known, so that little is added to the store.
func (q *request) storeAgain(file *backend.File, o backend.CopyOptions, want backend.Algorithm) (backend.Info, error) {
	if err := o.Source.Check(file.Info.ETag, file.Info.Modified); err != nil {
		return backend.Info{}, err
	}
	attr := file.Info.Attr
	if o.Attr != nil {
		attr = *o.Attr
		attr.Tags = file.Info.Attr.Tags
	}
	if o.Tags != nil {
		attr.Tags = *o.Tags
	}
	sum := checksum.New(want)
	setSum := func(a *backend.Attr) error {
		a.Checksums = []backend.Checksum{{Algorithm: want, Value: sum.Sum(nil)}}
		return nil
	}
	bytes := file.Stream(0, file.Info.Size)
	defer bytes.Close()
	return q.put(io.TeeReader(bytes, sum), backend.PutOptions{Attr: attr, Cond: o.Cond, AtEOF: setSum})
}
