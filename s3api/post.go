package s3api

import (
	"net/http"
	"net/url"
	"strings"

	"aetherfs/backend"
	"aetherfs/internal/auth"
)

// postObject stores the file of a browser's form, which carries its own
// credentials: a policy that says what may be posted, and its signature.
func (q *request) postObject() error {
	form, err := readForm(q.r)
	if err != nil {
		return err
	}
	allowed, err := q.Verifier.VerifyPost(q.ctx, auth.Form{Bucket: q.bucket, Fields: form.fields})
	if err != nil {
		return err
	}
	q.auth = &auth.Request{Identity: allowed.Identity}
	q.tree = q.Tree(allowed.Identity)
	if q.header, err = form.header(); err != nil {
		return err
	}
	info, err := q.storeForm(form, allowed)
	if err != nil {
		return err
	}
	return q.answerForm(form, info)
}

func (q *request) storeForm(form *postForm, allowed *auth.Post) (backend.Info, error) {
	if err := refuseHeaders(q.header); err != nil {
		return backend.Info{}, err
	}
	if err := q.refuseACL(); err != nil {
		return backend.Info{}, err
	}
	q.key = form.fields["key"]
	if q.key == "" {
		return backend.Info{}, fail("InvalidArgument", "Bucket POST must contain a field named 'key'. "+
			"If it is specified, please check the order of the fields.")
	}
	if err := q.parsePath(); err != nil {
		return backend.Info{}, err
	}
	attr, err := form.attr(q.header)
	if err != nil {
		return backend.Info{}, err
	}
	b, err := form.body(q.header, allowed)
	if err != nil {
		return backend.Info{}, err
	}
	u := &upload{body: b, stop: q.in.Stop}
	return q.put(u, u.options(attr, backend.Cond{}))
}

// answerForm answers as the fields success_action_redirect and
// success_action_status ask: by default without a body.
func (q *request) answerForm(form *postForm, info backend.Info) error {
	location := strings.TrimSuffix(q.url(), "/") + (&url.URL{Path: "/" + q.key}).EscapedPath()
	h := q.w.Header()
	h.Set("ETag", quoted(info.ETag))
	h.Set("Location", location)
	writeChecksums(h, info.Attr.Checksums)
	if to, err := url.Parse(form.fields["success_action_redirect"]); err == nil && (to.Scheme == "http" || to.Scheme == "https") {
		query := to.Query()
		query.Set("bucket", q.bucket)
		query.Set("key", q.key)
		query.Set("etag", quoted(info.ETag))
		to.RawQuery = query.Encode()
		h.Set("Location", to.String())
		return q.sendEmpty(http.StatusSeeOther)
	}
	switch form.fields["success_action_status"] {
	case "200":
		return q.sendEmpty(http.StatusOK)
	case "201":
		d := newDoc()
		d.open("PostResponse")
		d.elem("Location", location)
		d.elem("Bucket", q.bucket)
		d.elem("Key", q.key)
		d.etag(info.ETag)
		d.close("PostResponse")
		return q.sendXML(http.StatusCreated, d.bytes())
	}
	return q.sendEmpty(http.StatusNoContent)
}
