package webdav

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxXMLDepth bounds how deep the elements of a value lie in each other.
const maxXMLDepth = 100

var errXML = errors.New("not well-formed XML")

// innerXML is what an element holds, written so that it means the same wherever
// it is put: each element declares the name space it is in. Comments and
// processing instructions are left out.
type innerXML string

// UnmarshalXML implements xml.Unmarshaler.
func (x *innerXML) UnmarshalXML(d *xml.Decoder, _ xml.StartElement) error {
	var b strings.Builder
	err := copyXML(&b, d)
	*x = innerXML(b.String())
	return err
}

// cleanXML returns text as innerXML, or errXML: nothing that is put around the
// result can be closed by it.
func cleanXML(text string) (string, error) {
	d := xml.NewDecoder(io.MultiReader(strings.NewReader("<x>"), strings.NewReader(text), strings.NewReader("</x>")))
	if _, err := d.Token(); err != nil {
		return "", errXML
	}
	var b strings.Builder
	if err := copyXML(&b, d); err != nil {
		return "", errXML
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return "", errXML
	}
	return b.String(), nil
}

// rewriteXML reads a document and returns it as innerXML. x/net takes half a
// minute for what is short to read and long to write.
func rewriteXML(r io.Reader) (string, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return "", err
	}
	return cleanXML(string(text))
}

// copyXML writes all up to the end of the element that d is in.
func copyXML(b *strings.Builder, d *xml.Decoder) error {
	var open []string
	for b.Len() <= maxXMLBytes { // a name space may be long, and is written anew each time
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if len(open) == maxXMLDepth || !isPlain(t) {
				return errXML
			}
			open = append(open, t.Name.Local)
			writeStart(b, t)
		case xml.EndElement:
			if len(open) == 0 {
				return nil
			}
			b.WriteString("</" + open[len(open)-1] + ">")
			open = open[:len(open)-1]
		case xml.CharData:
			b.WriteString(xmlText(string(t)))
		}
	}
	return errXML
}

// isPlain is false for what the decoder lets through though it is not well-formed:
// names with a colon at an end, an attribute that is there twice, and elements
// in the name spaces of XML itself, which cannot be declared.
func isPlain(t xml.StartElement) bool {
	if t.Name.Space == xmlSpace || t.Name.Space == "xmlns" || strings.Contains(t.Name.Local, ":") {
		return false
	}
	seen := map[xml.Name]bool{}
	for _, a := range t.Attr {
		if seen[a.Name] || strings.Contains(a.Name.Local, ":") {
			return false
		}
		seen[a.Name] = true
	}
	return true
}

// writeStart writes the start of an element with its own name space. Of the
// attributes only those of a name space need a prefix: that of "xml" is known,
// and the others are numbered.
func writeStart(b *strings.Builder, t xml.StartElement) {
	b.WriteString("<" + t.Name.Local + ` xmlns="` + xmlText(t.Name.Space) + `"`)
	prefixes := 0
	for _, a := range t.Attr {
		name := a.Name.Local
		switch {
		case a.Name.Space == "xmlns" || a.Name.Space == "" && name == "xmlns":
			continue
		case a.Name.Space == xmlSpace:
			name = "xml:" + name
		case a.Name.Space != "":
			prefix := "a" + strconv.Itoa(prefixes)
			prefixes++
			b.WriteString(" xmlns:" + prefix + `="` + xmlText(a.Name.Space) + `"`)
			name = prefix + ":" + name
		}
		b.WriteString(" " + name + `="` + xmlText(a.Value) + `"`)
	}
	b.WriteString(">")
}

// xmlSpace is the name space of "xml:lang".
const xmlSpace = "http://www.w3.org/XML/1998/namespace"

// xmlText is text as it is written between tags and in attributes. What no XML
// can say becomes U+FFFD.
func xmlText(text string) string { return xmlEscapes.Replace(strings.Map(xmlRune, text)) }

// xmlRune leaves what XML 1.0 has as a Char (section 2.2).
func xmlRune(r rune) rune {
	if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\ufffe' || r == '\uffff' {
		return utf8.RuneError
	}
	return r
}

var xmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "\t", "&#9;", "\n", "&#10;", "\r", "&#13;")
