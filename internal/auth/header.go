package auth

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// verifyHeader verifies a request that carries its signature in the
// Authorization header.
func (v *Verifier) verifyHeader(r *http.Request, query url.Values) (*Request, error) {
	c, err := parseAuthorization(r.Header["Authorization"])
	if err != nil {
		return nil, err
	}
	if c.payload, err = single(r.Header, payloadName); err != nil {
		return nil, err
	}
	if c.payload == "" {
		return nil, refuse(InvalidRequest, "Missing required header for this request: x-amz-content-sha256")
	}
	if err := c.setHeaderTime(r.Header); err != nil {
		return nil, err
	}
	if v.now().Sub(c.time).Abs() > maxSkew {
		return nil, refuse(RequestTimeTooSkewed, "The difference between the request time and the current time is too large.")
	}
	return v.admit(c, r, query)
}

// parseAuthorization parses
// "AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…": each of the
// three once, in any order, and nothing else.
func parseAuthorization(values []string) (*claim, error) {
	c := &claim{malformed: AuthorizationHeaderMalformed}
	if len(values) != 1 {
		return nil, refuse(InvalidArgument, "Only one Authorization header is allowed.")
	}
	scheme, fields, _ := strings.Cut(strings.TrimSpace(values[0]), " ")
	switch {
	case scheme == "AWS", strings.HasPrefix(scheme, "AWS4-") && scheme != algorithm:
		return nil, refuse(InvalidRequest, "The authorization mechanism you have provided is not supported. Please use %s.", algorithm)
	case scheme != algorithm:
		return nil, refuse(InvalidArgument, "Unsupported Authorization Type")
	}
	var given [len(authorization)]bool
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		i := slices.IndexFunc(authorization[:], func(f fieldOf) bool { return f.name == name })
		if i < 0 || given[i] {
			return nil, c.wrong("the field %q is unknown or given twice.", name)
		}
		given[i] = true
		if err := authorization[i].set(c, value); err != nil {
			return nil, err
		}
	}
	if slices.Contains(given[:], false) {
		return nil, c.wrong("it requires a Credential, SignedHeaders and a Signature.")
	}
	return c, nil
}

// authorization is the fields of an Authorization header.
var authorization = [...]fieldOf{
	{"Credential", (*claim).setCredential}, {"SignedHeaders", (*claim).setSigned}, {"Signature", (*claim).setSignature},
}

// fieldOf is a field of a claim, and what takes its value.
type fieldOf struct {
	name string
	set  func(c *claim, value string) error
}

// setHeaderTime takes the time from x-amz-date, else from Date.
func (c *claim) setHeaderTime(h http.Header) error {
	value, err := single(h, "X-Amz-Date")
	if err != nil {
		return err
	}
	if value != "" {
		return c.setTime(value)
	}
	if value, err = single(h, "Date"); err != nil {
		return err
	}
	if t, err := http.ParseTime(value); err == nil {
		value = t.UTC().Format(timestampFormat)
	}
	return c.setTime(value)
}

// single returns the only value of a header, or "" without one.
func single(h http.Header, name string) (string, error) {
	values := h[name]
	switch len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	}
	return "", refuse(InvalidArgument, "The header %s is given twice.", strings.ToLower(name))
}
