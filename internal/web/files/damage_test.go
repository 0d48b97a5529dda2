package files_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"aetherfs/internal/store"
)

// damage flips a byte at a share of every block in the store.
func damage(t *testing.T, st store.Store, share float64) {
	t.Helper()
	for info, err := range st.List(t.Context(), "pools/", "") {
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(info.Key, "/blocks/") {
			continue
		}
		data, _, err := st.Get(t.Context(), info.Key, store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		data[int(float64(len(data))*share)] ^= 1
		if err := st.Delete(t.Context(), info.Key); err != nil {
			t.Fatal(err)
		}
		if _, err := st.Put(t.Context(), info.Key, data, store.Cond{}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamageAtTheBeginningIsAnError(t *testing.T) {
	w := newWorld(t)
	w.put(t, "k", noise(8<<20))
	damage(t, w.store, 0.0001)
	w = worldOn(t, w.store)
	for _, header := range []string{"", "bytes=0-9", "bytes=0-9,20-29"} {
		answer := w.get(t, "/fs/maps/k", "Range", header)
		got := body(t, answer)
		if answer.StatusCode != 500 || got != "the stored data is damaged\n" || answer.Header.Get("ETag") != "" || answer.Header.Get("Content-Range") != "" {
			t.Errorf("Range %q: %s %q %v", header, answer.Status, got, answer.Header)
		}
	}
}

// What is damaged further on is found when it is read: the connection breaks,
// and every byte that was sent is the file's.
func TestDamageInTheMiddleBreaksTheConnection(t *testing.T) {
	w := newWorld(t)
	data := noise(8 << 20)
	w.put(t, "k", data)
	damage(t, w.store, 0.5)
	w = worldOn(t, w.store)
	server := httptest.NewServer(w)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/fs/maps/k", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(accessKey, secretKey)
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err == nil || answer.StatusCode != 200 || answer.ContentLength != int64(len(data)) {
		t.Errorf("%s, %d bytes, %v, want a broken body", answer.Status, len(got), err)
	}
	if len(got) == 0 || string(got) != data[:len(got)] {
		t.Errorf("%d bytes came, and they are not the file's", len(got))
	}
}

// A compressed answer is made before anything is sent.
func TestDamageOfACompressedFileIsAnError(t *testing.T) {
	w := newWorld(t)
	w.put(t, "k.txt", noise(7<<20), typed("text/plain"))
	damage(t, w.store, 0.5)
	w = worldOn(t, w.store)
	for range 2 {
		answer := w.get(t, "/fs/maps/k.txt", "Accept-Encoding", "gzip")
		if answer.StatusCode != 500 || answer.Header.Get("Content-Encoding") != "" || answer.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s, %v", answer.Status, answer.Header)
		}
	}
}
