package s3api

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"aetherfs/backend"
)

func (q *request) copyObject() error {
	from, err := copySource(q.header.Get("X-Amz-Copy-Source"))
	if err != nil {
		return err
	}
	o, err := q.copyOptions(from)
	if err != nil {
		return err
	}
	info, err := q.copyWithChecksum(from, o)
	if err != nil {
		return notModifiedSource(err)
	}
	d := newDoc()
	d.root("CopyObjectResult")
	d.etag(info.ETag)
	d.time("LastModified", info.Modified)
	d.checksums(info.Attr.Checksums)
	d.close("CopyObjectResult")
	return q.sendXML(http.StatusOK, d.bytes())
}

func (q *request) copyOptions(from backend.Path) (o backend.CopyOptions, err error) {
	if err := q.refuseACL(); err != nil {
		return o, err
	}
	meta, err := directive(q.header, "X-Amz-Metadata-Directive")
	if err != nil {
		return o, err
	}
	tagging, err := directive(q.header, "X-Amz-Tagging-Directive")
	if err != nil {
		return o, err
	}
	if from == q.path && !meta && !tagging && !q.hasHeader("X-Amz-Checksum-Algorithm") {
		return o, fail("InvalidRequest", "This copy request is illegal because it is trying to copy an object to itself "+
			"without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	attr, err := readAttr(q.header)
	if err != nil {
		return o, err
	}
	if meta {
		o.Attr = &attr
	}
	if tagging {
		o.Tags = &attr.Tags
	}
	if o.Source, err = readCond(q.header, "X-Amz-Copy-Source-"); err != nil {
		return o, err
	}
	o.Cond, err = writeCond(q.header)
	o.Touch = true
	return o, err
}

// directive reports whether a directive says REPLACE.
func directive(h http.Header, name string) (replace bool, err error) {
	switch v := h.Get(name); v {
	case "", "COPY":
		return false, nil
	case "REPLACE":
		return true, nil
	default:
		return false, fail("InvalidArgument", "Unknown %s: %q.", strings.ToLower(name), v)
	}
}

// copyInto makes the request's object a copy of from.
func (q *request) copyInto(from backend.Path, o backend.CopyOptions) (backend.Info, error) {
	tx, err := q.tree.Begin(q.ctx, q.bucket)
	if err != nil {
		return backend.Info{}, err
	}
	defer tx.Close()
	if err := tx.Copy(q.ctx, q.path, from, o); err != nil {
		return backend.Info{}, err
	}
	return commit(q.ctx, tx)
}

// copySource parses "bucket/key", percent-encoded, perhaps with a leading '/'
// and with "?versionId=null". A '+' is itself.
func copySource(header string) (backend.Path, error) {
	source, query, _ := strings.Cut(header, "?")
	if query != "" && query != "versionId=null" {
		return backend.Path{}, fail("InvalidArgument", "Invalid version id specified.")
	}
	source, err := url.PathUnescape(strings.TrimPrefix(source, "/"))
	name, key, ok := strings.Cut(source, "/")
	if err != nil || !ok || name == "" || key == "" || strings.HasPrefix(name, "arn:") {
		return backend.Path{}, &Error{
			Code: "InvalidArgument", Message: "Copy Source must mention the source bucket and key: sourcebucket/sourcekey.",
			Fields: []Field{{"ArgumentName", "x-amz-copy-source"}, {"ArgumentValue", header}},
		}
	}
	return backend.ParsePath(name, key)
}

// notModifiedSource answers 412 for every condition on a copy's source that
// does not hold: 304 is for reads.
func notModifiedSource(err error) error {
	if errors.Is(err, backend.ErrNotModified) {
		return &Error{Code: "PreconditionFailed", Message: "At least one of the preconditions does not hold.", Err: err}
	}
	return err
}
