package webdav

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	dav "golang.org/x/net/webdav"
	"pgregory.net/rapid"
)

func encodeBase64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// TestPropertiesRoundTrip: what is written is read again, value by value as it
// would be written by itself.
func TestPropertiesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab&<>\"'\n\r\t ]é漢😀")), 0, 20, -1)
		value := rapid.Custom(func(t *rapid.T) []byte {
			inner := escapeAll(text.Draw(t, "text"))
			for range rapid.IntRange(0, 3).Draw(t, "depth") {
				inner = `<q:v xmlns:q="` + escapeAll(text.Draw(t, "space")) + `x" q:a="` + escapeAll(text.Draw(t, "attribute")) + `">` + inner + `</q:v>`
			}
			return []byte(inner)
		})
		props := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) dav.Property {
			return dav.Property{
				XMLName:  xml.Name{Space: text.Draw(t, "space"), Local: rapid.SampledFrom([]string{"a", "b", "é", "author-1", "_"}).Draw(t, "name")},
				Lang:     rapid.SampledFrom([]string{"", "en", "de-CH"}).Draw(t, "lang"),
				InnerXML: value.Draw(t, "value"),
			}
		}), 0, 4).Draw(t, "properties")
		encoded, err := encodeProps(props)
		if errors.Is(err, errNoRoom) {
			t.Skip("too large")
		}
		if err != nil {
			t.Fatalf("encodeProps(%q): %v", props, err)
		}
		if len(encoded) > maxPropertiesBytes {
			t.Fatalf("%d bytes, want at most %d", len(encoded), maxPropertiesBytes)
		}
		got, err := decodeProps(encoded)
		if err != nil {
			t.Fatalf("decodeProps(%q): %v", encoded, err)
		}
		var want []dav.Property
		for _, p := range latest(props) {
			clean, err := cleanXML(string(p.InnerXML))
			if err != nil {
				t.Fatal(err)
			}
			p.InnerXML = []byte(clean)
			want = append(want, p)
		}
		if !reflect.DeepEqual(got, want) && len(got)+len(want) > 0 {
			t.Fatalf("read back %q, want %q", got, want)
		}
	})
}

// escapeAll escapes text in the library's way, which is another than ours.
func escapeAll(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a Buffer never fails
	return b.String()
}

// TestPropertiesStored holds the form in which properties are kept.
func TestPropertiesStored(t *testing.T) {
	props := []dav.Property{
		{XMLName: xml.Name{Space: "urn:schemas-microsoft-com:", Local: "Win32FileAttributes"}, InnerXML: []byte("00000020")},
		{XMLName: xml.Name{Space: "http://example.com/", Local: "author"}, Lang: "en", InnerXML: []byte(`<n xmlns="http://n/">Ann &amp; Bob</n>`)},
	}
	const text = `<p xmlns=""><Win32FileAttributes xmlns="urn:schemas-microsoft-com:">00000020</Win32FileAttributes>` +
		`<author xmlns="http://example.com/" xml:lang="en"><n xmlns="http://n/">Ann &amp; Bob</n></author></p>`
	encoded, err := encodeProps(props)
	if err != nil {
		t.Fatal(err)
	}
	if want := encodeBase64(text); encoded != want {
		got, _ := base64.StdEncoding.DecodeString(encoded)
		t.Errorf("encodeProps = base64 of\n%s\nwant of\n%s", got, text)
	}
	if got, err := decodeProps(encodeBase64(text)); err != nil || !reflect.DeepEqual(got, props) {
		t.Errorf("decodeProps = %q, %v, want %q", got, err, props)
	}
}

