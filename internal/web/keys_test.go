package web_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aetherfs/internal/auth"
	"aetherfs/internal/web"
)

// book is keys in memory, which fails if it is told to.
type book struct {
	mu   sync.Mutex
	keys map[string]auth.Sealed // guarded by mu
	err  error
}

func (b *book) Key(access string) *auth.Sealed {
	b.mu.Lock()
	defer b.mu.Unlock()
	if k, ok := b.keys[access]; ok {
		return &k
	}
	return nil
}

func (b *book) Keys() iter.Seq[*auth.Sealed] {
	return func(yield func(*auth.Sealed) bool) {
		for _, access := range slices.Sorted(maps.Keys(b.keys)) {
			if !yield(b.Key(access)) {
				return
			}
		}
	}
}

func (b *book) Create(_ context.Context, k auth.Sealed) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	k.Created = time.Now().UnixMilli()
	if b.err == nil {
		b.keys[k.Access] = k
	}
	return b.err
}

func (b *book) Delete(_ context.Context, access string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.keys[access]; !ok {
		return auth.ErrNoKey
	}
	delete(b.keys, access)
	return b.err
}

// send sends a request with a body that a key has signed.
func (p *port) send(method, path, body, access, secret string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://gateway"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	digest := sha256.Sum256([]byte(body))
	r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(digest[:]))
	auth.Sign(r, access, secret, auth.DefaultRegion, time.Now())
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

// create makes a key as the owner.
func (p *port) create(t *testing.T, note string) web.NewKey {
	t.Helper()
	body, err := json.Marshal(web.KeyRequest{Note: note})
	if err != nil {
		t.Fatal(err)
	}
	answer := p.send("POST", web.KeysPath, string(body), accessKey, secretKey)
	var made web.NewKey
	if err := json.Unmarshal(answer.Body.Bytes(), &made); err != nil || answer.Code != http.StatusCreated {
		t.Fatalf("create: %d %s, error %v", answer.Code, answer.Body, err)
	}
	if got := answer.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("a secret is sent with Cache-Control %q", got)
	}
	return made
}

func (p *port) listed(t *testing.T) []web.Key {
	t.Helper()
	answer := p.send("GET", web.KeysPath, "", accessKey, secretKey)
	var keys web.Keys
	if err := json.Unmarshal(answer.Body.Bytes(), &keys); err != nil || answer.Code != http.StatusOK || keys.Keys == nil {
		t.Fatalf("list: %d %s, error %v", answer.Code, answer.Body, err)
	}
	return keys.Keys
}

func TestKeysComeAndGo(t *testing.T) {
	p := newPort(t, nil)
	if got := p.listed(t); len(got) != 0 {
		t.Errorf("keys at first: %v", got)
	}
	made := p.create(t, "Jürgens laptop")
	if got := p.send("GET", "/metrics", "", made.Access, made.Secret).Code; got != http.StatusOK {
		t.Errorf("the new key is answered by %d, want 200", got)
	}
	if got := p.listed(t); len(got) != 1 || got[0].Access != made.Access || got[0].Note != "Jürgens laptop" || got[0].Unreadable ||
		time.Since(got[0].Created).Abs() > time.Minute {
		t.Errorf("keys: %+v", got)
	}
	if got := p.send("DELETE", web.KeysPath+"/"+made.Access, "", accessKey, secretKey); got.Code != http.StatusNoContent {
		t.Errorf("delete: %d %s", got.Code, got.Body)
	}
	if got := p.send("GET", "/metrics", "", made.Access, made.Secret).Code; got != http.StatusUnauthorized {
		t.Errorf("a deleted key is answered by %d, want 401", got)
	}
	for access, want := range map[string]int{made.Access: 404, "nobody": 404, accessKey: 409} {
		if got := p.send("DELETE", web.KeysPath+"/"+access, "", accessKey, secretKey); got.Code != want || !strings.Contains(got.Body.String(), `"error":"`) {
			t.Errorf("delete %s: %d %s, want %d", access, got.Code, got.Body, want)
		}
	}
	if log := p.log.String(); strings.Contains(log, made.Secret) || !strings.Contains(log, "key created") || !strings.Contains(log, "key deleted") {
		t.Errorf("the log tells the secret, or not who was let in:\n%s", log)
	}
}

