package s3api

import (
	"net/http"
	"strconv"
	"time"

	"aetherfs/backend"
	"aetherfs/internal/checksum"
)

func (q *request) createUpload() (id string, err error) {
	if err := q.refuseACL(); err != nil {
		return "", err
	}
	var o backend.UploadOptions
	if o.Attr, err = readAttr(q.header); err != nil {
		return "", err
	}
	if o.Checksum, o.Full, err = uploadChecksum(q.header); err != nil {
		return "", err
	}
	if o.Checksum != 0 {
		q.w.Header().Set("x-amz-checksum-algorithm", checksum.Name(o.Checksum))
		q.w.Header().Set("x-amz-checksum-type", uploadType(o.Full))
	}
	return q.tree.CreateUpload(q.ctx, q.path, o)
}

// uploadPart refuses what gofakes3 would answer with another code.
func (q *request) uploadPart() error {
	if _, err := q.partNumber(); err != nil {
		return err
	}
	return q.plain()
}

func (q *request) partNumber() (int, error) {
	s := q.query.Get("partNumber")
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > backend.MaxParts {
		return 0, &Error{
			Code: "InvalidArgument", Message: "Part number must be an integer between 1 and 10000, inclusive.",
			Fields: []Field{{"ArgumentName", "partNumber"}, {"ArgumentValue", s}},
		}
	}
	return n, nil
}

// putPart stores the request's body as a part. Of an upload that asked for a
// checksum, each part gets one, whether or not the client sent its own.
func (q *request) putPart(id string, number int) error {
	u, err := q.tree.Upload(q.ctx, q.path, id)
	if err != nil {
		return err
	}
	body, err := q.openUpload(backend.MaxPartBytes, u.Checksum)
	if err != nil {
		return err
	}
	part, err := q.tree.PutPart(q.ctx, q.path, id, number, body, body.options(backend.Attr{}, backend.Cond{}))
	if err != nil {
		return err
	}
	q.w.Header().Set("ETag", quoted(part.ETag))
	writeChecksums(q.w.Header(), part.Checksums)
	return nil
}

// copyPart makes a range of another object a part.
func (q *request) copyPart() error {
	number, err := q.partNumber()
	if err != nil {
		return err
	}
	from, err := copySource(q.header.Get("X-Amz-Copy-Source"))
	if err != nil {
		return err
	}
	off, n, err := copyRange(q.header)
	if err != nil {
		return err
	}
	cond, err := readCond(q.header, "X-Amz-Copy-Source-")
	if err != nil {
		return err
	}
	part, err := q.tree.CopyPart(q.ctx, q.path, q.query.Get("uploadId"), number, from, off, n, cond)
	if err != nil {
		return notModifiedSource(err)
	}
	d := newDoc()
	d.root("CopyPartResult")
	d.etag(part.ETag)
	d.time("LastModified", unixMilli(part.Modified))
	d.checksums(part.Checksums)
	d.close("CopyPartResult")
	return q.sendXML(http.StatusOK, d.bytes())
}

// completeUpload makes the object of the parts that the client names.
func (q *request) completeUpload() error {
	parts, err := q.readComplete()
	if err != nil {
		return err
	}
	var o backend.CompleteOptions
	if o.Cond, err = writeCond(q.header); err != nil {
		return err
	}
	if o.Checksum, err = q.wholeChecksum(len(parts)); err != nil {
		return err
	}
	if size := q.header.Get("X-Amz-Mp-Object-Size"); size != "" {
		o.HasSize = true
		if o.Size, err = strconv.ParseInt(size, 10, 64); err != nil || o.Size < 0 {
			return fail("InvalidArgument", "x-amz-mp-object-size must be a number of bytes.")
		}
	}
	info, err := q.tree.Complete(q.ctx, q.path, q.query.Get("uploadId"), parts, o)
	if err != nil {
		return err
	}
	d := newDoc()
	d.root("CompleteMultipartUploadResult")
	d.elem("Location", q.url())
	d.elem("Bucket", q.bucket)
	d.elem("Key", q.key)
	d.etag(info.ETag)
	d.checksums(info.Attr.Checksums)
	d.close("CompleteMultipartUploadResult")
	return q.sendXML(http.StatusOK, d.bytes())
}

// wholeChecksum returns the checksum that the client expects of the whole
// object, or nil. S3 takes one over the parts' checksums with and without its
// "-N".
func (q *request) wholeChecksum(parts int) (*backend.Checksum, error) {
	c, err := givenChecksum(q.header)
	if err == nil && c != nil && c.Parts == 0 && q.header.Get("X-Amz-Checksum-Type") == compositeType {
		c.Parts = parts
	}
	return c, err
}

func (q *request) readComplete() ([]backend.CompletePart, error) {
	var doc struct {
		Part []struct {
			PartNumber int
			ETag       string
			partSums
		}
	}
	if err := q.readXML("CompleteMultipartUpload", maxCompleteXML, &doc); err != nil {
		return nil, err
	}
	if n := len(doc.Part); n == 0 || n > backend.MaxParts {
		return nil, errMalformed
	}
	parts := make([]backend.CompletePart, 0, len(doc.Part))
	for _, p := range doc.Part {
		sum, err := p.checksum()
		if err != nil {
			return nil, err
		}
		parts = append(parts, backend.CompletePart{Number: p.PartNumber, ETag: unquoted(p.ETag), Checksum: sum})
	}
	return parts, nil
}

// url is where the object is, as the client addressed it.
func (q *request) url() string {
	scheme := "http"
	if q.r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + q.r.Host + q.r.URL.EscapedPath()
}

func unixMilli(ms int64) time.Time { return time.UnixMilli(ms) }
