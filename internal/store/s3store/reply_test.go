package s3store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"aetherfs/internal/store"
)

// TestWrongRanges: a reply that is not of the range that was asked for is an
// error, whatever its bytes.
func TestWrongRanges(t *testing.T) {
	for _, c := range []struct {
		r      store.Range
		status int
		rng    string
		body   string
		want   string // "" for an error
	}{
		{store.Range{Off: 2, Len: 3}, 206, "bytes 2-4/10", "234", "234"},
		{store.Range{Off: 2, Len: 3}, 206, "bytes 0-2/10", "012", ""},
		{store.Range{Off: 2, Len: 3}, 206, "bytes 2-4/10", "2345", ""},
		{store.Range{Off: 2, Len: 3}, 206, "bytes 2-4/10", "23", ""},
		{store.Range{Off: 2, Len: 3}, 206, "bytes 2-4/*", "234", ""},
		{store.Range{Off: 2, Len: 3}, 206, "", "234", ""},
		{store.Range{Off: 2, Len: 3}, 200, "", "0123456789", ""},
		{store.Range{Off: 2, Len: 3}, 206, "bytes 2-4/-10", "234", ""},
		{store.Range{Off: 2, Len: 3}, 206, "bytes 2-4/0", "234", ""},
		{store.Range{Off: 0, Len: 10}, 200, "", "0123456789", "0123456789"},
		{store.Range{Off: -3}, 206, "bytes 7-9/10", "789", "789"},
		{store.Range{Off: -3, Len: 2}, 206, "bytes 7-9/10", "789", "78"},
		{store.Range{Off: -3}, 206, "bytes 0-2/10", "012", ""},
		{store.Range{}, 200, "", "0123456789", "0123456789"},
		{store.Range{}, 206, "bytes 0-4/10", "01234", ""},
	} {
		s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Last-Modified", serverDate.Format(http.TimeFormat))
			if c.rng != "" {
				w.Header().Set("Content-Range", c.rng)
			}
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		})
		got, _, err := s.Get(t.Context(), "k", c.r)
		if (err == nil) != (c.want != "") || string(got) != c.want {
			t.Errorf("Get(%+v) answered %d %q with %d bytes = %q, %v, want %q", c.r, c.status, c.rng, len(c.body), got, err, c.want)
		}
		if known := meaning(err); known != nil && !errors.Is(known, errUnknown) {
			t.Errorf("Get(%+v) answered %d %q means %v, want nothing", c.r, c.status, c.rng, known)
		}
	}
}

// TestUncountedReply: a body of unknown length is an error, and says nothing of
// the object.
func TestUncountedReply(t *testing.T) {
	s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Last-Modified", serverDate.Format(http.TimeFormat))
		w.(http.Flusher).Flush()
		fmt.Fprint(w, "01234")
	})
	for _, r := range []store.Range{{}, {Off: 1}, {Off: -1}} {
		if got, _, err := s.Get(t.Context(), "k", r); !errors.Is(meaning(err), errUnknown) {
			t.Errorf("Get(%+v) = %q, %v, want an unknown error", r, got, err)
		}
	}
}

// TestCutReply: a body that ends early is an error.
func TestCutReply(t *testing.T) {
	s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Last-Modified", serverDate.Format(http.TimeFormat))
		w.Header().Set("Content-Length", "10")
		fmt.Fprint(w, "01234")
	})
	if got, _, err := s.Get(t.Context(), "k", store.Range{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Get = %q, %v, want ErrUnexpectedEOF", got, err)
	}
}

// TestCutRefusal: a refusal that ends early says nothing, and so may be asked
// for again.
func TestCutRefusal(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusForbidden, http.StatusPreconditionFailed, http.StatusServiceUnavailable} {
		s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(status)
			fmt.Fprint(w, "<Error><Code>NoSuchKey</Co")
		})
		_, _, err := s.Get(t.Context(), "k", store.Range{})
		if !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, store.ErrDenied) || errors.Is(err, store.ErrNotFound) {
			t.Errorf("Get answered half a %d: %v, want ErrUnexpectedEOF", status, err)
		}
		_, err = s.Put(t.Context(), "k", []byte("text"), store.Cond{IfAbsent: true})
		if !errors.Is(err, io.ErrUnexpectedEOF) || store.Refused(err) || errors.Is(err, store.ErrExists) {
			t.Errorf("Put answered half a %d: %v, want ErrUnexpectedEOF", status, err)
		}
	}
}

