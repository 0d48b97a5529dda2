package conformance

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// A habit is a request as a client sends it. In headers and bodies LOCK stands
// for the token that the last lock got, and URL for that of the dataset.
type habit struct {
	method, name string
	headers      []string
	body         string
	chunked      bool // the body is sent without its length
	status       int
	says         string // a part of the answer's body
}

const exclusive = `<?xml version="1.0" encoding="utf-8"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>` +
	`<D:locktype><D:write/></D:locktype><D:owner><D:href>me</D:href></D:owner></D:lockinfo>`

// finder is a Mac's Finder that copies a file in and looks at it.
var finder = []habit{
	{method: "OPTIONS", status: 200},
	{method: "PROPFIND", headers: []string{"Depth", "0"}, status: 207, says: "quota-available-bytes",
		body: `<D:propfind xmlns:D="DAV:"><D:prop><D:quota-available-bytes/><D:quota-used-bytes/><D:getlastmodified/><D:resourcetype/></D:prop></D:propfind>`},
	{method: "PROPFIND", name: "report.txt", headers: []string{"Depth", "0"}, status: 404},
	{method: "PROPFIND", name: "._report.txt", headers: []string{"Depth", "0"}, status: 404},
	{method: "PUT", name: "report.txt", status: 201},
	{method: "LOCK", name: "report.txt", headers: []string{"Depth", "0", "Timeout", "Second-600"}, body: exclusive, status: 200, says: "Second-600"},
	{method: "PROPFIND", name: "report.txt", headers: []string{"Depth", "0"}, status: 207, says: "<D:getcontentlength>0<"},
	{method: "PUT", name: "report.txt", headers: []string{"If", "(<LOCK>)", "X-Expected-Entity-Length", "11"}, body: "the content", chunked: true, status: 204},
	{method: "PROPPATCH", name: "report.txt", headers: []string{"If", "(<LOCK>)"}, status: 207, says: "200 OK",
		body: `<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><x xmlns="http://www.apple.com/webdav_fs/props/">1</x></D:prop></D:set></D:propertyupdate>`},
	{method: "LOCK", name: "report.txt", headers: []string{"If", "(<LOCK>)", "Timeout", "Second-600"}, status: 200},
	{method: "UNLOCK", name: "report.txt", headers: []string{"Lock-Token", "<LOCK>"}, status: 204},
	{method: "PUT", name: "._report.txt", status: 201},
	{method: "LOCK", name: "._report.txt", headers: []string{"Depth", "0"}, body: exclusive, status: 200},
	{method: "PUT", name: "._report.txt", headers: []string{"If", "(<LOCK>)"}, body: "a resource fork", chunked: true, status: 201},
	{method: "UNLOCK", name: "._report.txt", headers: []string{"Lock-Token", "<LOCK>"}, status: 204},
	{method: "PUT", name: ".DS_Store", body: "the looks of a folder", status: 201},
	{method: "GET", name: ".DS_Store", status: 404},
	{method: "GET", name: "report.txt", status: 200, says: "the content"},
}

