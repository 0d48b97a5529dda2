package webdav

import (
	"cmp"
	"encoding/xml"
	"mime"
	"net/http"
	"path"
	"strconv"
	"time"

	dav "golang.org/x/net/webdav"

	"aetherfs/backend"
)

// available is what clients are told that there is room for, since nobody knows
// how much a store takes: Finder copies nothing to where no room is.
const available = 1 << 50 // bytes

// liveProperty is a property that is computed.
type liveProperty struct {
	local  string // name, in the namespace "DAV:"
	costly bool   // told only to those who name it: RFC 4331 wants it so
	value  func(*request, backend.Node) (xml string, ok bool)
}

func (l *liveProperty) property(value string) dav.Property {
	return dav.Property{XMLName: davName(l.local), InnerXML: []byte(value)}
}

// live are the properties that are computed. A client cannot set them.
var live = []*liveProperty{
	{local: "resourcetype", value: func(_ *request, n backend.Node) (string, bool) {
		if n.Dir {
			return "<D:collection/>", true
		}
		return "", true
	}},
	{local: "displayname", value: func(_ *request, n backend.Node) (string, bool) { return xmlText(n.Base()), true }},
	{local: "creationdate", value: func(_ *request, n backend.Node) (string, bool) {
		at := n.Info.Modified
		if n.Dir {
			at = n.Changed
		}
		return at.UTC().Format(time.RFC3339), !at.IsZero()
	}},
	{local: "getlastmodified", value: func(_ *request, n backend.Node) (string, bool) {
		return n.Time().UTC().Format(http.TimeFormat), !n.Time().IsZero()
	}},
	{local: "getcontentlength", value: func(_ *request, n backend.Node) (string, bool) {
		return strconv.FormatInt(n.Info.Size, 10), !n.Dir
	}},
	{local: "getcontenttype", value: func(_ *request, n backend.Node) (string, bool) {
		return xmlText(contentType(n)), !n.Dir
	}},
	{local: "getcontentlanguage", value: func(_ *request, n backend.Node) (string, bool) {
		language := n.Info.Attr.ContentLanguage
		return xmlText(language), !n.Dir && language != ""
	}},
	{local: "getetag", value: func(_ *request, n backend.Node) (string, bool) {
		return xmlText(`"` + n.Info.ETag + `"`), !n.Dir
	}},
	{local: "supportedlock", value: func(*request, backend.Node) (string, bool) { return supportedLock, true }},
	{local: "lockdiscovery", value: func(q *request, n backend.Node) (string, bool) { return q.lockDiscovery(n.Name), true }},
	{local: "quota-available-bytes", costly: true, value: func(_ *request, n backend.Node) (string, bool) {
		return strconv.FormatInt(available, 10), n.Dir
	}},
	{local: "quota-used-bytes", costly: true, value: func(_ *request, n backend.Node) (string, bool) { return "0", n.Dir }},
}

var liveByName = func() map[xml.Name]*liveProperty {
	byName := map[xml.Name]*liveProperty{}
	for _, l := range live {
		byName[davName(l.local)] = l
	}
	return byName
}()

// contentType is what a file is read as.
func contentType(n backend.Node) string {
	return cmp.Or(n.Info.Attr.ContentType, mime.TypeByExtension(path.Ext(n.Base())), "application/octet-stream")
}
