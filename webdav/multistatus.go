package webdav

import (
	"bufio"
	"encoding/xml"
	"errors"
	"net/http"
	"strconv"
	"time"

	dav "golang.org/x/net/webdav"

	"aetherfs/backend"
	"aetherfs/internal/incoming"
)

// multistatus is the answer to a PROPFIND, which is sent while it is made.
type multistatus struct {
	*request
	ask ask
	out *bufio.Writer
}

// flushBytes is the piece in which a listing is sent: some 50 files.
const flushBytes = 32 << 10

func (m *multistatus) begin() { m.out = bufio.NewWriterSize(&patient{m.request}, flushBytes) }

// patient sends a listing, and gives up on a client that takes nothing of it
// for incoming.IdleTimeout.
type patient struct{ *request }

func (p *patient) Write(b []byte) (int, error) {
	if !p.begun {
		p.begun = true
		p.w.Header().Set("Content-Type", "application/xml; charset=utf-8")
		p.w.WriteHeader(dav.StatusMulti)
		if _, err := p.w.Write([]byte(xmlHead + `<D:multistatus xmlns:D="DAV:">`)); err != nil {
			return 0, err
		}
	}
	control := http.NewResponseController(p.w)
	_ = control.SetWriteDeadline(p.Now().Add(incoming.IdleTimeout)) // a writer without deadlines is a test's
	n, err := p.w.Write(b)
	_ = control.SetWriteDeadline(time.Time{})
	return n, err
}

func (m *multistatus) end() error {
	m.text("</D:multistatus>\n")
	return m.out.Flush()
}

// response tells of one node.
func (m *multistatus) response(n backend.Node) error {
	return m.responseAt(m.href(n.Name, n.Dir), n)
}

func (m *multistatus) responseAt(href string, n backend.Node) error {
	found, missing, err := m.properties(n)
	if err != nil {
		return err
	}
	m.text("<D:response><D:href>")
	m.escaped(href)
	m.text("</D:href>")
	if len(found) > 0 || len(missing) == 0 {
		m.propstat(http.StatusOK, found)
	}
	if len(missing) > 0 {
		m.propstat(http.StatusNotFound, missing)
	}
	m.text("</D:response>\n")
	_, err = m.out.Write(nil) // whatever went wrong before
	return err
}

func (m *multistatus) propstat(status int, properties []dav.Property) {
	m.text("<D:propstat><D:prop>")
	for _, p := range properties {
		m.property(p)
	}
	m.text("</D:prop><D:status>HTTP/1.1 " + strconv.Itoa(status) + " " + http.StatusText(status) + "</D:status></D:propstat>")
}

// property writes one, in the namespace that it has. Some clients know
// properties of "DAV:" only by a prefix.
func (m *multistatus) property(p dav.Property) {
	name, declared := p.XMLName.Local, ""
	switch p.XMLName.Space {
	case "DAV:":
		name = "D:" + name
	case "":
		declared = ` xmlns=""`
	default:
		name, declared = "P:"+name, ` xmlns:P="`
	}
	m.text("<" + name + declared)
	if p.XMLName.Space != "DAV:" && p.XMLName.Space != "" {
		m.escaped(p.XMLName.Space)
		m.text(`"`)
	}
	if p.Lang != "" {
		m.text(` xml:lang="`)
		m.escaped(p.Lang)
		m.text(`"`)
	}
	m.text(">")
	_, _ = m.out.Write(p.InnerXML) // errors of a bufio.Writer last
	m.text("</" + name + ">")
}

func (m *multistatus) text(s string)    { _, _ = m.out.WriteString(s) } // errors of a bufio.Writer last
func (m *multistatus) escaped(s string) { _ = xml.EscapeText(m.out, []byte(s)) }

// properties returns what is asked for of a node: values, or names alone, and
// the names of what it has not.
func (m *multistatus) properties(n backend.Node) (found, missing []dav.Property, err error) {
	dead, err := m.dead(n)
	if err != nil {
		return nil, nil, err
	}
	if m.ask.all || m.ask.only {
		for _, l := range live {
			if value, ok := l.value(m.request, n); ok && !l.costly {
				found = append(found, l.property(value))
			}
		}
		found = append(found, dead...)
		if m.ask.only {
			for i := range found {
				found[i] = dav.Property{XMLName: found[i].XMLName}
			}
		}
	}
	have := map[xml.Name]bool{}
	for _, p := range found {
		have[p.XMLName] = true
	}
	for _, name := range m.ask.names {
		if have[name] {
			continue
		}
		have[name] = true
		if p, ok := m.one(n, dead, name); ok {
			found = append(found, p)
		} else {
			missing = append(missing, dav.Property{XMLName: name})
		}
	}
	return found, missing, nil
}

// one returns a property of a node by its name.
func (m *multistatus) one(n backend.Node, dead []dav.Property, name xml.Name) (dav.Property, bool) {
	if l, ok := liveByName[name]; ok {
		value, ok := l.value(m.request, n)
		return l.property(value), ok
	}
	for _, p := range dead {
		if p.XMLName == name {
			return p, true
		}
	}
	return dav.Property{}, false
}

// dead returns the dead properties of a node, if any may be asked for. Those of
// a directory are its marker's, which a listing does not tell.
func (m *multistatus) dead(n backend.Node) ([]dav.Property, error) {
	if isDataset(n.Name) || !m.ask.dead() {
		return nil, nil
	}
	if n.Dir && n.Info.ID == "" {
		whole, err := m.tree.Node(m.ctx, n.Name)
		switch {
		case errors.Is(err, backend.ErrNotFound) || errors.Is(err, backend.ErrNoDataset): // it went meanwhile
			return nil, nil
		case err != nil:
			return nil, err
		}
		n = whole
	}
	return deadProperties(n.Info.Attr), nil
}

// dead reports whether more than live properties is asked for.
func (a ask) dead() bool {
	for _, name := range a.names {
		if _, ok := liveByName[name]; !ok {
			return true
		}
	}
	return a.all || a.only
}