// windows is Explorer that maps a drive, and a program that saves as Office
// does: into a new file beside the old one, which then takes its place.
var windows = []habit{
	{method: "OPTIONS", status: 200},
	{method: "PROPFIND", headers: []string{"Depth", "0"}, status: 207, says: "<D:collection/>"},
	{method: "PROPFIND", headers: []string{"Depth", "1"}, status: 207},
	{method: "PUT", name: "letter.docx", status: 201},
	{method: "LOCK", name: "letter.docx", headers: []string{"Timeout", "Second-3600"}, body: exclusive, status: 200},
	{method: "HEAD", name: "letter.docx", headers: []string{"Translate", "f"}, status: 200},
	{method: "PROPPATCH", name: "letter.docx", headers: []string{"If", "(<LOCK>)"}, status: 207, says: "200 OK",
		body: `<?xml version="1.0" encoding="utf-8" ?><D:propertyupdate xmlns:D="DAV:" xmlns:Z="urn:schemas-microsoft-com:"><D:set><D:prop>` +
			`<Z:Win32CreationTime>Wed, 28 Oct 2026 09:00:00 GMT</Z:Win32CreationTime><Z:Win32LastModifiedTime>Wed, 28 Oct 2026 09:00:00 GMT</Z:Win32LastModifiedTime>` +
			`<Z:Win32FileAttributes>00000020</Z:Win32FileAttributes></D:prop></D:set></D:propertyupdate>`},
	{method: "PUT", name: "letter.docx", headers: []string{"If", "(<LOCK>)"}, body: "a letter", status: 204},
	{method: "PROPFIND", name: "letter.docx", headers: []string{"Depth", "0"}, status: 207, says: "Win32FileAttributes"},
	{method: "PUT", name: "letter.docx", body: "without the token", status: 423},
	{method: "UNLOCK", name: "letter.docx", headers: []string{"Lock-Token", "<LOCK>"}, status: 204},
	{method: "LOCK", name: "~new.tmp", headers: []string{"Timeout", "Second-3600"}, body: exclusive, status: 201},
	{method: "PUT", name: "~new.tmp", headers: []string{"If", "(<LOCK>)"}, body: "a better letter", status: 204},
	{method: "MOVE", name: "letter.docx", headers: []string{"Destination", "URL~old.tmp", "Overwrite", "F"}, status: 201},
	{method: "MOVE", name: "~new.tmp", headers: []string{"Destination", "URLletter.docx", "If", "(<LOCK>)", "Overwrite", "F"}, status: 201},
	{method: "UNLOCK", name: "~new.tmp", headers: []string{"Lock-Token", "<LOCK>"}, status: 409},
	{method: "DELETE", name: "~old.tmp", status: 204},
	{method: "LOCK", name: "letter.docx", headers: []string{"Depth", "0"}, body: exclusive, status: 200},
	{method: "UNLOCK", name: "letter.docx", headers: []string{"Lock-Token", "<LOCK>"}, status: 204},
	{method: "GET", name: "letter.docx", status: 200, says: "a better letter"},
}

// TestWebDAVHabits plays what Finder and Windows send.
func TestWebDAVHabits(t *testing.T) {
	t.Parallel()
	g := newGateway(t, false)
	for name, c := range map[string]struct {
		habits []habit
		left   map[string]digest
	}{
		"finder":  {finder, map[string]digest{"report.txt": sumOfBytes([]byte("the content"))}},
		"windows": {windows, map[string]digest{"letter.docx": sumOfBytes([]byte("a better letter"))}},
	} {
		t.Run(name, func(t *testing.T) {
			d, beside := newDrive(t, g.endpoint, "habits-"+name)
			token := ""
			for _, h := range c.habits {
				if got := d.play(t, h, token); got != "" {
					token = got
				}
			}
			expectFiles(t, beside, c.left)
		})
	}
}

// play sends the request, judges the answer and returns the token of the lock
// that was made, if one was.
func (d *drive) play(t *testing.T, h habit, token string) string {
	t.Helper()
	given := strings.NewReplacer("LOCK", token, "URL", d.root())
	headers := make([]string, len(h.headers))
	for i, text := range h.headers {
		headers[i] = given.Replace(text)
	}
	var body io.Reader = strings.NewReader(h.body)
	switch {
	case h.chunked:
		body = io.MultiReader(body) // of which net/http cannot tell the length
	case h.body == "":
		body = http.NoBody
	}
	resp, text, err := d.do(t.Context(), h.method, h.name, body, headers...)
	if err != nil {
		t.Fatalf("%s %s: %v", h.method, h.name, err)
	}
	if resp.StatusCode != h.status || !strings.Contains(text, h.says) {
		t.Errorf("%s %s %q: %s %q, want %d and %q", h.method, h.name, headers, resp.Status, text, h.status, h.says)
	}
	if h.method == "OPTIONS" && (resp.Header.Get("DAV") != "1, 2" || resp.Header.Get("MS-Author-Via") != "DAV") {
		t.Errorf("OPTIONS is answered with DAV %q, MS-Author-Via %q", resp.Header.Get("DAV"), resp.Header.Get("MS-Author-Via"))
	}
	return strings.Trim(resp.Header.Get("Lock-Token"), "<>")
}
