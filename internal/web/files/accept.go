package files

import (
	"net/http"
	"strconv"
	"strings"
)

// weights reads a header like Accept: what each thing named in it is worth to
// the client, 0 to 1.
func weights(h http.Header, name string) map[string]float64 {
	found := map[string]float64{}
	for item := range strings.SplitSeq(strings.Join(h.Values(name), ","), ",") {
		thing, params, _ := strings.Cut(item, ";")
		if thing = strings.ToLower(strings.TrimSpace(thing)); thing != "" {
			found[thing] = weight(params)
		}
	}
	return found
}

// weight is that of parameters: 1 where none is told, 0 where it is malformed.
func weight(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if !strings.EqualFold(name, "q") {
			continue
		}
		q, err := strconv.ParseFloat(value, 64)
		if err != nil || !(q >= 0 && q <= 1) {
			return 0
		}
		return q
	}
	return 1
}

// Content codings, as HTTP calls them.
const (
	codingZstd = "zstd"
	codingGzip = "gzip"
)

// pickCoding returns the coding that the client likes best, "" for none.
func pickCoding(h http.Header) string {
	worth := weights(h, "Accept-Encoding")
	best, most := "", worth["identity"]
	for _, coding := range []string{codingZstd, codingGzip} {
		q, named := worth[coding]
		if !named {
			q = worth["*"]
		}
		if q > most {
			best, most = coding, q
		}
	}
	return best
}

// prefersJSON reports whether a client asks for data rather than for a page.
func prefersJSON(h http.Header) bool {
	worth := weights(h, "Accept")
	return worth["application/json"] > worth["text/html"]
}
