package web_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"aetherfs/backend"
	"aetherfs/internal/auth"
	"aetherfs/internal/web"
)

const someSettings = `{"http":{"rules":[{"extension":".pmtiles","contentType":"application/vnd.pmtiles","maxAge":"24h","compress":false}]}}`

// TestSettingsAreSetAndRead: by any key, and by nobody else.
func TestSettingsAreSetAndRead(t *testing.T) {
	p := newPort(t, func(o *web.Options) {
		shown := o.Tree(auth.Identity{AccessKey: accessKey})
		o.Tree = func(who auth.Identity) backend.Tree { return backend.Guarded(shown, who) }
	})
	path := web.SettingsPath("a")
	read := func(access, secret, want string) {
		t.Helper()
		got := p.send("GET", path, "", access, secret)
		if got.Code != http.StatusOK || strings.TrimSpace(got.Body.String()) != want || got.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("settings: %d %s, want %s", got.Code, got.Body, want)
		}
	}
	further := p.create(t, "")
	read(accessKey, secretKey, "{}")
	if got := p.send("PUT", path, someSettings, further.Access, further.Secret); got.Code != http.StatusNoContent {
		t.Fatalf("set: %d %s", got.Code, got.Body)
	}
	read(accessKey, secretKey, someSettings)
	if got := p.send("HEAD", path, "", further.Access, further.Secret); got.Code != http.StatusOK {
		t.Errorf("HEAD: %d", got.Code)
	}
	if got := p.send("PUT", path, "{}", accessKey, secretKey, basic); got.Code != http.StatusNoContent {
		t.Errorf("taken away by Basic: %d %s", got.Code, got.Body)
	}
	read(further.Access, further.Secret, "{}")
	for who, key := range map[string][2]string{"a forgery": {further.Access, secretKey}, "an unknown key": {"AAAAAAAAAAAAAAAAAAAA", secretKey}} {
		for _, method := range []string{"GET", "HEAD", "PUT"} {
			if got := p.send(method, path, someSettings, key[0], key[1]); got.Code != http.StatusUnauthorized {
				t.Errorf("%s by %s: %d %s", method, who, got.Code, got.Body)
			}
		}
	}
	if got := p.get(path); got.Code != http.StatusUnauthorized || got.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("without credentials: %d %s", got.Code, got.Body)
	}
	read(accessKey, secretKey, "{}")
}

// TestSettingsAreChecked: who sends what cannot be set is told what is wrong with
// it, and nothing is set.
func TestSettingsAreChecked(t *testing.T) {
	p := newPort(t, nil)
	p.send("PUT", web.SettingsPath("a"), someSettings, accessKey, secretKey)
	kind := func(v string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Content-Type", v); basic(r) }
	}
	for name, test := range map[string]struct {
		dataset, body string
		change        func(*http.Request)
		want          int
		tells         string
	}{
		"no JSON":              {"a", "rules", nil, 400, "a JSON object such as"},
		"nothing":              {"a", "", nil, 400, "a JSON object such as"},
		"null":                 {"a", "null", nil, 400, "a JSON object such as"},
		"half of it":           {"a", someSettings[:40], nil, 400, "unexpected EOF"},
		"two objects":          {"a", "{} {}", nil, 400, "something follows"},
		"an unknown field":     {"a", `{"https": {}}`, nil, 400, `https`},
		"an unknown rule":      {"a", `{"http": {"rules": [{"extension": ".a"}, {"suffix": ".b"}]}}`, nil, 400, "rule 2: json: unknown field"},
		"a rule of nothing":    {"a", `{"http": {"rules": [{"extension": "csv"}]}}`, nil, 400, `rule 1, extension \"csv\"`},
		"a large body":         {"a", someSettings + strings.Repeat(" ", backend.MaxSettingsBytes), nil, 413, "too large"},
		"the same by Basic":    {"a", someSettings + strings.Repeat(" ", backend.MaxSettingsBytes), basic, 413, "too large"},
		"a web page's form":    {"a", someSettings, kind("text/plain"), 400, "as application/json"},
		"no type":              {"a", someSettings, kind(""), 400, "as application/json"},
		"no dataset":           {"nowhere", someSettings, nil, 404, "no such dataset"},
		"no dataset can be so": {"A", someSettings, nil, 404, "no such dataset"},
	} {
		var change []func(*http.Request)
		if test.change != nil {
			change = append(change, test.change)
		}
		got := p.send("PUT", web.SettingsPath(test.dataset), test.body, accessKey, secretKey, change...)
		if got.Code != test.want || !strings.Contains(got.Body.String(), test.tells) || !strings.Contains(got.Body.String(), `"error":"`) {
			t.Errorf("%s: %d %s, want %d and %s", name, got.Code, got.Body, test.want, test.tells)
		}
	}
	if got := p.send("GET", web.SettingsPath("a"), "", accessKey, secretKey); strings.TrimSpace(got.Body.String()) != someSettings {
		t.Errorf("settings are %s", got.Body)
	}
	if got := p.send("GET", web.SettingsPath("nowhere"), "", accessKey, secretKey); got.Code != http.StatusNotFound {
		t.Errorf("read of an absent dataset: %d %s", got.Code, got.Body)
	}
}

func TestPathsAndMethodsOfSettings(t *testing.T) {
	p := newPort(t, nil)
	for request, want := range map[string]int{
		"POST " + web.SettingsPath("a"): 405, "DELETE " + web.SettingsPath("a"): 405, "GET " + web.SettingsPath(""): 404,
		"GET " + web.SettingsPath("a/b"): 404, "GET " + web.SettingsPath("a%2Fb"): 404, "GET /api/v1/datasets/settings": 404,
		"GET " + web.SettingsPath("a") + "/": 404, "PUT " + web.SettingsPath("a") + "s": 404, "GET /api/v1/datasets/a": 404,
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := p.send(method, path, "{}", accessKey, secretKey); got.Code != want {
			t.Errorf("%s: %d %s, want %d", request, got.Code, got.Body, want)
		}
	}
}

// TestSettingsOutOfReach: details are in the log alone.
func TestSettingsOutOfReach(t *testing.T) {
	for err, want := range map[error]int{
		errors.New("a fault"): 503, backend.ErrUnavailable: 503, backend.ErrReadOnly: 403, backend.ErrNoSpace: 507,
	} {
		p := newPort(t, nil)
		p.tree.err = fmt.Errorf("a detail of the store: %w", err)
		for _, method := range []string{"GET", "PUT"} {
			got := p.send(method, web.SettingsPath("a"), "{}", accessKey, secretKey)
			if got.Code != want || strings.Contains(got.Body.String(), "detail") || !strings.Contains(p.log.String(), "detail") {
				t.Errorf("%s, %v: %d %s, want %d", method, err, got.Code, got.Body, want)
			}
		}
	}
}
