package s3store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"aetherfs/internal/store"
	"aetherfs/internal/store/s3store"
)

// serverDate is what the servers of these tests take for now.
var serverDate = time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)

// options are for a server of httptest.
func options(url string) s3store.Options {
	return s3store.Options{Bucket: "bucket", Endpoint: url, AccessKey: "access", SecretKey: "secret-key"}
}

// serve answers by handler and returns a store on it, and how many requests it
// was asked.
func serve(t *testing.T, handler http.HandlerFunc) (*s3store.Store, *atomic.Int64) {
	t.Helper()
	var requests atomic.Int64
	return open(t, options(urlOf(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		handler(w, r)
	}))), &requests
}

// urlOf is where handler answers.
func urlOf(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", serverDate.Format(http.TimeFormat))
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func open(t *testing.T, o s3store.Options) *s3store.Store {
	t.Helper()
	s, err := s3store.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
}

// ops are the four requests, and Put in both forms.
var ops = map[string]func(ctx context.Context, s store.Store) (store.Info, error){
	"get": func(ctx context.Context, s store.Store) (store.Info, error) {
		_, info, err := s.Get(ctx, "k", store.Range{Off: 1})
		return info, err
	},
	"put": func(ctx context.Context, s store.Store) (store.Info, error) {
		return s.Put(ctx, "k", []byte("data"), store.Cond{})
	},
	"create": func(ctx context.Context, s store.Store) (store.Info, error) {
		return s.Put(ctx, "k", []byte("data"), store.Cond{IfAbsent: true})
	},
	"list": func(ctx context.Context, s store.Store) (store.Info, error) {
		for _, err := range s.List(ctx, "", "") {
			return store.Info{}, err
		}
		return store.Info{}, nil
	},
	"delete": func(ctx context.Context, s store.Store) (store.Info, error) {
		return store.Info{}, s.Delete(ctx, "k")
	},
}

// errUnknown stands for every error that says nothing of the outcome.
var errUnknown = errors.New("unknown outcome")

// meaning is what a caller can tell of err.
func meaning(err error) error {
	for _, known := range []error{store.ErrNotFound, store.ErrExists, store.ErrNoSpace, store.ErrRange, store.ErrDenied, store.ErrReadOnly} {
		if errors.Is(err, known) {
			return known
		}
	}
	if err != nil {
		return errUnknown
	}
	return nil
}

// TestErrors: what each answer means to each request; "" is for all that are
// not named.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   map[string]error
	}{
		{404, "NoSuchKey", map[string]error{"get": store.ErrNotFound, "delete": nil, "": store.ErrNotFound}},
		{404, "NoSuchBucket", map[string]error{"": store.ErrDenied}},
		{412, "PreconditionFailed", map[string]error{"create": store.ErrExists, "": errUnknown}},
		{409, "ConditionalRequestConflict", map[string]error{"": errUnknown}},
		{409, "OperationAborted", map[string]error{"": errUnknown}},
		{416, "InvalidRange", map[string]error{"": store.ErrRange}},
		{507, "InsufficientStorage", map[string]error{"": store.ErrNoSpace}},
		{507, "XMinioStorageFull", map[string]error{"": store.ErrNoSpace}},
		{403, "QuotaExceeded", map[string]error{"": store.ErrNoSpace}},
		{400, "XMinioAdminBucketQuotaExceeded", map[string]error{"": store.ErrNoSpace}},
		{403, "AccessDenied", map[string]error{"": store.ErrDenied}},
		{403, "SignatureDoesNotMatch", map[string]error{"": store.ErrDenied}},
		{403, "RequestTimeTooSkewed", map[string]error{"": store.ErrDenied}},
		{401, "Unauthorized", map[string]error{"": store.ErrDenied}},
		{400, "InvalidArgument", map[string]error{"": store.ErrDenied}},
		{400, "ExpiredToken", map[string]error{"": errUnknown}},
		{400, "RequestTimeout", map[string]error{"": errUnknown}},
		{405, "MethodNotAllowed", map[string]error{"": store.ErrDenied}},
		{429, "TooManyRequests", map[string]error{"": errUnknown}},
		{301, "PermanentRedirect", map[string]error{"": store.ErrDenied}},
		{307, "TemporaryRedirect", map[string]error{"": store.ErrDenied}},
		{500, "InternalError", map[string]error{"": errUnknown}},
		{501, "NotImplemented", map[string]error{"": store.ErrDenied}},
		{503, "SlowDown", map[string]error{"": errUnknown}},
		{504, "GatewayTimeout", map[string]error{"": errUnknown}},
	} {
		s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, c.status, c.code) })
		for name, op := range ops {
			want, named := c.want[name]
			if !named {
				want = c.want[""]
			}
			_, err := op(t.Context(), s)
			if got := meaning(err); !errors.Is(got, want) {
				t.Errorf("%s answered %d %s means %v (%v), want %v", name, c.status, c.code, got, err, want)
			}
			if err != nil && strings.Contains(err.Error(), "secret-key") {
				t.Errorf("%s: an error tells the secret: %v", name, err)
			}
		}
	}
}

// TestMissingNeedsASayer: a 404 that no S3 server wrote, but a proxy in
// between, does not make an object absent.
func TestMissingNeedsASayer(t *testing.T) {
	s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "<html>not here</html>", http.StatusNotFound)
	})
	if _, _, err := s.Get(t.Context(), "k", store.Range{}); err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get = %v, want an error that is not ErrNotFound", err)
	}
}

