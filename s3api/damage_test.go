package s3api_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"aetherfs/internal/store"
)

// damage flips a byte at a share of every block in the store.
func damage(t *testing.T, st store.Store, share float64) {
	t.Helper()
	n := 0
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
		n++
	}
	if n == 0 {
		t.Fatal("nothing to damage")
	}
}

// reopened is a world with the store of w: nothing is cached.
func reopened(t *testing.T, w *world) *world {
	t.Helper()
	fresh := newWorld(t, false, nil)
	fresh.tree = newTree(t, w.store)
	return fresh
}

func TestDamageAtTheBeginningIsAnError(t *testing.T) {
	w := newWorld(t, false, nil)
	w.put(t, "k", noise(8<<20))
	damage(t, w.store, 0.0001)
	w = reopened(t, w)
	w.want(t, 500, "InternalError", "GET", "/bucket/k", "")
}

// What is damaged further on is found when its frame is read: the connection
// breaks, and no byte of the frame was sent.
func TestDamageInTheMiddleBreaksTheConnection(t *testing.T) {
	w := newWorld(t, false, nil)
	data := noise(8 << 20)
	w.put(t, "k", data)
	damage(t, w.store, 0.5)
	w = reopened(t, w)
	resp, err := w.server.Client().Transport.RoundTrip(w.request(t, "GET", "/bucket/k", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err == nil || resp.StatusCode != http.StatusOK || resp.ContentLength != int64(len(data)) {
		t.Errorf("status %d, %d bytes, %v, want a broken body", resp.StatusCode, len(got), err)
	}
	if len(got) == 0 || !bytes.Equal(got, data[:len(got)]) {
		t.Errorf("%d bytes came, and they are not the file's", len(got))
	}
	w.want(t, 206, "", "GET", "/bucket/k", "", "Range", "bytes=0-99") // the rest is whole
}
