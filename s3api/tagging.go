package s3api

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"aetherfs/backend"
)

// readTags parses the header x-amz-tagging: names and values as in a query.
func readTags(header string) ([]backend.KV, error) {
	if header == "" {
		return nil, nil
	}
	values, err := url.ParseQuery(header)
	if err != nil {
		return nil, fail("InvalidArgument", "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
	}
	var tags []backend.KV
	for name, all := range values {
		for _, v := range all {
			tags = append(tags, backend.KV{Name: name, Value: v})
		}
	}
	return checkTags(tags)
}

// checkTags judges tags by S3's rules and puts them in order.
func checkTags(tags []backend.KV) ([]backend.KV, error) {
	if len(tags) > maxTags {
		return nil, &Error{Code: "BadRequest", Message: "Object tags cannot be greater than 10"}
	}
	slices.SortFunc(tags, func(a, b backend.KV) int { return cmp.Compare(a.Name, b.Name) })
	for i, t := range tags {
		switch {
		case t.Name == "" || units(t.Name) > maxTagName || !utf8.ValidString(t.Name):
			return nil, fail("InvalidTag", "The TagKey you have provided is invalid.")
		case units(t.Value) > maxTagValue || !utf8.ValidString(t.Value):
			return nil, fail("InvalidTag", "The TagValue you have provided is invalid.")
		case i > 0 && tags[i-1].Name == t.Name:
			return nil, fail("InvalidTag", "Cannot provide multiple Tags with the same key.")
		}
	}
	return tags, nil
}

// units is the length of s as S3 counts it.
func units(s string) int { return len(utf16.Encode([]rune(s))) }

func (q *request) getTagging() error {
	if err := q.checkVersion(); err != nil {
		return err
	}
	info, err := q.tree.Stat(q.ctx, q.path)
	if err != nil {
		return err
	}
	d := newDoc()
	d.root("Tagging")
	d.open("TagSet")
	for _, t := range info.Attr.Tags {
		d.open("Tag")
		d.elem("Key", t.Name)
		d.elem("Value", t.Value)
		d.close("Tag")
	}
	d.close("TagSet")
	d.close("Tagging")
	return q.sendXML(http.StatusOK, d.bytes())
}

func (q *request) putTagging() error {
	var doc struct {
		TagSet *struct {
			Tag []struct{ Key, Value string }
		}
	}
	if err := q.readXML("Tagging", maxTaggingXML, &doc); err != nil {
		return err
	}
	if doc.TagSet == nil {
		return errMalformed
	}
	var tags []backend.KV
	for _, t := range doc.TagSet.Tag {
		tags = append(tags, backend.KV{Name: t.Key, Value: t.Value})
	}
	tags, err := checkTags(tags)
	if err != nil {
		return err
	}
	return q.setTags(tags, http.StatusOK)
}

func (q *request) deleteTagging() error { return q.setTags(nil, http.StatusNoContent) }

// setTags replaces the tags of an object, which stays the same otherwise.
func (q *request) setTags(tags []backend.KV, status int) error {
	if err := q.checkVersion(); err != nil {
		return err
	}
	if _, err := q.copyInto(q.path, backend.CopyOptions{Tags: &tags}); err != nil {
		return err
	}
	return q.sendEmpty(status)
}