// TestAdvice: errors say what to do.
func TestAdvice(t *testing.T) {
	for _, c := range []struct {
		answer http.HandlerFunc
		want   string
	}{
		{func(w http.ResponseWriter, _ *http.Request) { refuse(w, 404, "NoSuchBucket") }, "make the bucket bucket first"},
		{func(w http.ResponseWriter, _ *http.Request) { refuse(w, 403, "AccessDenied") }, "s3:ListBucket"},
		{func(w http.ResponseWriter, _ *http.Request) { refuse(w, 403, "InvalidAccessKeyId") }, "check the keys"},
		{func(w http.ResponseWriter, _ *http.Request) { refuse(w, 403, "RequestTimeTooSkewed") }, "clocks"},
		{func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amz-Bucket-Region", "eu-west-1")
			refuse(w, 400, "AuthorizationHeaderMalformed")
		}, "the bucket is in region eu-west-1, not us-east-1"},
		{func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://elsewhere.example.org/bucket")
			refuse(w, 307, "TemporaryRedirect")
		}, "redirects are not followed: set endpoint and region to where the bucket is (https://elsewhere.example.org/bucket)"},
	} {
		s, requests := serve(t, c.answer)
		_, _, err := s.Get(t.Context(), "k", store.Range{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Get = %v, want it to say %q", err, c.want)
		}
		if n := requests.Load(); n != 1 {
			t.Errorf("%q after %d requests, want 1", c.want, n)
		}
	}
}

// TestOneRequestACall: nothing is repeated below Retried, and Retried repeats
// all but creates.
func TestOneRequestACall(t *testing.T) {
	for _, status := range []int{500, 503, 409} {
		for name, op := range ops {
			s, requests := serve(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, status, "SlowDown") })
			if _, err := op(t.Context(), s); err == nil {
				t.Errorf("%s answered %d = nil", name, status)
			}
			if n := requests.Load(); n != 1 {
				t.Errorf("%s answered %d made %d requests, want 1", name, status, n)
			}
			retried := store.Retried(s, store.RetryOptions{Attempts: 3, Sleep: func(context.Context, time.Duration) error { return nil }})
			if _, err := op(t.Context(), retried); err == nil {
				t.Errorf("%s answered %d = nil", name, status)
			}
			want := int64(1 + 3)
			if name == "create" {
				want = 1 + 1
			}
			if n := requests.Load(); n != want {
				t.Errorf("%s answered %d and retried made %d requests, want %d", name, status, n, want)
			}
		}
	}
}

// TestLostReply: a connection that ends without an answer is one unknown
// outcome, not a second request.
func TestLostReply(t *testing.T) {
	s, requests := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	})
	for _, name := range []string{"put", "create"} {
		before := requests.Load()
		if _, err := ops[name](t.Context(), s); !errors.Is(meaning(err), errUnknown) {
			t.Errorf("%s without a reply = %v", name, err)
		}
		if n := requests.Load() - before; n != 1 {
			t.Errorf("%s without a reply made %d requests, want 1", name, n)
		}
	}
}

// TestDate: the server's clock is told beside each of the answers that a
// writer builds on.
func TestDate(t *testing.T) {
	status := http.StatusOK
	s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		switch status {
		case http.StatusNotFound:
			refuse(w, status, "NoSuchKey")
		case http.StatusPreconditionFailed:
			refuse(w, status, "PreconditionFailed")
		default:
			w.Header().Set("ETag", `"e"`)
		}
	})
	for _, c := range []struct {
		status int
		op     string
		want   error
	}{{200, "create", nil}, {412, "create", store.ErrExists}, {404, "get", store.ErrNotFound}} {
		status = c.status
		info, err := ops[c.op](t.Context(), s)
		if !errors.Is(meaning(err), c.want) || !info.Date.Equal(serverDate) || info.Key != "k" {
			t.Errorf("%s answered %d = %+v, %v, want the date %v beside %v", c.op, c.status, info, err, serverDate, c.want)
		}
	}
}

// TestPutRequest: what a Put sends beside the bytes.
func TestPutRequest(t *testing.T) {
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.Header().Set("ETag", `"etag"`)
	}))
	defer server.Close()
	o := options(server.URL)
	o.Prefix, o.StorageClass, o.SSE, o.SSEKey = "a/prefix", "STANDARD_IA", "aws:kms", "key/id"
	if _, err := ops["create"](t.Context(), open(t, o)); err != nil {
		t.Fatal(err)
	}
	if got.URL.Path != "/bucket/a/prefix/k" || string(body) != "data" || got.ContentLength != 4 {
		t.Errorf("sent %q of %d bytes to %s", body, got.ContentLength, got.URL)
	}
	for name, want := range map[string]string{
		"If-None-Match":                               "*",
		"X-Amz-Checksum-Crc32c":                       "rth90Q==", // of "data", by another program
		"X-Amz-Storage-Class":                         "STANDARD_IA",
		"X-Amz-Server-Side-Encryption":                "aws:kms",
		"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": "key/id",
		"X-Amz-Content-Sha256":                        "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7",
	} {
		if value := got.Header.Get(name); value != want {
			t.Errorf("sent %s: %s, want %s", name, value, want)
		}
	}
	if signed := got.Header.Get("Authorization"); !strings.Contains(signed, "if-none-match") || !strings.Contains(signed, "x-amz-checksum-crc32c") {
		t.Errorf("the signature does not cover the condition and the checksum: %s", signed)
	}
}
