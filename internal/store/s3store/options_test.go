package s3store_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"aetherfs/internal/store"
	"aetherfs/internal/store/s3store"
)

func TestParseURL(t *testing.T) {
	for url, want := range map[string]s3store.Options{
		"s3://bucket":                {Bucket: "bucket"},
		"s3://bucket/":               {Bucket: "bucket"},
		"s3://my.bucket/a/Prefix_1/": {Bucket: "my.bucket", Prefix: "a/Prefix_1"},
		"s3://bucket/p?endpoint=https://s3.example.org:9000/&region=eu-west-1&path-style=true&storage-class=STANDARD_IA" +
			"&sse=aws:kms&sse-kms-key=arn:aws:kms:eu-west-1:1:key/a-b&ca=/etc/ca.pem&client-cert=c.pem&client-key=k.pem&profile=work&limit=8&timeout=90s": {
			Bucket: "bucket", Prefix: "p", Endpoint: "https://s3.example.org:9000", Region: "eu-west-1", PathStyle: "true", StorageClass: "STANDARD_IA",
			SSE: "aws:kms", SSEKey: "arn:aws:kms:eu-west-1:1:key/a-b", CA: "/etc/ca.pem", ClientCert: "c.pem", ClientKey: "k.pem", Profile: "work",
			Limit: 8, Timeout: 90 * time.Second,
		},
	} {
		if got, err := s3store.ParseURL(url); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ParseURL(%s) = %+v, %v, want %+v", url, got, err, want)
		}
	}
}

func TestParseURLMistakes(t *testing.T) {
	for url, want := range map[string]string{
		"":                                   "write s3://bucket/prefix",
		"http://bucket":                      "write s3://bucket/prefix",
		"s3:bucket":                          "write s3://bucket/prefix",
		"s3://":                              `"" is no bucket`,
		"s3://Bucket":                        `"Bucket" is no bucket`,
		"s3://bucket/a//b":                   "is no prefix",
		"s3://bucket/a/../b":                 "is no prefix",
		"s3://bucket/a%20b":                  "is no prefix",
		"s3://key:secret@bucket":             "keys do not belong into a URL",
		"s3://bucket?access-key=x":           `"access-key" is no option: it would be one of ca, client-cert, client-key, endpoint, `,
		"s3://bucket?endpoint=host:9000":     "endpoint=host:9000: write scheme and host",
		"s3://bucket?endpoint=http://u@h":    "endpoint=h: write scheme and host",
		"s3://bucket?endpoint=u:secret@h":    "endpoint=h: write scheme and host",
		"s3://bucket?endpoint=http://h/p":    "write scheme and host",
		"s3://bucket?region=a&region=b":      "region is given 2 times",
		"s3://bucket?path-style=yes":         "write one of true, false, auto",
		"s3://bucket?sse=aes":                "write one of AES256, aws:kms",
		"s3://bucket?sse-kms-key=k":          "sse-kms-key needs sse=aws:kms",
		"s3://bucket?client-cert=c":          "give both or neither",
		"s3://bucket?ca=c&endpoint=http:h":   "write scheme and host",
		"s3://bucket?ca=c&endpoint=http://h": "need an endpoint of https://",
		"s3://bucket?limit=0":                "1 to 4096",
		"s3://bucket?limit=many":             "1 to 4096",
		"s3://bucket?timeout=1":              "write a time from 1s to 1h",
		"s3://bucket?timeout=2h":             "write a time from 1s to 1h",
	} {
		if _, err := s3store.ParseURL(url); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("ParseURL(%s): %v, want %q", url, err, want)
		}
	}
}

// FuzzParseURL: what is taken can be opened, whatever it is.
func FuzzParseURL(f *testing.F) {
	for _, url := range []string{"s3://bucket", "s3://bucket/a/b?endpoint=http://127.0.0.1:1&limit=2", "s3://b-1.c?sse=AES256&timeout=1s", "s3://a?%"} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, url string) {
		o, err := s3store.ParseURL(url)
		if err != nil {
			return
		}
		o.CA, o.ClientCert, o.ClientKey = "", "", ""
		s, err := s3store.Open(o)
		if err != nil {
			t.Fatalf("Open(%q): %v", url, err)
		}
		_ = s.Close()
	})
}

