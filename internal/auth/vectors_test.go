package auth_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"aetherfs/internal/auth"
)

const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// TestPublishedSignatures checks the examples of the S3 API reference,
// "Signature Calculations for the Authorization Header".
func TestPublishedSignatures(t *testing.T) {
	for _, tt := range []struct {
		name, method, url string
		headers           map[string]string
		signature         string
	}{
		{"get object", "GET", "https://examplebucket.s3.amazonaws.com/test.txt", map[string]string{
			"Range": "bytes=0-9", "X-Amz-Content-Sha256": emptySHA256, "X-Amz-Date": "20130524T000000Z",
		}, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
		{"put object", "PUT", "https://examplebucket.s3.amazonaws.com/test$file.text", map[string]string{
			"Date": "Fri, 24 May 2013 00:00:00 GMT", "X-Amz-Date": "20130524T000000Z", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY",
			"X-Amz-Content-Sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
		}, "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
		{"subresource", "GET", "https://examplebucket.s3.amazonaws.com/?lifecycle", map[string]string{
			"X-Amz-Date": "20130524T000000Z", "X-Amz-Content-Sha256": emptySHA256,
		}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
		{"list", "GET", "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J", map[string]string{
			"X-Amz-Date": "20130524T000000Z", "X-Amz-Content-Sha256": emptySHA256,
		}, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRequest(t, tt.method, tt.url, nil)
			signed := []string{"host"}
			for name, value := range tt.headers {
				r.Header.Set(name, value)
				signed = append(signed, strings.ToLower(name))
			}
			authorize(r, signed, tt.signature)
			mustVerify(t, verifier(docTime), wire(t, r))
		})
	}
}

func TestPublishedPresigned(t *testing.T) {
	const url = "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256" +
		"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z" +
		"&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=" +
		"aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
	a := mustVerify(t, verifier(docTime), wire(t, newRequest(t, "GET", url, nil)))
	if a.Payload != auth.Unsigned {
		t.Errorf("Payload = %d, want Unsigned", a.Payload)
	}
}

// TestPublishedChunks checks the examples of "Transferring Payload in Multiple
// Chunks", with and without a trailer: 65 KiB of the letter a.
func TestPublishedChunks(t *testing.T) {
	for _, tt := range []struct {
		name    string
		payload string
		want    auth.Payload
		headers map[string]string
		seed    string
		chunks  [3]string
		trailer string
	}{
		{
			name: "chunks", payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", want: auth.SignedChunks,
			headers: map[string]string{"Content-Length": "66824"},
			seed:    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
			chunks: [3]string{
				"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
				"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
				"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
			},
		},
		{
			name: "chunks and trailer", payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", want: auth.SignedChunksTrailer,
			headers: map[string]string{"X-Amz-Trailer": "x-amz-checksum-crc32c"},
			seed:    "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
			chunks: [3]string{
				"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
				"1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
				"2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
			},
			trailer: "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRequest(t, "PUT", "https://s3.amazonaws.com/examplebucket/chunkObject.txt", nil)
			r.ContentLength = 66824
			signed := []string{"host"}
			set := func(name, value string) {
				if name != "Content-Length" {
					r.Header.Set(name, value)
				}
				signed = append(signed, strings.ToLower(name))
			}
			set("X-Amz-Content-Sha256", tt.payload)
			set("X-Amz-Date", "20130524T000000Z")
			set("X-Amz-Decoded-Content-Length", "66560")
			set("X-Amz-Storage-Class", "REDUCED_REDUNDANCY")
			set("Content-Encoding", "aws-chunked")
			for name, value := range tt.headers {
				set(name, value)
			}
			authorize(r, signed, tt.seed)
			a := mustVerify(t, verifier(docTime), r)
			if a.Payload != tt.want {
				t.Errorf("Payload = %d, want %d", a.Payload, tt.want)
			}
			chain := a.Chunks()
			for i, data := range []string{strings.Repeat("a", 64<<10), strings.Repeat("a", 1<<10), ""} {
				if !chain.Chunk([]byte(tt.chunks[i]), sha256.Sum256([]byte(data))) {
					t.Fatalf("chunk %d: the published signature was refused", i)
				}
			}
			if tt.trailer != "" && !chain.Trailer([]byte(tt.trailer), sha256.Sum256([]byte("x-amz-checksum-crc32c:sOO8/Q==\n"))) {
				t.Error("trailer: the published signature was refused")
			}
		})
	}
}

// A chain that was broken once refuses everything.
func TestChunksChain(t *testing.T) {
	r := newRequest(t, "PUT", "http://host/bucket/key", nil)
	r.Header.Set("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
	auth.Sign(r, accessKey, secret, region, docTime)
	chain := mustVerify(t, verifier(docTime), wire(t, r)).Chunks()
	digest := sha256.Sum256(nil)
	for _, signature := range []string{"", "00", emptySHA256, hex.EncodeToString(make([]byte, 64))} {
		if chain.Chunk([]byte(signature), digest) {
			t.Errorf("Chunk took the signature %q", signature)
		}
	}
}

// authorize sets an Authorization header of the documentation's credentials.
func authorize(r *http.Request, signed []string, signature string) {
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accessKey+"/20130524/us-east-1/s3/aws4_request,SignedHeaders="+
		sortedNames(signed)+",Signature="+signature)
}
