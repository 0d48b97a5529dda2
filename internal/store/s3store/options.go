package s3store

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Defaults of Options.
const (
	DefaultRegion  = "us-east-1"
	DefaultLimit   = 64 // requests in flight, and so connections
	DefaultTimeout = 30 * time.Second

	amazon = "https://s3.amazonaws.com"
)

// Options say where the store is and how it is asked. The zero value of each
// field is its default; Bucket has none.
type Options struct {
	Bucket    string
	Prefix    string // of all keys, without a slash at either end
	Endpoint  string // http://host:port or https://host:port; "" is Amazon's
	Region    string // DefaultRegion
	PathStyle string // true, false or auto: false at Amazon and its like

	StorageClass string
	SSE          string // encryption by the store: AES256 or aws:kms
	SSEKey       string // the key's name, of aws:kms

	CA         string // PEM file of the authorities to trust instead of the system's
	ClientCert string // PEM file; given if and only if ClientKey is
	ClientKey  string // PEM file

	Profile string        // of the AWS profile file, which then comes before the environment
	Limit   int           // requests in flight: DefaultLimit
	Timeout time.Duration // of a request, beside the time its bytes may take: DefaultTimeout

	// What no URL says.
	AccessKey, SecretKey string                                // before all other credentials
	Getenv               func(string) string                   // where credentials may stand; nil for an empty environment
	Proxy                func(*http.Request) (*url.URL, error) // as of http.Transport
	Now                  func() time.Time                      // tells when to look at the files again; nil is time.Now
	Log                  *slog.Logger                          // nil is none
}

// options are those of a URL. Each sets its field or says what to write.
var options = map[string]func(o *Options, value string) error{
	"endpoint": setEndpoint,
	"region": func(o *Options, v string) error {
		return setMatching(&o.Region, v, word, "a region, such as eu-west-1")
	},
	"path-style": func(o *Options, v string) error { return setOneOf(&o.PathStyle, v, "true", "false", "auto") },
	"storage-class": func(o *Options, v string) error {
		return setMatching(&o.StorageClass, v, word, "a class, such as STANDARD_IA")
	},
	"sse":         func(o *Options, v string) error { return setOneOf(&o.SSE, v, "AES256", "aws:kms") },
	"sse-kms-key": func(o *Options, v string) error { return setMatching(&o.SSEKey, v, keyName, "a key's id or ARN") },
	"ca":          func(o *Options, v string) error { return setMatching(&o.CA, v, anything, "a file") },
	"client-cert": func(o *Options, v string) error { return setMatching(&o.ClientCert, v, anything, "a file") },
	"client-key":  func(o *Options, v string) error { return setMatching(&o.ClientKey, v, anything, "a file") },
	"profile":     func(o *Options, v string) error { return setMatching(&o.Profile, v, anything, "a profile's name") },
	"limit":       setLimit,
	"timeout":     setTimeout,
}

var (
	word     = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	keyName  = regexp.MustCompile(`^[A-Za-z0-9_:/-]+$`)
	anything = regexp.MustCompile(`.`)
	bucket   = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	// prefix leaves room for the longest key in the 1,024 bytes of S3.
	prefix = regexp.MustCompile(`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$`)
	dots   = regexp.MustCompile(`(^|/)\.+(/|$)`)
)

const maxPrefixBytes = 512

