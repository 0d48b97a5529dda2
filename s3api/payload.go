package s3api

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"slices"

	"aetherfs/backend"
	"aetherfs/internal/lanes"
)

// upload is the body of a request that stores a file or a part. The tree
// computes the MD5 of the bytes anyway, and their SHA-256 beside it: what the
// request says of those two is not verified by Read but by what options returns.
type upload struct {
	*body
	md5    *check // of the Content-MD5; nil: none
	digest *check // of the x-amz-content-sha256; nil: none
	sums   *lanes.Pair
	stop   func() // ends a Read that waits for the client
}

// openUpload returns the body as the bytes of a file of at most so many bytes.
// A checksum of the given algorithm is computed even if none was sent; 0: none.
func (q *request) openUpload(most int64, compute backend.Algorithm) (*upload, error) {
	b, err := openBody(q.r, q.header, q.auth, bodyOptions{max: most, compute: compute})
	if err != nil {
		return nil, err
	}
	u := &upload{body: b, stop: q.in.Stop, md5: b.takeOut(md5.Size), digest: b.takeOut(sha256.Size)}
	if u.digest != nil {
		u.sums = lanes.NewPair()
	}
	return u, nil
}

// takeOut takes the check of a digest of so many bytes, one that is not kept,
// out of what b verifies, and returns it, or nil.
func (b *body) takeOut(size int) *check {
	for i, c := range b.checks {
		if c.algorithm == 0 && len(c.want) == size {
			b.checks = slices.Delete(b.checks, i, i+1)
			return &c
		}
	}
	return nil
}

// options are those with which the tree stores the body and verifies it.
func (u *upload) options(attr backend.Attr, cond backend.Cond) backend.PutOptions {
	o := backend.PutOptions{Attr: attr, Cond: cond, Below: u.Size() + 1, Stop: u.stop, AtEOF: u.finish, Sums: u.sums}
	if u.md5 != nil {
		o.MD5 = u.md5.want
	}
	return o
}

// finish compares the SHA-256, and adds the checksums that were verified by the
// time the body ended.
func (u *upload) finish(a *backend.Attr) error {
	if u.digest != nil && subtle.ConstantTimeCompare(u.digest.want, u.sums.SHA256()) != 1 {
		return fail(u.digest.code, "%s", u.digest.message)
	}
	a.Checksums = u.Checksums()
	return nil
}

// readXML reads the request's body into v, which stays as it is if there is
// none. root is the name of its outermost element.
func (q *request) readXML(root string, most int64, v any) error {
	b, err := openBody(q.r, q.header, q.auth, bodyOptions{max: most, elsewhere: q.op.name == "CompleteMultipartUpload"})
	if err != nil {
		return err
	}
	doc, err := io.ReadAll(b)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(doc)) == 0 {
		return nil
	}
	return parseXML(bytes.NewReader(doc), root, v)
}
