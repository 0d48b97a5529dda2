package files

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

var (
	//go:embed page.html
	pageText string
	//go:embed page.css
	pageStyle string

	pageTemplate = template.Must(template.New("page").Parse(pageText))

	// pagePolicyHashed lets a page have its one style and nothing else.
	pagePolicyHashed = fmt.Sprintf(pagePolicy, hashOf(pageStyle))
)

// hashOf is the source expression of a policy that allows a style.
func hashOf(style string) string {
	sum := sha256.Sum256([]byte(style))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// link is a name with where it leads, relative to the page.
type link struct{ Name, Href string }

// row is an entry, for people.
type row struct {
	link
	Size, Time, ISO string
}

// rootName is what people see as the name of the root.
const rootName = "Datasets"

// render makes the page of a listing. All its links are relative, so that it
// does not matter under which prefix it is.
func render(l listing) ([]byte, error) {
	segments := []string{rootName}
	if l.Name != "" {
		segments = append(segments, strings.Split(l.Name, "/")...)
	}
	last := len(segments) - 1
	above := make([]link, last)
	for i := range above {
		above[i] = link{segments[i], strings.Repeat("../", last-i)}
	}
	rows := make([]row, len(l.Entries))
	for i, e := range l.Entries {
		rows[i] = row{
			link: link{e.mark(), hrefOf(e)},
			Time: e.Modified.UTC().Format("2006-01-02 15:04"), ISO: e.Modified.UTC().Format(time.RFC3339),
		}
		if !e.Dir {
			rows[i].Size = humanize.IBytes(uint64(e.Size))
		}
	}
	next := ""
	if l.Next != "" {
		next = "?after=" + url.QueryEscape(l.Next)
	}
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, struct {
		Name, Here, Next string
		Above            []link
		Rows             []row
		Style            template.CSS
	}{l.Name, segments[last], next, above, rows, template.CSS(pageStyle)})
	return b.Bytes(), err
}

// hrefOf leads to an entry. "./" keeps a name with a colon from being a scheme.
func hrefOf(e entry) string {
	href := "./" + url.PathEscape(e.Name)
	if e.Dir {
		href += "/"
	}
	return href
}
