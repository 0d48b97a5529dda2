package webdav

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"

	"aetherfs/backend"
	"aetherfs/internal/incoming"
)

// The properties that a PROPFIND names are bounded, and the bytes of their
// names with a name space for each: all are answered for each file. Clients
// name some ten.
const (
	maxAsked      = 256
	maxAskedBytes = 64 << 10
)

var (
	errAsk  = refuse(http.StatusBadRequest, "the body is not a propfind of RFC 4918, or asks for too many properties")
	davName = func(local string) xml.Name { return xml.Name{Space: "DAV:", Local: local} }
)

// ask is what a PROPFIND wants to know.
type ask struct {
	all   bool       // everything, and names beside it
	only  bool       // the names of all that is known, without values
	names []xml.Name // the properties of these names
	bytes int        // that names take
}

// readAsk reads the body of a PROPFIND. An empty one asks for everything.
func readAsk(r io.Reader) (a ask, err error) {
	d := xml.NewDecoder(r)
	root, err := nextStart(d)
	if errors.Is(err, io.EOF) && d.InputOffset() == 0 {
		return ask{all: true}, nil
	}
	if err != nil {
		return ask{}, badXML(err)
	}
	if root.Name != davName("propfind") {
		return ask{}, errAsk
	}
	kinds, include := 0, false
	for {
		e, err := nextStart(d)
		switch {
		case errors.Is(err, errEnd):
			if kinds != 1 || include && !a.all || ended(d) != nil {
				return ask{}, errAsk
			}
			return a, nil
		case err != nil:
			return ask{}, badXML(err)
		}
		switch e.Name {
		case davName("allprop"):
			a.all, kinds = true, kinds+1
			err = d.Skip()
		case davName("propname"):
			a.only, kinds = true, kinds+1
			err = d.Skip()
		case davName("prop"):
			kinds++
			err = a.readNames(d)
		case davName("include"):
			include = true
			err = a.readNames(d)
		default: // RFC 4918, section 17: what is not known is passed over
			err = d.Skip()
		}
		if err != nil {
			return ask{}, badXML(err)
		}
	}
}

// readNames reads the names of elements up to the end of the one that was
// begun.
func (a *ask) readNames(d *xml.Decoder) error {
	for {
		e, err := nextStart(d)
		switch {
		case errors.Is(err, errEnd):
			return nil
		case err != nil:
			return err
		}
		a.names = append(a.names, e.Name)
		if a.bytes += len(e.Name.Space) + len(e.Name.Local); a.bytes > maxAskedBytes || len(a.names) > maxAsked {
			return errAsk
		}
		if err := d.Skip(); err != nil {
			return err
		}
	}
}

// errEnd is the end of the element that nextStart looks in.
var errEnd = errors.New("end of the element")

// nextStart returns the next element inside the one that was begun.
func nextStart(d *xml.Decoder) (xml.StartElement, error) {
	for {
		t, err := d.Token()
		if err != nil {
			return xml.StartElement{}, err
		}
		switch t := t.(type) {
		case xml.EndElement:
			return xml.StartElement{}, errEnd
		case xml.StartElement:
			for _, a := range t.Attr {
				if a.Name.Space == "xmlns" && a.Value == "" { // which XML 1.0 forbids
					return xml.StartElement{}, errAsk
				}
			}
			return t, nil
		}
	}
}

// ended returns an error unless nothing follows the document but white space
// and comments.
func ended(d *xml.Decoder) error {
	if _, err := nextStart(d); !errors.Is(err, io.EOF) {
		return errAsk
	}
	return nil
}

// badXML is what is said of a body that cannot be read.
func badXML(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) || errors.Is(err, incoming.ErrLate) {
		return err
	}
	return errAsk
}

// propfind tells the properties of a node, and with Depth 1 of what a directory
// holds, as that is read.
func (q *request) propfind() error {
	deep, err := q.onlyFinite()
	if err != nil {
		return err
	}
	q.limitXML()
	a, err := readAsk(q.r.Body)
	if err != nil {
		return err
	}
	m := multistatus{request: q, ask: a}
	if q.target.outside {
		return m.rootOfServer(deep)
	}
	n, err := q.existing()
	if err != nil {
		return err
	}
	m.begin()
	if err := m.response(n); err != nil {
		return err
	}
	if deep && n.Dir {
		if err := m.children(n); err != nil {
			return err
		}
	}
	return m.end()
}

// onlyFinite reads Depth, and reports whether it is 1.
func (q *request) onlyFinite() (bool, error) {
	switch q.r.Header.Get("Depth") {
	case "0":
		return false, nil
	case "1":
		return true, nil
	case "", "infinity":
		return false, &precondition{http.StatusForbidden, "propfind-finite-depth"}
	}
	return false, refuse(http.StatusBadRequest, "Depth is neither 0, 1 nor infinity")
}

// rootOfServer tells of the directory in which Windows looks for this one.
func (m *multistatus) rootOfServer(deep bool) error {
	m.begin()
	if err := m.responseAt("/", backend.Node{Dir: true}); err != nil {
		return err
	}
	if deep {
		n, err := m.tree.Node(m.ctx, "")
		if err == nil {
			err = m.response(n)
		}
		if err != nil {
			return err
		}
	}
	return m.end()
}

// children tells of what a directory holds.
func (m *multistatus) children(dir backend.Node) error {
	for n, err := range m.tree.ReadDir(m.ctx, dir.Name, "") {
		if err != nil {
			return err
		}
		if m.dropped(n.Name) || !shownHere(n) {
			continue
		}
		if err := m.response(n); err != nil {
			return err
		}
	}
	return nil
}
