package s3api

import (
	"io"
	"math"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"aetherfs/backend"
	"aetherfs/internal/auth"
)

// Limits of a form, before its file. S3 allows 20 KiB of fields; the rest is
// for the lines between them and for what is read ahead.
const (
	maxFormBytes  = 32 << 10
	maxFormFields = 256 // ours
)

// postForm is a browser's POST: fields, and behind them the file.
type postForm struct {
	fields map[string]string // by lower-case name
	file   *multipart.Part
}

// readForm reads a form up to the bytes of its file. What follows the file is
// ignored, as S3 does.
func readForm(r *http.Request) (*postForm, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return nil, fail("PreconditionFailed", "Bucket POST must be of the enclosure-type multipart/form-data")
	}
	head := &formHead{src: r.Body, left: maxFormBytes}
	parts := multipart.NewReader(head, params["boundary"])
	form := &postForm{fields: map[string]string{}}
	for range maxFormFields {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return nil, fail("IncorrectNumberOfFilesInPostRequest", "POST requires exactly one file upload per request.")
		}
		if err != nil {
			return nil, malformedForm(err)
		}
		name := strings.ToLower(part.FormName())
		if name == "file" {
			form.file = part
			head.left = math.MaxInt64
			form.expand(part.FileName())
			return form, nil
		}
		if part.FileName() != "" {
			return nil, fail("MalformedPOSTRequest", "The file has to be the field \"file\", not %q.", name)
		}
		if err := form.add(name, part); err != nil {
			return nil, err
		}
	}
	return nil, fail("MaxPostPreDataLengthExceededError", "Your POST request has too many fields.")
}

// add reads a field.
func (f *postForm) add(name string, r io.Reader) error {
	value, err := io.ReadAll(r) // no more than formHead lets through
	if err != nil {
		return malformedForm(err)
	}
	if _, again := f.fields[name]; again || name == "" || !utf8.Valid(value) {
		return fail("MalformedPOSTRequest", "The field %q has no name, is given twice or is not UTF-8.", name)
	}
	f.fields[name] = string(value)
	return nil
}

// expand puts the file's name, as the browser gave it, where fields ask for it.
func (f *postForm) expand(filename string) {
	for name, value := range f.fields {
		if name != "policy" {
			f.fields[name] = strings.ReplaceAll(value, "${filename}", filename)
		}
	}
}

// header is the fields as the headers that they stand for. What no header can
// hold is refused.
func (f *postForm) header() (http.Header, error) {
	h := http.Header{}
	for name, value := range f.fields {
		if name == "key" || name == "tagging" || name == "policy" {
			continue // no headers
		}
		if strings.ContainsFunc(value, unicode.IsControl) {
			return nil, fail("InvalidArgument", "The field %q holds control characters.", name)
		}
		if name == "acl" {
			name = "X-Amz-Acl"
		}
		h.Set(name, value)
	}
	return h, nil
}

// attr is what the fields say of the file.
func (f *postForm) attr(h http.Header) (backend.Attr, error) {
	a, err := readAttr(h)
	if err != nil || f.fields["tagging"] == "" {
		return a, err
	}
	var doc struct {
		TagSet struct {
			Tag []struct{ Key, Value string }
		}
	}
	if err := parseXML(strings.NewReader(f.fields["tagging"]), "Tagging", &doc); err != nil {
		return a, err
	}
	for _, t := range doc.TagSet.Tag {
		a.Tags = append(a.Tags, backend.KV{Name: t.Key, Value: t.Value})
	}
	a.Tags, err = checkTags(a.Tags)
	return a, err
}

// body is the file, to be stored only if it is what the fields and the policy
// say.
func (f *postForm) body(h http.Header, allowed *auth.Post) (*body, error) {
	checks, err := bodyChecks(h, &auth.Request{}, bodyOptions{})
	if err != nil {
		return nil, err
	}
	return &body{
		src: f.file, closer: f.file, checks: checks,
		size: -1, min: allowed.MinBytes, max: min(allowed.MaxBytes, backend.MaxFileBytes),
	}, nil
}

// formHead bounds what may come before the file.
type formHead struct {
	src  io.Reader
	left int64 // bytes
}

func (h *formHead) Read(p []byte) (int, error) {
	if h.left == 0 {
		return 0, fail("MaxPostPreDataLengthExceededError", "Your POST request fields preceding the upload file were too large.")
	}
	n, err := h.src.Read(p[:min(h.left, int64(len(p)))])
	h.left -= int64(n)
	return n, err
}

// malformedForm keeps errors that say more by themselves.
func malformedForm(err error) error {
	if e := broken(err); translate(e).Code != "IncompleteBody" {
		return e
	}
	return &Error{Code: "MalformedPOSTRequest", Message: "The body of your POST request is not well-formed multipart/form-data.", Err: err}
}
