package s3api

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"net/http"
	"slices"

	"aetherfs/backend"
)

// page is one page of a listing.
type page struct {
	backend.Query
	max    int
	encode bool // keys are sent percent-encoded
	items  []backend.Info
	last   string // the greatest key or common prefix of items
	more   bool   // something follows
}

// newPage reads what all listings of keys have in common.
func (q *request) newPage(limit string) (*page, error) {
	p := &page{}
	p.Prefix, p.Delimiter = q.query.Get("prefix"), q.query.Get("delimiter")
	switch v := q.query.Get("encoding-type"); v {
	case "":
	case "url":
		p.encode = true
	default:
		return nil, fail("InvalidArgument", "Invalid Encoding Method specified in Request: %q.", v)
	}
	var err error
	p.max, err = q.number(limit, maxListKeys, 0, maxListKeys)
	return p, err
}

// fill reads the page, and one item beyond to know whether it is the last.
func (q *request) fill(p *page) error {
	if p.max == 0 {
		_, err := q.tree.Dataset(q.ctx, q.bucket)
		return err
	}
	for info, err := range q.tree.List(q.ctx, q.bucket, p.Query) {
		if err != nil {
			return err
		}
		if p.more = len(p.items) == p.max; p.more {
			break
		}
		p.items = append(p.items, info)
		if p.last = info.Prefix; p.last == "" {
			p.last = info.Path.Key()
		}
	}
	return nil
}

// key encodes a key, or a part of one, as the client wants it.
func (p *page) key(s string) string {
	if p.encode {
		return percent(s)
	}
	return s
}

// head writes what all listings begin with.
func (p *page) head(d *doc, bucket, limit string) {
	d.elem("Name", bucket)
	d.elem("Prefix", p.key(p.Prefix))
	if p.Delimiter != "" {
		d.elem("Delimiter", p.key(p.Delimiter))
	}
	d.int(limit, int64(p.max))
	if p.encode {
		d.elem("EncodingType", "url")
	}
	d.bool("IsTruncated", p.more)
}

// itemBytes is about what an item takes in a listing, beside its key.
const itemBytes = 400

// body writes the items, each file in an element of the given name.
func (p *page) body(d *doc, element string, owner bool) {
	d.b = slices.Grow(d.b, len(p.items)*(itemBytes+len(p.last)))
	for _, info := range p.items {
		if info.Prefix != "" {
			continue
		}
		d.open(element)
		d.elem("Key", p.key(info.Path.Key()))
		if element == "Version" {
			d.elem("VersionId", "null")
			d.bool("IsLatest", true)
		}
		d.time("LastModified", info.Modified)
		d.etag(info.ETag)
		d.algorithms(info.Attr.Checksums)
		d.int("Size", info.Size)
		d.elem("StorageClass", "STANDARD")
		if owner {
			d.owner("Owner")
		}
		d.close(element)
	}
	for _, info := range p.items {
		if info.Prefix != "" {
			d.open("CommonPrefixes")
			d.elem("Prefix", p.key(info.Prefix))
			d.close("CommonPrefixes")
		}
	}
}

func (q *request) listObjects() error {
	p, err := q.newPage("max-keys")
	if err != nil {
		return err
	}
	p.After = q.query.Get("marker")
	if err := q.fill(p); err != nil {
		return err
	}
	d := newDoc()
	d.root("ListBucketResult")
	p.head(d, q.bucket, "MaxKeys")
	d.elem("Marker", p.key(p.After))
	if p.more && p.Delimiter != "" { // without one, clients take the last key
		d.elem("NextMarker", p.key(p.last))
	}
	p.body(d, "Contents", true)
	d.close("ListBucketResult")
	q.w.Header().Set("x-amz-bucket-region", q.Region)
	return q.sendXML(http.StatusOK, d.bytes())
}

func (q *request) listObjectsV2() error {
	if v := q.query.Get("list-type"); v != "2" {
		return fail("InvalidArgument", "Invalid list type %q.", v)
	}
	p, err := q.newPage("max-keys")
	if err != nil {
		return err
	}
	if p.After, err = q.token(); err != nil {
		return err
	}
	if !q.query.Has("continuation-token") {
		p.After = q.query.Get("start-after")
	}
	if err := q.fill(p); err != nil {
		return err
	}
	d := newDoc()
	d.root("ListBucketResult")
	p.head(d, q.bucket, "MaxKeys")
	d.int("KeyCount", int64(len(p.items)))
	if q.query.Has("continuation-token") {
		d.elem("ContinuationToken", q.query.Get("continuation-token"))
	}
	if p.more {
		d.elem("NextContinuationToken", seal(p.last))
	}
	if q.query.Has("start-after") {
		d.elem("StartAfter", p.key(q.query.Get("start-after")))
	}
	p.body(d, "Contents", q.query.Get("fetch-owner") == "true")
	d.close("ListBucketResult")
	q.w.Header().Set("x-amz-bucket-region", q.Region)
	return q.sendXML(http.StatusOK, d.bytes())
}

// listVersions lists every object as its own only version, "null": many tools
// empty a bucket by this.
func (q *request) listVersions() error {
	p, err := q.newPage("max-keys")
	if err != nil {
		return err
	}
	p.After = q.query.Get("key-marker")
	version := q.query.Get("version-id-marker")
	if version != "" && p.After == "" {
		return fail("InvalidArgument", "A version-id marker cannot be specified without a key marker.")
	}
	if version != "" && version != "null" {
		return fail("InvalidArgument", "Invalid version id specified.")
	}
	if err := q.fill(p); err != nil {
		return err
	}
	d := newDoc()
	d.root("ListVersionsResult")
	p.head(d, q.bucket, "MaxKeys")
	d.elem("KeyMarker", p.key(p.After))
	d.elem("VersionIdMarker", version)
	if p.more {
		d.elem("NextKeyMarker", p.key(p.last))
		d.elem("NextVersionIdMarker", "null")
	}
	p.body(d, "Version", true)
	d.close("ListVersionsResult")
	return q.sendXML(http.StatusOK, d.bytes())
}

// seal makes a continuation token: what was listed last, with a checksum so
// that nobody takes a key for a token.
func seal(last string) string {
	b := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(last)))
	return base64.RawURLEncoding.EncodeToString(append(b, last...))
}

// token opens the continuation token of the request; "" if there is none.
func (q *request) token() (last string, err error) {
	s, given := q.query["continuation-token"]
	if !given {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s[0])
	if err != nil || len(b) < 4 || seal(string(b[4:])) != s[0] {
		return "", fail("InvalidArgument", "The continuation token provided is incorrect.")
	}
	return string(b[4:]), nil
}

// percent encodes a key for encoding-type=url. A space becomes %20, not '+',
// which every client's decoder reads as a space, whichever kind it is.
func percent(s string) string {
	const hexDigits = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+16)
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~', c == '/':
			b = append(b, c)
		default:
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return string(b)
}