func TestPropertiesRefused(t *testing.T) {
	name := xml.Name{Space: "s", Local: "n"}
	for _, c := range []struct {
		what string
		prop dav.Property
		want error
	}{
		{"no name", dav.Property{}, errProperties},
		{"a name of two", dav.Property{XMLName: xml.Name{Local: "a b"}}, errProperties},
		{"a name that ends its element", dav.Property{XMLName: xml.Name{Local: "a><b"}}, errProperties},
		{"a value that ends its element", dav.Property{XMLName: name, InnerXML: []byte("</n></p><p><n>")}, errProperties},
		{"an element without end", dav.Property{XMLName: name, InnerXML: []byte("<a>")}, errProperties},
		{"a control character", dav.Property{XMLName: name, InnerXML: []byte("\x00")}, errProperties},
		{"no UTF-8", dav.Property{XMLName: name, InnerXML: []byte("\xff")}, errProperties},
		{"too long", dav.Property{XMLName: name, InnerXML: bytes.Repeat([]byte("x"), maxPropertiesBytes)}, errNoRoom},
	} {
		if got, err := encodeProps([]dav.Property{c.prop}); !errors.Is(err, c.want) {
			t.Errorf("%s: encodeProps = %q, %v, want %v", c.what, got, err, c.want)
		}
	}
}

// hostile are values that an S3 client may put where properties are looked for.
var hostile = []string{
	"", "x", "====", encodeBase64("x"), encodeBase64("<p>"), encodeBase64("<q/>"), encodeBase64("<p/><p/>"),
	encodeBase64("<p><a></p></a>"), encodeBase64("<p><a/></p>x</p>"), encodeBase64("<p><a><b></a></p>"), encodeBase64("<p>\x00</p>"),
	encodeBase64(`<!DOCTYPE p [<!ENTITY e "eeee">]><p><a>&e;</a></p>`), encodeBase64(`<p><a b="1" b="2"/></p>`), encodeBase64("<p><:a/></p>"),
	encodeBase64("<p><x xmlns='xmlns'/><xml:a/></p>"), encodeBase64("<p>" + strings.Repeat("<a>", 400) + "</p>"),
	strings.Repeat("A", maxPropertiesBytes+1), strings.Repeat("A", 1<<20),
}

func TestPropertiesHostile(t *testing.T) {
	for _, text := range hostile[1:] {
		if got, err := decodeProps(text); !errors.Is(err, errProperties) {
			t.Errorf("decodeProps(%.80q) = %q, %v, want %v", text, got, err, errProperties)
		}
	}
}

func FuzzDecodeProps(f *testing.F) {
	for _, text := range hostile {
		if plain, err := base64.StdEncoding.DecodeString(text); err == nil {
			f.Add(plain)
		}
	}
	f.Add([]byte(`<p><n xmlns="s" xml:lang="en">v<w a:b="c" xmlns:a="d"/></n></p>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		props, err := decodeProps(base64.StdEncoding.EncodeToString(text))
		if err != nil {
			return
		}
		for _, p := range props {
			if err := closed(p.InnerXML); err != nil {
				t.Errorf("value %q of %q: %v", p.InnerXML, text, err)
			}
		}
		encoded, err := encodeProps(props)
		if errors.Is(err, errNoRoom) { // name spaces are written out
			return
		}
		again, decodeErr := decodeProps(encoded)
		if err != nil || decodeErr != nil || !reflect.DeepEqual(props, again) {
			t.Errorf("%q is %q, but written and read again %q, %v, %v", text, props, again, err, decodeErr)
		}
	})
}

// closed returns an error if what follows the value would be taken for a part
// of it, or something in the value for what follows.
func closed(value []byte) error {
	d := xml.NewDecoder(io.MultiReader(strings.NewReader("<v>"), bytes.NewReader(value), strings.NewReader("</v><after/>")))
	depth := 0
	for {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth == 0 && t.Name.Local == "after" {
				return nil
			}
			depth++
		case xml.EndElement:
			depth--
		}
	}
}

// TestXMLBounded: a short text whose name space is long does not become a long
// one.
func TestXMLBounded(t *testing.T) {
	long := `<a xmlns:p="` + strings.Repeat("s", 30_000) + `">` + strings.Repeat("<p:b/>", 5_000) + "</a>"
	if got, err := cleanXML(long); err == nil {
		t.Errorf("%d bytes became %d, want an error beyond %d", len(long), len(got), maxXMLBytes)
	}
}
