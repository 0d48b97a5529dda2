package webdav

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxOwnerBytes bounds what a lock keeps of who holds it.
const maxOwnerBytes = 1 << 10

const xmlHead = `<?xml version="1.0" encoding="utf-8"?>` + "\n"

// supportedLock is the inside of the property supportedlock.
const supportedLock = `<D:lockentry xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>` +
	`<D:lockentry xmlns:D="DAV:"><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>`

var errLockInfo = refuse(http.StatusBadRequest, "the body does not say what to lock")

// lockInfo is the body of a LOCK.
type lockInfo struct {
	shared bool
	owner  string // the inside of the element, self-contained
}

// readLockInfo reads the body of a LOCK. It is nil if the body is empty.
func readLockInfo(body io.Reader) (*lockInfo, error) {
	var x struct {
		XMLName   xml.Name  `xml:"DAV: lockinfo"`
		Exclusive *struct{} `xml:"DAV: lockscope>exclusive"`
		Shared    *struct{} `xml:"DAV: lockscope>shared"`
		Write     *struct{} `xml:"DAV: locktype>write"`
		Owner     innerXML  `xml:"DAV: owner"`
	}
	d := xml.NewDecoder(body)
	var large *http.MaxBytesError
	switch err := d.Decode(&x); {
	case errors.Is(err, io.EOF) && d.InputOffset() == 0:
		return nil, nil
	case errors.As(err, &large):
		return nil, err
	case err != nil, x.Write == nil, (x.Exclusive == nil) == (x.Shared == nil):
		return nil, errLockInfo
	case len(x.Owner) > maxOwnerBytes:
		return nil, refuse(http.StatusRequestEntityTooLarge, "the owner of the lock is told at too great length")
	}
	return &lockInfo{shared: x.Shared != nil, owner: string(x.Owner)}, nil
}

// lockDiscovery is the inside of the property lockdiscovery of a name.
func (q *request) lockDiscovery(name string) string {
	var b strings.Builder
	for _, held := range q.locks.at(name) {
		b.WriteString(q.activeLock(held))
	}
	return b.String()
}

// activeLock is an element that tells of a lock. Its token is told to all: it
// is of use to its user alone.
func (q *request) activeLock(held lock) string {
	scope, depth := "exclusive", "0"
	if held.ask.shared {
		scope = "shared"
	}
	if held.ask.deep {
		depth = "infinity"
	}
	return fmt.Sprintf(`<D:activelock xmlns:D="DAV:">`+
		`<D:locktype><D:write/></D:locktype><D:lockscope><D:%s/></D:lockscope><D:depth>%s</D:depth>`+
		`<D:owner>%s</D:owner><D:timeout>Second-%d</D:timeout>`+
		`<D:locktoken><D:href>%s</D:href></D:locktoken><D:lockroot><D:href>%s</D:href></D:lockroot></D:activelock>`,
		scope, depth, held.ask.owner, held.length/time.Second, held.token, xmlText(q.href(held.ask.root, false)))
}
