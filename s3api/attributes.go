package s3api

import (
	"net/http"
	"strconv"
	"strings"

	"aetherfs/backend"
)

// objectAttributes answers with those attributes of an object that the
// request names.
func (q *request) objectAttributes() error {
	if err := q.checkVersion(); err != nil {
		return err
	}
	want, err := q.attributes()
	if err != nil {
		return err
	}
	cond, err := readCond(q.header, "")
	if err != nil {
		return err
	}
	info, err := q.tree.Stat(q.ctx, q.path)
	if err != nil {
		return err
	}
	if err := cond.Check(info.ETag, info.Modified); err != nil {
		return err
	}
	d := newDoc()
	d.root("GetObjectAttributesResponse")
	if want["ETag"] {
		d.elem("ETag", info.ETag) // here, and only here, without quotes
	}
	if want["Checksum"] && len(info.Attr.Checksums) > 0 {
		d.open("Checksum")
		d.checksums(info.Attr.Checksums)
		d.close("Checksum")
	}
	if want["ObjectParts"] && len(info.Parts) > 0 {
		if err := q.objectParts(d, info.Parts); err != nil {
			return err
		}
	}
	if want["StorageClass"] {
		d.elem("StorageClass", "STANDARD")
	}
	if want["ObjectSize"] {
		d.int("ObjectSize", info.Size)
	}
	d.close("GetObjectAttributesResponse")
	q.w.Header().Set("Last-Modified", httpTime(info.Modified))
	return q.sendXML(http.StatusOK, d.bytes())
}

// attributes reads the header that names them.
func (q *request) attributes() (map[string]bool, error) {
	want := map[string]bool{}
	for _, line := range q.header.Values("X-Amz-Object-Attributes") {
		for name := range strings.SplitSeq(line, ",") {
			switch name = strings.TrimSpace(name); name {
			case "ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize":
				want[name] = true
			default:
				return nil, fail("InvalidArgument", "Invalid attribute name specified: %q.", name)
			}
		}
	}
	if len(want) == 0 {
		return nil, fail("InvalidRequest", "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty.")
	}
	return want, nil
}

// objectParts adds the parts of a file. As in S3 each is listed only if it has
// a checksum, and otherwise their number alone is told.
func (q *request) objectParts(d *doc, parts []backend.Part) error {
	after, err := q.numberHeader("X-Amz-Part-Number-Marker", 0)
	if err != nil {
		return err
	}
	most, err := q.numberHeader("X-Amz-Max-Parts", maxListParts)
	if err != nil {
		return err
	}
	most = min(most, maxListParts)
	d.open("ObjectParts")
	d.int("PartsCount", int64(len(parts)))
	if len(parts[0].Checksums) > 0 {
		after = min(after, len(parts))
		page := parts[after:min(after+most, len(parts))]
		d.int("PartNumberMarker", int64(after))
		d.int("NextPartNumberMarker", int64(after+len(page)))
		d.int("MaxParts", int64(most))
		d.bool("IsTruncated", after+len(page) < len(parts))
		for i, p := range page {
			d.open("Part")
			d.int("PartNumber", int64(after+i+1))
			d.int("Size", p.Size)
			d.checksums(p.Checksums)
			d.close("Part")
		}
	}
	d.close("ObjectParts")
	return nil
}

func (q *request) numberHeader(name string, def int) (int, error) {
	s := q.header.Get(name)
	if s == "" {
		return def, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, fail("InvalidArgument", "%s must be a number.", strings.ToLower(name))
	}
	return n, nil
}