// page is a listing of keys as S3 writes it.
func page(w http.ResponseWriter, next string, keys ...string) {
	fmt.Fprintf(w, "<ListBucketResult><IsTruncated>%t</IsTruncated><NextContinuationToken>%s</NextContinuationToken>", next != "", next)
	for _, key := range keys {
		fmt.Fprintf(w, "<Contents><Key>%s</Key><Size>1</Size><LastModified>2031-05-06T07:08:09.000Z</LastModified></Contents>", key)
	}
	fmt.Fprint(w, "</ListBucketResult>")
}

func list(s store.Store, prefix, after string) (keys []string, err error) {
	for info, err := range s.List(context.Background(), prefix, after) {
		if err != nil {
			return keys, err
		}
		keys = append(keys, info.Key)
	}
	return keys, nil
}

// TestOddLists: what is not in the order of S3, or not what was asked for, is
// an error; what is nobody's key is left out.
func TestOddLists(t *testing.T) {
	for _, c := range []struct {
		name          string
		prefix, after string
		keys          []string
		want          string // "" for an error
	}{
		{"in order", "a", "", []string{"a", "a-b", "a/b"}, "a a-b a/b"},
		{"folders first", "a", "", []string{"a/b", "a-b"}, ""},
		{"twice", "a", "", []string{"a", "a"}, ""},
		{"from the beginning", "a", "a", []string{"a", "b"}, ""},
		{"of all", "b", "", []string{"a", "b"}, ""},
		{"a marker of a folder", "", "", []string{"a", "a/"}, "a"},
		{"what people put there", "", "", []string{"README", "a"}, "a"},
	} {
		s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { page(w, "", c.keys...) })
		got, err := list(s, c.prefix, c.after)
		if (err == nil) != (c.want != "") || c.want != "" && strings.Join(got, " ") != c.want {
			t.Errorf("%s: listed %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}

// TestNotAList: what answers a list is not taken for an empty one.
func TestNotAList(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"an error of S3": {`<?xml version="1.0" encoding="UTF-8"?><Error><Code>InternalError</Code><Message>no</Message></Error>`, "InternalError"},
		"a web page":     {"<html><body>sign in</body></html>", "no list"},
		"text":           {"welcome", "no list"},
		"nothing":        {"", "no list"},
		"a part":         {"<ListBucketResult><IsTruncated>false</IsTruncated>", "unexpected EOF"},
	} {
		s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, c.body) })
		if keys, err := list(s, "", ""); err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(meaning(err), errUnknown) {
			t.Errorf("%s: listed %q, %v, want an error with %q", name, keys, err, c.want)
		}
	}
}

// TestEndlessList: of a list that does not end, no more is read than a page can
// have.
func TestEndlessList(t *testing.T) {
	s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		key := "<Contents><Key>" + strings.Repeat("k", 1<<20) + "</Key></Contents>"
		for _, err := fmt.Fprint(w, "<ListBucketResult>"); err == nil; {
			_, err = fmt.Fprint(w, key)
		}
	})
	if keys, err := list(s, "", ""); err == nil {
		t.Errorf("listed %q, want an error", keys)
	}
}

// TestStoredBySomething: a success that no S3 server tells is none.
func TestStoredBySomething(t *testing.T) {
	s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>sign in</html>") })
	for _, c := range []store.Cond{{}, {IfAbsent: true}} {
		if _, err := s.Put(t.Context(), "k", []byte("data"), c); !errors.Is(meaning(err), errUnknown) {
			t.Errorf("Put(%+v) = %v, want an unknown outcome", c, err)
		}
	}
}

