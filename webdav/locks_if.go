package webdav

import (
	"net/http"
	"strings"
)

// maxConditions bounds an If header, since each condition may take a look at
// the tree. Clients send one or two.
const maxConditions = 100

var errIfGrammar = refuse(http.StatusBadRequest, "the If header is not well formed, or has too many conditions")

// ifHeader is an If header (RFC 4918, section 10.4): it holds if one of its
// lists does.
type ifHeader []ifList

// An ifList holds if all of its conditions do.
type ifList struct {
	tag        string // the URL that it is about; "" for that of the request
	conditions []condition
}

// A condition is on a lock's token or on an ETag.
type condition struct {
	not   bool
	token string // a URI
	etag  string // with its quotes; "" if the condition is on the token
}

// parseIf reads an If header. That of none is empty.
func parseIf(header string) (ifHeader, error) {
	p := ifParser{rest: header}
	var lists ifHeader
	tag, n := "", 0
	for p.space(); p.rest != ""; p.space() {
		if p.rest[0] == '<' {
			tag = p.enclosed('<', '>')
		}
		list := p.list()
		list.tag = tag
		lists = append(lists, list)
		if n += len(list.conditions); p.bad || n > maxConditions {
			return nil, errIfGrammar
		}
		// Lists are all of tags or none: a tag holds for those that follow it.
		if (lists[0].tag == "") != (tag == "") {
			return nil, errIfGrammar
		}
	}
	return lists, nil
}

// tokens are those that the header tells, in whatever condition.
func (h ifHeader) tokens() map[string]bool {
	told := map[string]bool{}
	for _, list := range h {
		for _, c := range list.conditions {
			if c.etag == "" {
				told[c.token] = true
			}
		}
	}
	return told
}

// ifParser takes an If header from the front. Once it is bad it stays so.
type ifParser struct {
	rest string
	bad  bool
}

func (p *ifParser) space() { p.rest = strings.TrimLeft(p.rest, " \t") }

// take skips white space and then text, if it is next.
func (p *ifParser) take(text string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.rest, text)
	p.rest = rest
	return ok
}

// enclosed takes what is between two signs, which is not empty.
func (p *ifParser) enclosed(open, closing byte) string {
	text, rest, ok := strings.Cut(p.rest, string(closing))
	if !ok || len(text) < 2 || text[0] != open {
		p.bad = true
		return ""
	}
	p.rest = rest
	return text[1:]
}

// list takes "(condition …)".
func (p *ifParser) list() (list ifList) {
	p.bad = p.bad || !p.take("(")
	for !p.bad && !p.take(")") {
		list.conditions = append(list.conditions, p.condition())
	}
	p.bad = p.bad || len(list.conditions) == 0
	return list
}

// condition takes "<token>" or "[etag]", perhaps behind "Not".
func (p *ifParser) condition() (c condition) {
	c.not = p.take("Not")
	p.space()
	if strings.HasPrefix(p.rest, "[") {
		c.etag = p.enclosed('[', ']')
	} else {
		c.token = p.enclosed('<', '>')
	}
	return c
}
