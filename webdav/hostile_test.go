package webdav_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"aetherfs/backend"
)

// Whatever people have written, a listing is XML that clients can read.
func TestListingsOfWhatXMLCannotSay(t *testing.T) {
	w := newWorld(t)
	w.put(t, "d/\uffff", "f")
	w.put(t, "d/\ufffe]]><x>&amp;'\"", "f")
	w.want(t, 201, "PUT", "data-set/d/latin", "f", "Content-Type", "text/\xe9\xff")
	w.commit(t, func(tx backend.Tx, p func(string) backend.Path) error {
		return tx.Put(t.Context(), p("d/s3"), strings.NewReader(""), backend.PutOptions{
			Attr: backend.Attr{ContentType: "a\x00b</D:prop>", ContentLanguage: "\x1f\ud7ff\xc0\xaf"},
		})
	})
	if got := w.hrefs(t, "data-set/d"); len(got) != 5 {
		t.Errorf("listed are %q", got)
	}
}

// What WebDAV computes is not what some S3 client says of it.
func TestPropertiesThatAreComputedCannotBeForged(t *testing.T) {
	w := newWorld(t)
	forged := `<p><resourcetype xmlns="DAV:"><collection/></resourcetype><getcontentlength xmlns="DAV:">7</getcontentlength>` +
		`<quota-used-bytes xmlns="DAV:">7</quota-used-bytes><mine xmlns="urn:x">kept</mine></p>`
	w.commit(t, func(tx backend.Tx, p func(string) backend.Path) error {
		return tx.Put(t.Context(), p("f"), strings.NewReader("body"), backend.PutOptions{
			Attr: backend.Attr{Meta: []backend.KV{{Name: "webdav-properties", Value: base64.StdEncoding.EncodeToString([]byte(forged))}}},
		})
	})
	for _, found := range w.propfind(t, "data-set/f", "0", "") {
		if found["resourcetype"] != "" || found["getcontentlength"] != "4" || found["mine"] != "kept" {
			t.Errorf("the file is told as %q", found)
		}
		if _, ok := found["quota-used-bytes"]; ok {
			t.Error("a file tells a quota")
		}
	}
	for _, name := range []string{"getetag", "quota-used-bytes", "quota-available-bytes"} {
		a := w.want(t, 207, "PROPPATCH", "data-set/f", fmt.Sprintf(patchBody, `<D:`+name+` xmlns:D="DAV:">7</D:`+name+`>`))
		if !strings.Contains(a.body, "403 Forbidden") || strings.Contains(a.body, "200 OK") {
			t.Errorf("who sets %s is told %s", name, a.body)
		}
	}
}

// A name space that is told once and meant by each of many names would come
// back with each, for each file.
func TestAPropfindIsNotAnsweredManyTimesItsLength(t *testing.T) {
	w := newWorld(t)
	w.put(t, "f", "f")
	body := `<D:propfind xmlns:D="DAV:" xmlns:x="` + strings.Repeat("x", 50<<10) + `"><D:prop>`
	for i := range 250 {
		body += fmt.Sprintf("<x:a%d/>", i)
	}
	w.want(t, 400, "PROPFIND", "data-set/f", body+"</D:prop></D:propfind>", "Depth", "0")
}

// Small files lie in the log of their dataset, and are copied to another's in
// memory: no more of them than one transaction takes.
func TestACopyOfMuchSmallDataToAnotherDataset(t *testing.T) {
	const each, batch, batches = 100 << 10, 175, 4
	w := newWorld(t)
	noise := rand.NewChaCha8([32]byte{1})
	for range batches {
		w.commit(t, func(tx backend.Tx, p func(string) backend.Path) error {
			for range batch {
				body := make([]byte, each)
				_, _ = noise.Read(body)
				if err := tx.Put(t.Context(), p(fmt.Sprintf("d/%x", body[:8])), bytes.NewReader(body), backend.PutOptions{}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	w.want(t, 201, "MKCOL", "other", "")
	w.want(t, 507, "COPY", "data-set/d", "", "Destination", "/webdav/other/d")
	w.want(t, 404, "PROPFIND", "other/d", "", "Depth", "0")
}