// ParseURL reads s3://bucket/prefix?option=value&…. The error names everything
// that is wrong, and what to write instead.
func ParseURL(s string) (Options, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "s3" || u.Opaque != "" || u.Fragment != "" {
		return Options{}, errors.New("write s3://bucket/prefix?endpoint=https://host")
	}
	if u.User != nil {
		return Options{}, errors.New("keys do not belong into a URL, which others can see: give them by the environment")
	}
	o := Options{Bucket: u.Host, Prefix: strings.Trim(u.Path, "/")}
	var mistakes []error
	if !bucket.MatchString(o.Bucket) {
		mistakes = append(mistakes, fmt.Errorf("%q is no bucket: 3 to 63 lower-case letters, digits, '.' and '-'", o.Bucket))
	}
	if o.Prefix != "" && (!prefix.MatchString(o.Prefix) || dots.MatchString(o.Prefix) || len(o.Prefix) > maxPrefixBytes) {
		mistakes = append(mistakes, fmt.Errorf("%q is no prefix: letters, digits, '_', '.' and '-' with single slashes between", o.Prefix))
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Options{}, fmt.Errorf("options are name=value with & between: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		mistakes = append(mistakes, o.set(name, values[name]))
	}
	mistakes = append(mistakes, o.together())
	return o, errors.Join(mistakes...)
}

func (o *Options) set(name string, values []string) error {
	set, ok := options[name]
	switch {
	case !ok:
		return fmt.Errorf("%q is no option: it would be one of %s", name, strings.Join(slices.Sorted(maps.Keys(options)), ", "))
	case len(values) > 1:
		return fmt.Errorf("%s is given %d times", name, len(values))
	}
	if err := set(o, values[0]); err != nil {
		shown := values[0][strings.LastIndex(values[0], "@")+1:] // before it may be a password
		return fmt.Errorf("%s=%s: %w", name, shown, err)
	}
	return nil
}

// together checks the options that go with each other.
func (o *Options) together() error {
	var mistakes []error
	if (o.ClientCert == "") != (o.ClientKey == "") {
		mistakes = append(mistakes, errors.New("client-cert and client-key: give both or neither"))
	}
	if o.SSEKey != "" && o.SSE != "aws:kms" {
		mistakes = append(mistakes, errors.New("sse-kms-key needs sse=aws:kms"))
	}
	if strings.HasPrefix(o.Endpoint, "http://") && o.CA+o.ClientCert != "" {
		mistakes = append(mistakes, errors.New("ca and client-cert need an endpoint of https://"))
	}
	return errors.Join(mistakes...)
}

func setEndpoint(o *Options, v string) error {
	u, err := url.Parse(v)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("write scheme and host, such as https://s3.example.org:9000")
	}
	o.Endpoint = u.Scheme + "://" + u.Host
	return nil
}

func setMatching(to *string, v string, form *regexp.Regexp, what string) error {
	if !form.MatchString(v) {
		return fmt.Errorf("write %s", what)
	}
	*to = v
	return nil
}

func setOneOf(to *string, v string, allowed ...string) error {
	if !slices.Contains(allowed, v) {
		return fmt.Errorf("write one of %s", strings.Join(allowed, ", "))
	}
	*to = v
	return nil
}

func setLimit(o *Options, v string) (err error) {
	if o.Limit, err = strconv.Atoi(v); err != nil || o.Limit < 1 || o.Limit > 4096 {
		return errors.New("write how many requests may be in flight, 1 to 4096")
	}
	return nil
}

func setTimeout(o *Options, v string) (err error) {
	if o.Timeout, err = time.ParseDuration(v); err != nil || o.Timeout < time.Second || o.Timeout > time.Hour {
		return errors.New("write a time from 1s to 1h, such as 30s")
	}
	return nil
}

// defaults fills in what was not given.
func (o *Options) defaults() {
	if o.Region == "" {
		o.Region = DefaultRegion
	}
	if o.Endpoint == "" {
		o.Endpoint = amazon
	}
	if o.Limit == 0 {
		o.Limit = DefaultLimit
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// atAmazon reports whether the store is Amazon's own, where a machine's role
// is worth asking for.
func (o *Options) atAmazon() bool {
	u, err := url.Parse(o.Endpoint)
	return err == nil && (strings.HasSuffix(u.Hostname(), ".amazonaws.com") || strings.HasSuffix(u.Hostname(), ".amazonaws.com.cn"))
}
