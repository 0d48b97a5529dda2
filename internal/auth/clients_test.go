package auth_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/minio/minio-go/v7/pkg/signer"

	"aetherfs/internal/auth"
)

// clients are ways in which real clients sign a request at a time, and what
// their signature says of the body.
var clients = []struct {
	name    string
	sign    func(t testing.TB, r *http.Request, now time.Time) *http.Request
	payload auth.Payload
}{
	{"aws-sdk-go-v2", awsSign("UNSIGNED-PAYLOAD"), auth.Unsigned},
	{"aws-sdk-go-v2 with a digest", awsSign(emptySHA256), auth.Digested},
	{"aws-sdk-go-v2 with a trailer", awsSign("STREAMING-UNSIGNED-PAYLOAD-TRAILER"), auth.ChunksTrailer},
	{"aws-sdk-go-v2 presigned", awsPresign, auth.Unsigned},
	{"minio-go", minioSign, auth.Unsigned},
	{"minio-go presigned", minioPresign, auth.Unsigned},
	{"minio-go presigned by version 2", minioPresignV2, auth.Unsigned},
	{"this package", ownSign, auth.Unsigned},
}

func awsSign(payload string) func(testing.TB, *http.Request, time.Time) *http.Request {
	return func(t testing.TB, r *http.Request, now time.Time) *http.Request {
		t.Helper()
		r.Header.Set("X-Amz-Content-Sha256", payload)
		keys := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secret}
		if err := awsSigner().SignHTTP(t.Context(), keys, r, payload, "s3", region, now); err != nil {
			t.Fatal(err)
		}
		return r
	}
}

func awsPresign(t testing.TB, r *http.Request, now time.Time) *http.Request {
	t.Helper()
	r = r.Clone(t.Context())
	query := r.URL.Query()
	query.Set("X-Amz-Expires", "60")
	r.URL.RawQuery = query.Encode()
	keys := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secret}
	url, header, err := awsSigner().PresignHTTP(t.Context(), keys, r, "UNSIGNED-PAYLOAD", "s3", region, now)
	if err != nil {
		t.Fatal(err)
	}
	signed := newRequest(t, r.Method, url, nil)
	signed.Header = header
	return signed
}

func awsSigner() *v4.Signer {
	return v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
}

func minioSign(_ testing.TB, r *http.Request, _ time.Time) *http.Request {
	r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	return signer.SignV4(*r, accessKey, secret, "", region)
}

func minioPresign(_ testing.TB, r *http.Request, _ time.Time) *http.Request {
	return signer.PreSignV4(*r, accessKey, secret, "", region, 60)
}

func minioPresignV2(_ testing.TB, r *http.Request, _ time.Time) *http.Request {
	r = signer.PreSignV2(*r, accessKey, secret, 60, false)
	r.Header.Del("Expires") // how minio-go passes it to itself
	return r
}

func ownSign(_ testing.TB, r *http.Request, now time.Time) *http.Request {
	auth.Sign(r, accessKey, secret, region, now)
	return r
}

// TestClients signs requests of random odd keys and queries as real clients
// do. minio-go reads the clock itself, so that the time is now.
func TestClients(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for _, client := range clients {
		t.Run(client.name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 0))
			for range 300 {
				now := time.Now()
				r := newRequest(t, "PUT", oddURL(rnd), nil)
				r.Header.Set("X-Amz-Meta-Odd", strings.TrimSpace("two  spaces   in "+oddText(rnd, headerAlphabet)))
				r.Header.Set("Content-Type", "text/plain")
				r = client.sign(t, r, now)
				a := mustVerify(t, verifier(now), wire(t, r))
				if a.Payload != client.payload {
					t.Fatalf("Payload = %d, want %d", a.Payload, client.payload)
				}
			}
		})
	}
}

// TestRepeatedParameter: minio-go does not sort the values of one name, as
// the rules say.
func TestRepeatedParameter(t *testing.T) {
	r := newRequest(t, "GET", "http://host/bucket?a=2&a=1&a-=0&a=%2B&a=", nil)
	awsSign("UNSIGNED-PAYLOAD")(t, r, docTime)
	mustVerify(t, verifier(docTime), wire(t, r))
}

// TestSignedHeaders signs the headers that net/http moves out of the map.
func TestSignedHeaders(t *testing.T) {
	r := newRequest(t, "PUT", "http://bucket.host:8080/key", strings.NewReader("12345"))
	r.Header.Set("Expect", "100-continue")
	awsSign("UNSIGNED-PAYLOAD")(t, r, docTime) // signs content-length
	signed := r.Header.Get("Authorization")
	if !strings.Contains(signed, "content-length") {
		t.Fatalf("the signer did not sign content-length: %s", signed)
	}
	got := wire(t, r)
	got.Header.Del("Content-Length")
	mustVerify(t, verifier(docTime), got)
}

// oddURL is a URL of a random key and query, encoded as clients encode them.
func oddURL(rnd *rand.Rand) string {
	var path strings.Builder
	for _, c := range []byte(oddText(rnd, keyAlphabet)) {
		if c == '/' || strings.IndexByte(plain, c) >= 0 {
			path.WriteByte(c)
		} else {
			fmt.Fprintf(&path, "%%%02X", c)
		}
	}
	query := url.Values{}
	for range rnd.IntN(4) {
		query.Set([]string{"prefix", "delimiter", "marker", "max-keys"}[rnd.IntN(4)], oddText(rnd, keyAlphabet))
	}
	return "http://host.example:9000/bucket/" + path.String() + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
}

const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

var (
	keyAlphabet    = []rune("aZ09-._~/ /+%#?&=;:@!$'()*,<>[]{}|\\^`\"äß日本\U0001F600\x01\x7f")
	headerAlphabet = []rune("aZ09-._~/ +%#?&=;:@!$'()*<>")
)

func oddText(rnd *rand.Rand, alphabet []rune) string {
	text := make([]rune, rnd.IntN(24))
	for i := range text {
		text[i] = alphabet[rnd.IntN(len(alphabet))]
	}
	return string(text)
}
