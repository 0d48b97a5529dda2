package webdav

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"

	dav "golang.org/x/net/webdav"
)

// maxPropertiesBytes bounds the value of propertiesMeta.
const maxPropertiesBytes = maxMetaBytes - len(propertiesMeta)

var errProperties = refuse(http.StatusBadRequest, "a property is not well-formed XML")

// encodeProps returns the value of propertiesMeta: base64 of an XML element "p"
// that holds one element a property; "" for no properties. Of those of one name
// the last counts. errNoRoom, or errProperties.
func encodeProps(props []dav.Property) (string, error) {
	if len(props) == 0 {
		return "", nil
	}
	var b strings.Builder
	for _, p := range latest(props) {
		start := xml.StartElement{Name: p.XMLName}
		if p.Lang != "" {
			start.Attr = []xml.Attr{{Name: xml.Name{Space: xmlSpace, Local: "lang"}, Value: p.Lang}}
		}
		value, err := cleanXML(string(p.InnerXML))
		if err != nil {
			return "", errProperties
		}
		writeStart(&b, start)
		b.WriteString(value + "</" + p.XMLName.Local + ">")
	}
	// Names that are no names show when it is read.
	text, err := cleanXML("<p>" + b.String() + "</p>")
	if err != nil {
		return "", errProperties
	}
	if encoded := base64.StdEncoding.EncodeToString([]byte(text)); len(encoded) <= maxPropertiesBytes {
		return encoded, nil
	}
	return "", errNoRoom
}

// latest leaves the last of the properties of each name.
func latest(props []dav.Property) []dav.Property {
	at := map[xml.Name]int{}
	var kept []dav.Property
	for _, p := range props {
		if i, ok := at[p.XMLName]; ok {
			kept[i] = p
			continue
		}
		at[p.XMLName] = len(kept)
		kept = append(kept, p)
	}
	return kept
}

// decodeProps reads what encodeProps wrote, or what some S3 client has put in
// its place: the values are well-formed, and close nothing around them.
// errProperties.
func decodeProps(encoded string) ([]dav.Property, error) {
	if encoded == "" {
		return nil, nil
	}
	if len(encoded) > maxPropertiesBytes {
		return nil, errProperties
	}
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, errProperties
	}
	d := xml.NewDecoder(strings.NewReader(string(text)))
	start, err := d.Token()
	if first, ok := start.(xml.StartElement); err != nil || !ok || first.Name.Local != "p" {
		return nil, errProperties
	}
	props, err := readProps(d)
	if err != nil {
		return nil, errProperties
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errProperties
	}
	return latest(props), nil
}

// readProps reads the elements up to the end of the one that d is in.
func readProps(d *xml.Decoder) (props []dav.Property, err error) {
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.EndElement:
			return props, nil
		case xml.StartElement:
			if !isPlain(t) {
				return nil, errXML
			}
			p := dav.Property{XMLName: t.Name}
			for _, a := range t.Attr {
				if a.Name.Space == xmlSpace && a.Name.Local == "lang" {
					p.Lang = a.Value
				}
			}
			var value strings.Builder
			if err := copyXML(&value, d); err != nil {
				return nil, err
			}
			p.InnerXML = []byte(value.String())
			props = append(props, p)
		}
	}
}
