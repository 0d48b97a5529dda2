package s3api

import (
	"net/http"

	"aetherfs/backend"
)

// listUploads lists the open uploads of a bucket.
func (q *request) listUploads() error {
	p, err := q.newPage("max-uploads")
	if err != nil {
		return err
	}
	p.After = q.query.Get("key-marker")
	idMarker := q.query.Get("upload-id-marker")
	if p.After == "" {
		idMarker = "" // S3 ignores it then
	}
	list, more, err := q.uploads(p, idMarker)
	if err != nil {
		return err
	}
	d := newDoc()
	d.root("ListMultipartUploadsResult")
	d.elem("Bucket", q.bucket)
	d.elem("KeyMarker", p.key(p.After))
	d.elem("UploadIdMarker", idMarker)
	if more && len(list) > 0 {
		last := list[len(list)-1]
		d.elem("NextKeyMarker", p.key(uploadKey(last)))
		d.elem("NextUploadIdMarker", last.ID)
	}
	d.elem("Prefix", p.key(p.Prefix))
	if p.Delimiter != "" {
		d.elem("Delimiter", p.key(p.Delimiter))
	}
	if p.encode {
		d.elem("EncodingType", "url")
	}
	d.int("MaxUploads", int64(p.max))
	d.bool("IsTruncated", more)
	for _, u := range list {
		d.upload(p, u)
	}
	d.close("ListMultipartUploadsResult")
	return q.sendXML(http.StatusOK, d.bytes())
}

func (q *request) uploads(p *page, idMarker string) (list []backend.UploadInfo, more bool, err error) {
	if p.max == 0 {
		_, err := q.tree.Dataset(q.ctx, q.bucket)
		return nil, false, err
	}
	for u, err := range q.tree.ListUploads(q.ctx, q.bucket, p.Query, idMarker) {
		if err != nil {
			return nil, false, err
		}
		if len(list) == p.max {
			return list, true, nil
		}
		list = append(list, u)
	}
	return list, false, nil
}

func uploadKey(u backend.UploadInfo) string {
	if u.Prefix != "" {
		return u.Prefix
	}
	return u.Path.Key()
}

func (d *doc) upload(p *page, u backend.UploadInfo) {
	if u.Prefix != "" {
		d.open("CommonPrefixes")
		d.elem("Prefix", p.key(u.Prefix))
		d.close("CommonPrefixes")
		return
	}
	d.open("Upload")
	d.elem("Key", p.key(u.Path.Key()))
	d.elem("UploadId", u.ID)
	d.owner("Initiator")
	d.owner("Owner")
	d.elem("StorageClass", "STANDARD")
	d.time("Initiated", u.Initiated)
	d.uploadChecksum(u)
	d.close("Upload")
}

// listParts lists the parts of an open upload.
func (q *request) listParts() error {
	most, err := q.number("max-parts", maxListParts, 0, maxListParts)
	if err != nil {
		return err
	}
	after, err := q.number("part-number-marker", 0, 0, backend.MaxParts)
	if err != nil {
		return err
	}
	id := q.query.Get("uploadId")
	u, err := q.tree.Upload(q.ctx, q.path, id)
	if err != nil {
		return err
	}
	var parts []backend.Part
	more := false
	for p, err := range q.tree.Parts(q.ctx, q.path, id, after) {
		if err != nil {
			return err
		}
		if len(parts) == most {
			more = most > 0 // or a client would ask for ever
			break
		}
		parts = append(parts, p)
	}
	next := after
	if len(parts) > 0 {
		next = parts[len(parts)-1].Number
	}
	d := newDoc()
	d.root("ListPartsResult")
	d.elem("Bucket", q.bucket)
	d.elem("Key", q.key)
	d.elem("UploadId", id)
	d.owner("Initiator")
	d.owner("Owner")
	d.elem("StorageClass", "STANDARD")
	d.int("PartNumberMarker", int64(after))
	d.int("NextPartNumberMarker", int64(next))
	d.int("MaxParts", int64(most))
	d.bool("IsTruncated", more)
	d.uploadChecksum(u)
	for _, p := range parts {
		d.open("Part")
		d.int("PartNumber", int64(p.Number))
		d.time("LastModified", unixMilli(p.Modified))
		d.etag(p.ETag)
		d.int("Size", p.Size)
		d.checksums(p.Checksums)
		d.close("Part")
	}
	d.close("ListPartsResult")
	return q.sendXML(http.StatusOK, d.bytes())
}
