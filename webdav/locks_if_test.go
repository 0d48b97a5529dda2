package webdav

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseIf(t *testing.T) {
	token := func(s string) condition { return condition{token: s} }
	etag := func(s string) condition { return condition{etag: s} }
	not := func(c condition) condition { c.not = true; return c }
	list := func(tag string, c ...condition) ifList { return ifList{tag, c} }
	many := "(" + strings.Repeat("<a>", maxConditions) + ")"
	for header, want := range map[string]ifHeader{
		"":                                 nil,
		" \t ":                             nil,
		"(<a>)":                            {list("", token("a"))},
		` ( <a>  ["e"] ) `:                 {list("", token("a"), etag(`"e"`))},
		`(<a> [W/"e"])(Not <DAV:no-lock>)`: {list("", token("a"), etag(`W/"e"`)), list("", not(token("DAV:no-lock")))},
		"(Not<a>Not[\"e\"])":               {list("", not(token("a")), not(etag(`"e"`)))},
		"<http://h/x> (<a>) (<b>)":         {list("http://h/x", token("a")), list("http://h/x", token("b"))},
		"</x>(<a>)</y>(<b>)":               {list("/x", token("a")), list("/y", token("b"))},
	} {
		got, err := parseIf(header)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("parseIf(%q) = %+v, %v, want %+v", header, got, err, want)
		}
	}
	if _, err := parseIf(many); err != nil {
		t.Errorf("%d conditions: %v", maxConditions, err)
	}
	for _, header := range []string{
		"()", "(", ")", "a", "(a)", "<a>", "<a", "(<a>", "(<>)", "([])", "(<a>))", "<a>()", "<a><b>(<c>)", "(Not)", "(Not Not <a>)", "(NOT <a>)",
		"(<a>) <b> (<c>)", "(<a>) b", many + many, strings.Repeat("(<a>)", maxConditions+1),
	} {
		if got, err := parseIf(header); err == nil {
			t.Errorf("parseIf(%q) = %+v, want an error", header, got)
		}
	}
}

// String writes the header anew.
func (h ifHeader) String() string {
	var b strings.Builder
	tag := ""
	for _, list := range h {
		if list.tag != tag {
			tag = list.tag
			b.WriteString("<" + tag + ">")
		}
		b.WriteString("(")
		for _, c := range list.conditions {
			if c.not {
				b.WriteString("Not ")
			}
			if c.etag != "" {
				b.WriteString("[" + c.etag + "]")
			} else {
				b.WriteString("<" + c.token + ">")
			}
		}
		b.WriteString(")")
	}
	return b.String()
}

func FuzzParseIf(f *testing.F) {
	for _, header := range []string{"", `(<urn:uuid:1> ["e"]) (Not <DAV:no-lock>)`, "<http://h/x> (<a>) </y> (<b>)", "((", "<<>>", "(Not"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got, err := parseIf(header)
		if err != nil {
			return
		}
		again, err := parseIf(got.String())
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Errorf("parseIf(%q) = %+v, but of %q, which means the same, %+v, %v", header, got, got, again, err)
		}
	})
}
