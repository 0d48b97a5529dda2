package conformance

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// TestFaultProxy proves of each fault what the tests behind it rely on: whether
// the request arrives, and what its sender sees.
func TestFaultProxy(t *testing.T) {
	sent, reply := bytes.Repeat([]byte("sent "), 1000), bytes.Repeat([]byte("reply "), 20_000)
	for name, want := range map[string]struct{ arrives, answered, whole bool }{
		"none":         {true, true, true},
		"delay":        {true, true, true},
		"long delay":   {true, true, true},
		"cut before":   {false, false, false},
		"cut and late": {true, false, false},
		"lost reply":   {true, false, false},
		"half a reply": {true, true, false},
		"slow down":    {false, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var arrived [][]byte
			var host string
			store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				mu.Lock()
				arrived, host = append(arrived, body), r.Host
				mu.Unlock()
				_, _ = w.Write(reply)
			}))
			defer store.Close()
			p := newFaultProxy(t, store.URL, 1)
			p.faults = always(name)
			p.set(true)

			status, got, err := putOnce(p.url+"/bucket/key", sent)
			if answered := status != 0; answered != want.answered {
				t.Errorf("answered %t (%v), want %t", answered, err, want.answered)
			}
			if whole := err == nil; whole != want.whole {
				t.Errorf("whole reply: %t (%v), want %t", whole, err, want.whole)
			}
			if want.whole && want.arrives && !bytes.Equal(got, reply) {
				t.Errorf("the reply has %d bytes, want those %d of the store", len(got), len(reply))
			}
			if !want.arrives && status != 0 && status != http.StatusServiceUnavailable {
				t.Errorf("status %d, want %d", status, http.StatusServiceUnavailable)
			}
			p.settle()
			mu.Lock()
			defer mu.Unlock()
			if want.arrives && (len(arrived) != 1 || !bytes.Equal(arrived[0], sent) || "http://"+host != p.url) || !want.arrives && len(arrived) > 0 {
				t.Errorf("%d requests have arrived, the last for %q; want one, as it was sent: %t", len(arrived), host, want.arrives)
			}
		})
	}
}

// always is the faults with one that happens to every request.
func always(name string) []fault {
	for _, f := range faults {
		if f.name == name {
			f.share = 1000
			return []fault{f}
		}
	}
	return nil
}

// putOnce sends one request and reads its reply.
func putOnce(url string, body []byte) (status int, got []byte, err error) {
	c := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequest(http.MethodPut, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	reply, err := c.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer reply.Body.Close()
	got, err = io.ReadAll(reply.Body)
	return reply.StatusCode, got, err
}