// TestKeysThatFail: where keys are not to be had just now they are asked for
// again, and the error says why there are none; where there are none it is
// final.
func TestKeysThatFail(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	o := options(urlOf(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, 404, "NoSuchKey") }))
	o.AccessKey, o.SecretKey = "", ""
	o.Getenv = func(name string) string { return map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file}[name] }
	for _, profile := range []string{"", "default"} {
		o.Profile = profile
		s := open(t, o)
		for _, c := range []struct {
			text string
			want error
			says string
		}{
			{"[default]\n", store.ErrDenied, "no keys for the store"},
			{"[default]\ncredential_process = false now\n", errUnknown, "exit status 1"},
			{"[default]\naws_access_key_id = a\naws_secret_access_key = s\n", store.ErrNotFound, ""},
		} {
			write(t, file, []byte(c.text))
			if _, _, err := s.Get(t.Context(), "k", store.Range{}); !errors.Is(meaning(err), c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("profile %q of %q: %v, want %v that says %q", profile, c.text, err, c.want, c.says)
			}
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if _, _, err := open(t, o).Get(t.Context(), "k", store.Range{}); !errors.Is(err, store.ErrDenied) || !strings.Contains(err.Error(), file) {
			t.Errorf("profile %q without its file: %v, want ErrDenied that names it", profile, err)
		}
	}
}

// TestCredentials: whose keys a request is signed with.
func TestCredentials(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "credentials")
	write(t, file, []byte("[default]\naws_access_key_id = of-file\naws_secret_access_key = s\n[work]\naws_access_key_id = of-work\naws_secret_access_key = s\n"))
	if err := os.MkdirAll(filepath.Join(dir, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, ".aws", "credentials"), []byte("[default]\naws_access_key_id = of-home\naws_secret_access_key = s\n"))
	aws := map[string]string{"AWS_ACCESS_KEY_ID": "of-aws", "AWS_SECRET_ACCESS_KEY": "s"}
	minio := map[string]string{"MINIO_ACCESS_KEY": "of-minio", "MINIO_SECRET_KEY": "s"}
	root := map[string]string{"MINIO_ROOT_USER": "of-root", "MINIO_ROOT_PASSWORD": "s"}
	home := map[string]string{"HOME": dir}
	shared := map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file}
	work := map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file, "AWS_PROFILE": "work"}
	for _, c := range []struct {
		want    string
		given   string // in the options
		profile string // in the options
		env     []map[string]string
	}{
		{"of-options", "of-options", "work", []map[string]string{aws, minio, root, home, shared}},
		{"of-aws", "", "", []map[string]string{aws, minio, root, home, shared}},
		{"of-minio", "", "", []map[string]string{minio, root, home, shared}},
		{"of-root", "", "", []map[string]string{root, home, shared}},
		{"of-file", "", "", []map[string]string{home, shared}},
		{"of-work", "", "", []map[string]string{home, work}},
		{"of-home", "", "", []map[string]string{home}},
		{"of-work", "", "work", []map[string]string{aws, shared}},
		{"", "", "none", []map[string]string{aws, shared}},
		{"", "", "", nil},
		{"", "", "", []map[string]string{{"AWS_ACCESS_KEY_ID": "half"}}},
	} {
		var signed string
		o := options(urlOf(t, func(w http.ResponseWriter, r *http.Request) {
			signed = r.Header.Get("Authorization")
			refuse(w, 404, "NoSuchKey")
		}))
		o.AccessKey, o.SecretKey, o.Profile = c.given, "s", c.profile
		o.Getenv = func(name string) string {
			for _, env := range c.env {
				if value := env[name]; value != "" {
					return value
				}
			}
			return ""
		}
		_, _, err := open(t, o).Get(t.Context(), "k", store.Range{})
		if c.want == "" {
			if err == nil || signed != "" {
				t.Errorf("without keys, profile %q: %v, signed %q, want an error and no request", c.profile, err, signed)
			}
			continue
		}
		if !strings.Contains(signed, "Credential="+c.want+"/") {
			t.Errorf("signed %q, %v, want the key %s", signed, err, c.want)
		}
	}
}
