package s3store

import (
	"bytes"
	"encoding/xml"
	"io"
	"net/http"
)

const (
	// maxRefusal bounds what is read of a reply that is an error.
	maxRefusal = 64 << 10 // bytes
	// maxPage bounds what is read of a list: pageKeys names of 1,024 bytes, each
	// of which may be escaped to three, and as much again of each beside.
	maxPage = 8 << 20 // bytes
)

// refusal is a reply that is an error. Its code is "" if it is not one of S3.
type refusal struct {
	Code     string
	Message  string
	Region   string // where the bucket is, if that was wrong
	location string // where a redirect points
}

// refuse takes a reply that is an error.
func (x *exchange) refuse(reply *http.Response) {
	text, err := io.ReadAll(io.LimitReader(reply.Body, maxRefusal))
	if err != nil { // half an answer is none: what it would have said is unknown
		x.failed = err
		x.cancel(errOver)
		return
	}
	x.refusal = &refusal{}
	x.refusal.read(text)
	if x.refusal.Region == "" {
		x.refusal.Region = reply.Header.Get("X-Amz-Bucket-Region")
	}
	x.refusal.location = reply.Header.Get("Location")
	replace(reply, http.NoBody)
	x.cancel(errOver)
}

// list takes a reply that has to be a list. Of anything else, the page of a
// proxy or an error in S3's own words, minio-go would make an empty one.
func (x *exchange) list(reply *http.Response) {
	text, err := io.ReadAll(io.LimitReader(reply.Body, maxPage))
	switch {
	case err != nil:
		x.failed = err
	case isList(text):
		replace(reply, io.NopCloser(bytes.NewReader(text)))
		return
	default:
		x.refusal = &refusal{Message: "that is no list"}
		x.refusal.read(text)
	}
	replace(reply, http.NoBody)
	x.cancel(errOver)
}

// replace has minio-go read another body.
func replace(reply *http.Response, body io.ReadCloser) {
	_ = reply.Body.Close()
	reply.Body = body
}

// isList reports whether text begins as S3's list of a bucket does. Whether it
// is whole, its reader finds out.
func isList(text []byte) bool {
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		token, err := d.Token()
		if err != nil {
			return false
		}
		if root, ok := token.(xml.StartElement); ok {
			return root.Name.Local == "ListBucketResult"
		}
	}
}

// read takes what an S3 server writes; anything else says nothing.
func (r *refusal) read(text []byte) {
	var body struct {
		XMLName xml.Name `xml:"Error"`
		refusal
	}
	if xml.Unmarshal(text, &body) == nil {
		*r = body.refusal
	}
}