// TestListPages: a page of 1,000 is asked for at a time, behind the last key;
// a server that has smaller ones is asked for those behind its token.
func TestListPages(t *testing.T) {
	const all = 2500
	var asked []string
	s, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		asked = append(asked, q.Get("start-after")+"+"+q.Get("continuation-token"))
		from := 0
		_, _ = fmt.Sscanf(max(q.Get("start-after"), q.Get("continuation-token")), "k%d", &from)
		var keys []string
		for i := from + 1; i <= min(from+700, all); i++ {
			keys = append(keys, fmt.Sprintf("k%04d", i))
		}
		next := ""
		if from+700 < all {
			next = keys[len(keys)-1]
		}
		page(w, next, keys...)
	})
	keys, err := list(s, "", "")
	if err != nil || len(keys) != all || keys[all-1] != "k2500" {
		t.Errorf("listed %d keys, %v, want %d", len(keys), err, all)
	}
	if got, want := strings.Join(asked, " "), "+ +k0700 k1000+ k1000+k1700 k2000+"; got != want {
		t.Errorf("asked for %q, want %q", got, want)
	}
}

// TestNoAnswer: a request that is not answered in its time fails, and not as
// one that its caller gave up; and a list does not end as if it were complete.
func TestNoAnswer(t *testing.T) {
	hang := make(chan struct{})
	o := options(urlOf(t, func(http.ResponseWriter, *http.Request) { <-hang }))
	t.Cleanup(func() { close(hang) })
	o.Timeout = 50 * time.Millisecond
	quick := open(t, o)
	for name, op := range ops {
		_, err := op(t.Context(), quick)
		if err == nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "no answer in time") {
			t.Errorf("%s without an answer = %v, want no answer in time", name, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if _, err := op(ctx, quick); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s that its caller gave up = %v, want its deadline", name, err)
		}
		cancel()
	}
}

// TestSlowBody: bytes that come too slowly are given up as well, and those that
// come have their time.
func TestSlowBody(t *testing.T) {
	hang := make(chan struct{})
	o := options(urlOf(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Last-Modified", serverDate.Format(http.TimeFormat))
		w.Header().Set("Content-Length", "10")
		fmt.Fprint(w, "01234")
		w.(http.Flusher).Flush()
		<-hang
	}))
	t.Cleanup(func() { close(hang) })
	o.Timeout = 50 * time.Millisecond
	_, _, err := open(t, o).Get(t.Context(), "k", store.Range{})
	if err == nil || errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("Get = %v, want no answer in time", err)
	}
}

// TestDialTimeout: a server that is not there in time is not taken for a caller
// who gave up, and is asked again.
func TestDialTimeout(t *testing.T) {
	dials := 0
	o := options("http://127.0.0.1:1")
	o.Proxy = func(*http.Request) (*url.URL, error) { // fails as a dial does
		dials++
		return nil, &net.OpError{Op: "dial", Err: context.DeadlineExceeded}
	}
	none := store.RetryOptions{Attempts: 3, Sleep: func(context.Context, time.Duration) error { return nil }}
	for name, op := range ops {
		dials = 0
		want := 3
		if name == "create" {
			want = 1
		}
		_, err := op(t.Context(), store.Retried(open(t, o), none))
		if !errors.Is(meaning(err), errUnknown) || errors.Is(err, context.DeadlineExceeded) || dials != want {
			t.Errorf("%s = %v after %d dials, want an unknown error after %d", name, err, dials, want)
		}
	}
}

// TestLimit: no more requests are in flight than the limit, and their
// connections are used again.
func TestLimit(t *testing.T) {
	const limit = 3
	var inFlight, most atomic.Int64
	var mu sync.Mutex
	clients := map[string]bool{}
	o := options(urlOf(t, func(w http.ResponseWriter, r *http.Request) {
		n := inFlight.Add(1)
		defer inFlight.Add(-1)
		mu.Lock()
		most.Store(max(most.Load(), n))
		clients[r.RemoteAddr] = true
		mu.Unlock()
		_, _ = io.Copy(io.Discard, r.Body)
		refuse(w, 412, "PreconditionFailed")
	}))
	o.Limit = limit
	s := open(t, o)
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			if _, err := ops["create"](t.Context(), s); !errors.Is(err, store.ErrExists) {
				t.Errorf("create = %v, want ErrExists", err)
			}
		})
	}
	all.Wait()
	if most.Load() > limit || len(clients) > limit {
		t.Errorf("%d requests were in flight over %d connections, want at most %d", most.Load(), len(clients), limit)
	}
}
