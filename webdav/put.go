package webdav

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"aetherfs/backend"
)

// put stores a file: all of the body, if what is there meets the conditions
// when it is stored, or nothing.
func (q *request) put() error {
	name := q.target.name
	if q.target.slash || isDataset(name) {
		return refuse(http.StatusMethodNotAllowed, "a directory cannot be put")
	}
	if q.r.Header.Get("Content-Range") != "" { // RFC 9110, section 14.4
		return refuse(http.StatusBadRequest, "a part of a file cannot be put")
	}
	if q.dropped(name) {
		return q.drop()
	}
	before, exists, err := q.find(name)
	switch {
	case err != nil:
		return err
	case exists && before.Dir:
		return refuse(http.StatusMethodNotAllowed, "a directory is there")
	}
	if err := q.needParent(name); err != nil {
		return err
	}
	release, err := q.admit(write{name: name, member: !exists})
	if err != nil {
		return err
	}
	defer release()
	cond, err := q.conditions()
	if err != nil {
		return err
	}
	if err := meets(cond, before, exists); err != nil {
		return err // before the body is sent for nothing
	}
	info, err := q.store(name, cond)
	if err != nil {
		return err
	}
	q.w.Header().Set("ETag", strconv.Quote(info.ETag))
	return q.answered(createdOr(exists))
}

// store commits the body as the file of a name.
func (q *request) store(name string, cond backend.Cond) (backend.Info, error) {
	p, err := key(name)
	if err != nil {
		return backend.Info{}, err
	}
	body, err := q.upload()
	if err != nil {
		return backend.Info{}, err
	}
	o := backend.PutOptions{
		Cond: cond, Below: q.r.ContentLength + 1, Stop: q.in.Stop,
		AtEOF: func(a *backend.Attr) error { return q.keepProperties(a, name) },
	}
	if o.MD5, err = contentMD5(q.r.Header); err != nil {
		return backend.Info{}, err
	}
	o.Attr.ContentType = q.r.Header.Get("Content-Type")
	o.Attr.ContentEncoding = strings.Join(q.r.Header.Values("Content-Encoding"), ", ")
	if at := q.r.Header.Get("X-Oc-Mtime"); isTime(at) {
		o.Attr.Meta = withMeta(o.Attr.Meta, "mtime", at)
		q.w.Header().Set("X-Oc-Mtime", "accepted")
	}
	infos, err := q.change(p.Dataset, func(tx backend.Tx) error { return tx.Put(q.ctx, p, body, o) })
	if err != nil {
		return backend.Info{}, err
	}
	return infos[0], nil
}

// keepProperties gives a the dead properties of what is now under a name: they
// are the resource's, not its content's.
func (q *request) keepProperties(a *backend.Attr, name string) error {
	n, _, err := q.find(name)
	if text := metaOf(n.Info.Attr, propertiesMeta); err == nil && text != "" {
		a.Meta = withMeta(a.Meta, propertiesMeta, text)
	}
	return err
}

// metaOf is a value of the user metadata, "" if there is none.
func metaOf(a backend.Attr, name string) string {
	for _, m := range a.Meta {
		if m.Name == name {
			return m.Value
		}
	}
	return ""
}

// withMeta returns a copy of meta in which name has a value, or is missing if
// that is "".
func withMeta(meta []backend.KV, name, value string) []backend.KV {
	meta = slices.DeleteFunc(slices.Clone(meta), func(m backend.KV) bool { return m.Name == name })
	if value != "" {
		meta = append(meta, backend.KV{Name: name, Value: value})
	}
	slices.SortFunc(meta, func(a, b backend.KV) int { return cmp.Compare(a.Name, b.Name) })
	return meta
}

// isTime reports whether s is what backend.Node takes for a time: seconds,
// perhaps with a fraction.
func isTime(s string) bool {
	const longest = len("253402300799.123456789")
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && len(s) <= longest && strings.Trim(s, "0123456789.") == ""
}

func contentMD5(h http.Header) ([]byte, error) {
	text := h.Get("Content-Md5")
	if text == "" {
		return nil, nil
	}
	sum, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(sum) != 16 {
		return nil, refuse(http.StatusBadRequest, "Content-MD5 is not the MD5 of a body")
	}
	return sum, nil
}
