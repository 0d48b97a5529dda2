package s3api

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"aetherfs/backend"
)

const metaPrefix = "X-Amz-Meta-"

// defaultType is what S3 says of a file whose writer named no type.
const defaultType = "binary/octet-stream"

// readAttr reads what the headers say of the file that is written.
func readAttr(h http.Header) (backend.Attr, error) {
	unchunk(h)
	a := backend.Attr{
		ContentType:        h.Get("Content-Type"),
		ContentEncoding:    h.Get("Content-Encoding"),
		ContentLanguage:    h.Get("Content-Language"),
		ContentDisposition: h.Get("Content-Disposition"),
		CacheControl:       h.Get("Cache-Control"),
		Expires:            h.Get("Expires"),
	}
	var err error
	if a.Meta, err = readMeta(h); err != nil {
		return a, err
	}
	a.Tags, err = readTags(h.Get("X-Amz-Tagging"))
	return a, err
}

// readMeta reads the user metadata. A name given twice has both values.
func readMeta(h http.Header) ([]backend.KV, error) {
	var meta []backend.KV
	n := 0
	for name, values := range h {
		short, ok := strings.CutPrefix(name, metaPrefix)
		if !ok {
			continue
		}
		kv := backend.KV{Name: strings.ToLower(short), Value: strings.Join(values, ",")}
		n += len(kv.Name) + len(kv.Value)
		meta = append(meta, kv)
	}
	if n > maxMetaBytes {
		return nil, fail("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size, %d bytes.", maxMetaBytes)
	}
	slices.SortFunc(meta, func(a, b backend.KV) int { return cmp.Compare(a.Name, b.Name) })
	return meta, nil
}

// together returns a copy of h with the headers that came in the query, and
// one line for each of Amazon's: several are signed as one with commas, and mean
// the same. The lines are h's, not to be changed.
func together(h, hoisted http.Header) http.Header {
	all := make(http.Header, len(h)+len(hoisted))
	for name, lines := range h {
		if len(lines) > 1 && strings.HasPrefix(name, "X-Amz-") {
			lines = []string{strings.Join(lines, ",")}
		}
		all[name] = lines
	}
	maps.Copy(all, hoisted)
	return all
}

// writeInfo sets the headers that describe a file.
func writeInfo(h http.Header, info backend.Info) {
	h.Set("ETag", quoted(info.ETag))
	h.Set("Last-Modified", httpTime(info.Modified))
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Type", cmp.Or(info.Attr.ContentType, defaultType))
	for _, kv := range [...]backend.KV{
		{Name: "Content-Encoding", Value: info.Attr.ContentEncoding},
		{Name: "Content-Language", Value: info.Attr.ContentLanguage},
		{Name: "Content-Disposition", Value: info.Attr.ContentDisposition},
		{Name: "Cache-Control", Value: info.Attr.CacheControl},
		{Name: "Expires", Value: info.Attr.Expires},
	} {
		if kv.Value != "" {
			h.Set(kv.Name, kv.Value)
		}
	}
	for _, kv := range info.Attr.Meta {
		h["x-amz-meta-"+kv.Name] = []string{kv.Value} // set so, it stays in lower case
	}
}

// refused are the headers that ask for what is not done, with why.
var refused = map[string]*Error{
	"X-Amz-Write-Offset-Bytes":           notImplemented("Appending to an object"),
	"X-Amz-Website-Redirect-Location":    notImplemented("A website redirect"),
	"X-Amz-If-Match-Last-Modified-Time":  notImplemented("A condition on the time of an object"),
	"X-Amz-If-Match-Size":                notImplemented("A condition on the size of an object"),
	"X-Amz-If-Match-Initiated-Time":      notImplemented("A condition on the time of an upload"),
	"X-Amz-Rename-Source":                notImplemented("Renaming"),
	"X-Amz-Expected-Bucket-Owner":        fail("AccessDenied", "Buckets have no owning account here."),
	"X-Amz-Source-Expected-Bucket-Owner": fail("AccessDenied", "Buckets have no owning account here."),
	"X-Minio-Extract":                    notImplemented("Unpacking an archive"),
}

// refusedPrefixes are those of whole families of such headers.
var refusedPrefixes = []struct {
	prefix string
	err    *Error
}{
	{"X-Amz-Server-Side-Encryption", notImplemented("Server-side encryption")},
	{"X-Amz-Copy-Source-Server-Side-Encryption", notImplemented("Server-side encryption")},
	{"X-Amz-Object-Lock-", notImplemented("Object lock")},
	{"X-Amz-Grant-", fail("AccessControlListNotSupported", "The bucket does not allow ACLs.")},
}

// harmless are values with which a header asks for nothing.
var harmless = map[string]string{
	"X-Amz-Bucket-Object-Lock-Enabled": "false",
	"X-Amz-Object-Ownership":           "BucketOwnerEnforced",
	"X-Amz-Storage-Class":              "STANDARD",
}

// refuseHeaders refuses a request that asks for what is not done. Headers
// whose wish is void here pass: x-amz-mfa, x-amz-bypass-governance-retention
// (nothing is locked), x-amz-request-payer and x-minio-force-delete (a bucket
// that is not empty stays, and the answer says so).
func refuseHeaders(h http.Header) error {
	for name, values := range h {
		if !strings.HasPrefix(name, "X-") {
			continue
		}
		if e, ok := refused[name]; ok {
			return e
		}
		for _, family := range refusedPrefixes {
			if strings.HasPrefix(name, family.prefix) {
				return family.err
			}
		}
		want, ok := harmless[name]
		switch {
		case !ok || strings.EqualFold(values[0], want):
		case name == "X-Amz-Storage-Class":
			return fail("InvalidStorageClass", "The storage class you specified is not valid; this server has only STANDARD.")
		default:
			return notImplemented("The header " + strings.ToLower(name))
		}
	}
	return nil
}
