package s3api

import (
	"io"
	"net/http"
	"net/url"

	"github.com/johannesboyne/gofakes3"
)

// plain lets gofakes3 answer. It is given a request of our own making: what
// the operation is about and nothing else, so that no header of the client's
// can turn it into another operation or end up as metadata.
func (q *request) plain() error {
	b := &bound{request: q}
	s := &shim{header: http.Header{}}
	gofakes3.New(b, gofakes3.WithTimeSkewLimit(0)).Server().ServeHTTP(s, b.inner())
	if b.err != nil {
		return b.err
	}
	if err := s.err(); err != nil {
		return err
	}
	return s.send(q)
}

// bound is gofakes3's backend for one request: it knows the context, who asks,
// and all that gofakes3 does not pass on. What gofakes3 does pass on about the
// object it has from us, and is not read again.
type bound struct {
	*request
	err error // of the tree: gofakes3 has no code or status for most
}

// inner is the request as gofakes3 sees it.
func (b *bound) inner() *http.Request {
	query := url.Values{}
	for _, name := range b.op.query {
		query[name] = b.query[name]
	}
	path := "/" + b.bucket
	if b.key != "" {
		path += "/" + b.key
	}
	r := &http.Request{
		Method: b.op.method,
		URL:    &url.URL{Path: path, RawQuery: query.Encode()},
		// It wants a length above zero of every part. The true one, which it
		// has no use for, may be zero or come only at the end.
		Header: http.Header{"Content-Length": {"1"}},
		Body:   http.NoBody,
	}
	return r.WithContext(b.ctx)
}

// keep keeps an error for the answer, and gives gofakes3 one to stop at.
func (b *bound) keep(err error) error {
	if err != nil && b.err == nil {
		b.err = err
	}
	return err
}

// BucketExists is asked before everything. Only HeadBucket wants to know: any
// other operation finds out by itself, in the same step as it acts.
func (b *bound) BucketExists(string) (bool, error) {
	if b.op.name != "HeadBucket" {
		return true, nil
	}
	_, err := b.tree.Dataset(b.ctx, b.bucket)
	return err == nil, b.keep(err)
}

func (b *bound) DeleteBucket(string) error {
	return b.keep(b.tree.RemoveDataset(b.ctx, b.bucket))
}

// PutObject reads the verified body of the request, not gofakes3's reader,
// which would compute the MD5 that the tree computes anyway.
func (b *bound) PutObject(string, string, map[string]string, io.Reader, int64, *gofakes3.PutConditions) (r gofakes3.PutObjectResult, err error) {
	return r, b.keep(b.putObject())
}

func (b *bound) CreateMultipartUpload(string, string, map[string]string) (gofakes3.UploadID, error) {
	id, err := b.createUpload()
	return gofakes3.UploadID(id), b.keep(err)
}

// UploadPart reads the request's body as PutObject does.
func (b *bound) UploadPart(_, _ string, id gofakes3.UploadID, number int, _ int64, _ io.Reader) (string, error) {
	return "", b.keep(b.putPart(string(id), number))
}

func (b *bound) AbortMultipartUpload(_, _ string, id gofakes3.UploadID) error {
	return b.keep(b.tree.Abort(b.ctx, b.path, string(id)))
}

// The rest is answered without gofakes3. If it came to ask after all, it would
// be told so.

func (b *bound) never() error { return b.keep(notImplemented("This request")) }

func (b *bound) ListBuckets() ([]gofakes3.BucketInfo, error) { return nil, b.never() }

func (b *bound) ListBucket(string, *gofakes3.Prefix, gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	return nil, b.never()
}

func (b *bound) CreateBucket(string) error { return b.never() }

func (b *bound) ForceDeleteBucket(string) error { return b.never() }

func (b *bound) GetObject(string, string, *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	return nil, b.never()
}

func (b *bound) HeadObject(string, string) (*gofakes3.Object, error) { return nil, b.never() }

func (b *bound) DeleteObject(string, string) (r gofakes3.ObjectDeleteResult, err error) {
	return r, b.never()
}

func (b *bound) DeleteMulti(string, ...string) (r gofakes3.MultiDeleteResult, err error) {
	return r, b.never()
}

func (b *bound) CopyObject(string, string, string, string, map[string]string) (r gofakes3.CopyObjectResult, err error) {
	return r, b.never()
}

func (b *bound) ListMultipartUploads(string, *gofakes3.UploadListMarker, gofakes3.Prefix, int64) (*gofakes3.ListMultipartUploadsResult, error) {
	return nil, b.never()
}

func (b *bound) ListParts(string, string, gofakes3.UploadID, int, int64) (*gofakes3.ListMultipartUploadPartsResult, error) {
	return nil, b.never()
}

func (b *bound) CompleteMultipartUpload(string, string, gofakes3.UploadID, *gofakes3.CompleteMultipartUploadRequest) (gofakes3.VersionID, string, error) {
	return "", "", b.never()
}
