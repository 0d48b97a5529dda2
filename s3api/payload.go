package s3api

import (
	"bytes"
	"crypto/md5"
	"io"
	"slices"

	"aetherfs/backend"
)

// upload is the verified body of a request that stores a file or a part.
type upload struct{ *body }

// openUpload returns the body as the bytes of a file of at most so many bytes.
// A checksum of the given algorithm is computed even if none was sent; 0: none.
func (q *request) openUpload(most int64, compute backend.Algorithm) (upload, error) {
	b, err := openBody(q.r, q.header, q.auth, bodyOptions{max: most, compute: compute})
	return upload{b}, err
}

// expected takes the Content-MD5 out of what the body verifies, and returns
// it, or nil: the tree computes the MD5 anyway, and compares it.
func (u upload) expected() []byte {
	for i, c := range u.checks {
		if c.algorithm == 0 && len(c.want) == md5.Size {
			u.checks = slices.Delete(u.checks, i, i+1)
			return c.want
		}
	}
	return nil
}

// fill adds the checksums that were verified by the time the body ended.
func (u upload) fill(a *backend.Attr) error {
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
