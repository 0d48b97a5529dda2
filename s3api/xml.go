package s3api

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"
)

const xmlns = "http://s3.amazonaws.com/doc/2006-03-01/"

// doc is an XML document in the making. Answers are small (a page of a
// listing at most) and are sent whole, with their length.
type doc struct{ b []byte }

func newDoc() *doc {
	return &doc{append(make([]byte, 0, 1024), xml.Header...)}
}

func (d *doc) bytes() []byte { return d.b }

// root opens the outermost element, with S3's name space.
func (d *doc) root(name string) {
	d.b = append(d.b, '<')
	d.b = append(d.b, name...)
	d.b = append(d.b, ` xmlns="`+xmlns+`">`...)
}

func (d *doc) open(name string) {
	d.b = append(d.b, '<')
	d.b = append(d.b, name...)
	d.b = append(d.b, '>')
}

func (d *doc) close(name string) {
	d.b = append(d.b, '<', '/')
	d.b = append(d.b, name...)
	d.b = append(d.b, '>')
}

func (d *doc) elem(name, value string) {
	d.open(name)
	d.text(value)
	d.close(name)
}

// some adds an element unless its value is empty.
func (d *doc) some(name, value string) {
	if value != "" {
		d.elem(name, value)
	}
}

func (d *doc) int(name string, n int64) {
	d.open(name)
	d.b = strconv.AppendInt(d.b, n, 10)
	d.close(name)
}

func (d *doc) bool(name string, v bool) {
	d.open(name)
	d.b = strconv.AppendBool(d.b, v)
	d.close(name)
}

func (d *doc) time(name string, t time.Time) {
	d.open(name)
	d.b = t.UTC().AppendFormat(d.b, "2006-01-02T15:04:05.000Z")
	d.close(name)
}

func (d *doc) etag(etag string) {
	d.b = append(d.b, "<ETag>&#34;"...)
	d.text(etag)
	d.b = append(d.b, "&#34;</ETag>"...)
}

// text adds character data. Control characters, which XML 1.0 cannot hold,
// become references as S3 writes them: a strict reader then fails, but none
// takes one key for another. Clients that care ask for encoding-type=url.
func (d *doc) text(s string) {
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == 0xFFFE || r == 0xFFFF {
				d.b = fmt.Appendf(d.b, "&#x%X;", r)
			} else {
				d.b = utf8.AppendRune(d.b, r)
			}
			i += n
			continue
		}
		switch {
		case c == '&':
			d.b = append(d.b, "&amp;"...)
		case c == '<':
			d.b = append(d.b, "&lt;"...)
		case c == '>':
			d.b = append(d.b, "&gt;"...)
		case c < ' ' || c == 0x7F:
			d.b = fmt.Appendf(d.b, "&#x%X;", c)
		default:
			d.b = append(d.b, c)
		}
		i++
	}
}

var errMalformed = fail("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema.")

// parseXML reads one document whose root is named root into v. It resolves no
// entities but XML's own five and takes no document type.
func parseXML(r io.Reader, root string, v any) error {
	d := xml.NewTokenDecoder(&bounded{raw: xml.NewDecoder(r)})
	start, err := firstElement(d)
	if err != nil {
		return err
	}
	if start.Name.Local != root {
		return errMalformed
	}
	if err := d.DecodeElement(v, &start); err != nil {
		return malformed(err)
	}
	for {
		switch t, err := d.Token(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return malformed(err)
		default:
			if _, ok := t.(xml.StartElement); ok {
				return errMalformed
			}
		}
	}
}

func firstElement(d *xml.Decoder) (xml.StartElement, error) {
	for {
		t, err := d.Token()
		if err != nil {
			return xml.StartElement{}, malformed(err)
		}
		if start, ok := t.(xml.StartElement); ok {
			return start, nil
		}
	}
}

// malformed keeps errors of the body itself, which have their own codes.
func malformed(err error) error {
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	return &Error{Code: errMalformed.Code, Message: errMalformed.Message, Err: err}
}

// bounded refuses directives, and elements deeper than maxXMLDepth.
type bounded struct {
	raw   *xml.Decoder
	depth int
}

func (b *bounded) Token() (xml.Token, error) {
	t, err := b.raw.Token()
	switch t.(type) {
	case xml.Directive:
		return nil, errMalformed
	case xml.StartElement:
		if b.depth++; b.depth > maxXMLDepth {
			return nil, errMalformed
		}
	case xml.EndElement:
		b.depth--
	}
	return t, err
}