func TestOnlyTheOwnerManagesKeys(t *testing.T) {
	p := newPort(t, nil)
	further, other := p.create(t, ""), p.create(t, "")
	for who, key := range map[string]struct {
		access, secret string
		want           int
	}{
		"a further key":          {further.Access, further.Secret, 403},
		"its forgery":            {further.Access, further.Secret + "x", 401},
		"the owner's forgery":    {accessKey, further.Secret, 401},
		"an unknown key":         {"AAAAAAAAAAAAAAAAAAAA", further.Secret, 401},
		"another further secret": {further.Access, other.Secret, 401},
	} {
		for _, request := range []struct{ method, path, body string }{
			{"GET", web.KeysPath, ""}, {"HEAD", web.KeysPath, ""}, {"POST", web.KeysPath, "{}"},
			{"DELETE", web.KeysPath + "/" + other.Access, ""}, {"DELETE", web.KeysPath + "/" + further.Access, ""},
		} {
			got := p.send(request.method, request.path, request.body, key.access, key.secret)
			if got.Code != key.want || strings.Contains(got.Body.String(), other.Access) {
				t.Errorf("%s %s by %s: %d %s, want %d", request.method, request.path, who, got.Code, got.Body, key.want)
			}
		}
	}
	if got := p.listed(t); len(got) != 2 {
		t.Errorf("there are %d keys, want 2", len(got))
	}
}

// TestWhatIsAskedForKeysIsChecked: nothing is made by a request that is not
// whole, or that a web page can make a browser send.
func TestWhatIsAskedForKeysIsChecked(t *testing.T) {
	p := newPort(t, nil)
	for name, test := range map[string]struct {
		body   string
		change func(*http.Request)
		want   int
	}{
		"no JSON":            {"note", nil, 400},
		"nothing":            {"", nil, 400},
		"a list":             {"[]", nil, 400},
		"null":               {"null", nil, 400},
		"an unknown field":   {`{"secret": "mine"}`, nil, 400},
		"two objects":        {`{} {}`, nil, 400},
		"a long note":        {`{"note": "` + strings.Repeat("x", web.MaxNoteBytes+1) + `"}`, nil, 400},
		"a control sequence": {`{"note": "\u001b[2J"}`, nil, 400},
		"a line break":       {`{"note": "a\nb"}`, nil, 400},
		"a large body":       {`{"note": "` + strings.Repeat("x", 20<<10) + `"}`, nil, 413},
		"a changed body":     {`{"note": "a"}`, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"note": "b"}`)) }, 400},
		"chunks": {`{}`, func(r *http.Request) {
			r.Header.Set("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
			auth.Sign(r, accessKey, secretKey, auth.DefaultRegion, time.Now())
		}, 400},
		"a web page's form": {`{}`, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain"); basic(r) }, 400},
		"a large body by Basic": {`{"note": "` + strings.Repeat("x", 20<<10) + `"}`, func(r *http.Request) {
			basic(r)
		}, 413},
	} {
		var change []func(*http.Request)
		if test.change != nil {
			change = append(change, test.change)
		}
		got := p.send("POST", web.KeysPath, test.body, accessKey, secretKey, change...)
		if got.Code != test.want || !strings.Contains(got.Body.String(), `"error":"`) {
			t.Errorf("%s: %d %s, want %d", name, got.Code, got.Body, test.want)
		}
	}
	if got := p.listed(t); len(got) != 0 {
		t.Errorf("keys were made: %v", got)
	}
	if got := p.send("POST", web.KeysPath, `{"note": "curl"}`, accessKey, secretKey, basic); got.Code != http.StatusCreated {
		t.Errorf("create by Basic: %d %s", got.Code, got.Body)
	}
}

func TestPathsAndMethodsOfKeys(t *testing.T) {
	p := newPort(t, nil)
	for request, want := range map[string]int{
		"PUT " + web.KeysPath: 405, "DELETE " + web.KeysPath: 405, "GET " + web.KeysPath + "/x": 405, "OPTIONS " + web.KeysPath + "/x": 405,
		"DELETE " + web.KeysPath + "/": 404, "DELETE " + web.KeysPath + "/a/b": 404, "DELETE " + web.KeysPath + "x": 404,
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := p.send(method, path, "", accessKey, secretKey); got.Code != want {
			t.Errorf("%s: %d %s, want %d", request, got.Code, got.Body, want)
		}
	}
}

func TestKeysOutOfReach(t *testing.T) {
	p := newPort(t, nil)
	made := p.create(t, "")
	p.keys.err = errors.New("a detail of the store")
	for _, request := range [][2]string{{"POST", web.KeysPath}, {"DELETE", web.KeysPath + "/" + made.Access}} {
		got := p.send(request[0], request[1], "{}", accessKey, secretKey)
		if got.Code != http.StatusServiceUnavailable || strings.Contains(got.Body.String(), "detail") || !strings.Contains(p.log.String(), "detail") {
			t.Errorf("%s %s: %d %s, want 503, with details in the log alone", request[0], request[1], got.Code, got.Body)
		}
	}
}
