package s3api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"aetherfs/backend"
	"aetherfs/internal/auth"
)

// bodySink is a server that verifies and decodes the bodies it is sent.
type bodySink struct {
	*httptest.Server
	got  []byte
	sums []backend.Checksum
	kind auth.Payload
	err  error
}

// newBodySink starts a server over http or https; the test's end stops it.
func newBodySink(t *testing.T, secure bool) *bodySink {
	t.Helper()
	s := &bodySink{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.err = s.take(r); s.err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("ETag", `"0123456789abcdef0123456789abcdef"`)
		for _, c := range s.sums {
			w.Header().Set(checksumHeader(c.Algorithm), formatChecksum(c))
		}
	}))
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

func (s *bodySink) take(r *http.Request) error {
	a, err := bodyVerifier(time.Now()).Verify(r, "")
	if err != nil {
		return err
	}
	b, err := openBody(r, r.Header, a, bodyOptions{max: 1 << 30, sized: true})
	if err != nil {
		return err
	}
	s.kind = a.Payload
	s.got, err = io.ReadAll(b)
	s.sums = b.Checksums()
	if coding := r.Header.Get("Content-Encoding"); err == nil && coding != "" {
		err = fmt.Errorf("the Content-Encoding is %q", coding)
	}
	return err
}

// check tells whether data has come, in which form, with at least how many checksums.
func (s *bodySink) check(t *testing.T, data []byte, kinds map[auth.Payload]bool, sums int) {
	t.Helper()
	if s.err != nil {
		t.Fatalf("the server: %v", s.err)
	}
	if !bytes.Equal(s.got, data) {
		t.Errorf("%d other bytes came, want %d", len(s.got), len(data))
	}
	if len(s.sums) < sums {
		t.Errorf("checksums %+v came, want %d", s.sums, sums)
	}
	kinds[s.kind] = true
}

var sdkSizes = []int{0, 1, 8 << 10, 64 << 10, 64<<10 + 1, 3 << 20}

func TestBodyOfAWSSDK(t *testing.T) {
	kinds := map[auth.Payload]bool{}
	for _, secure := range []bool{false, true} {
		sink := newBodySink(t, secure)
		client := s3.New(s3.Options{
			Region: auth.DefaultRegion, BaseEndpoint: &sink.URL, UsePathStyle: true, HTTPClient: sink.Client(),
			RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported, // what configurations default to
			Credentials:                awscredentials.NewStaticCredentialsProvider(bodyKey, bodySecret, ""),
		})
		for _, algorithm := range append([]types.ChecksumAlgorithm{""}, types.ChecksumAlgorithm("").Values()[:5]...) {
			for _, size := range sdkSizes {
				data := bytes.Repeat([]byte("s"), size)
				_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
					Bucket: aws.String("bucket"), Key: aws.String("a key/with + and %"), Body: bytes.NewReader(data),
					ChecksumAlgorithm: algorithm, Metadata: map[string]string{"Name": "value"},
				})
				if err != nil {
					t.Fatalf("PutObject %s of %d bytes, https %v: %v (%v)", algorithm, size, secure, err, sink.err)
				}
				sink.check(t, data, kinds, 1)
			}
		}
	}
	if !kinds[auth.Digested] || !kinds[auth.ChunksTrailer] {
		t.Errorf("the client used the forms %v: is the test still good?", kinds)
	}
}

func TestBodyOfMinio(t *testing.T) {
	kinds := map[auth.Payload]bool{}
	for _, secure := range []bool{false, true} {
		sink := newBodySink(t, secure)
		_, host, _ := strings.Cut(sink.URL, "://")
		client, err := minio.New(host, &minio.Options{
			Creds: credentials.NewStaticV4(bodyKey, bodySecret, ""), Secure: secure, Region: auth.DefaultRegion,
			Transport: sink.Client().Transport, TrailingHeaders: true, MaxRetries: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, o := range map[string]struct {
			minio.PutObjectOptions
			sums int
		}{
			"default":   {sums: 0},
			"md5":       {minio.PutObjectOptions{SendContentMd5: true}, 0},
			"no sha256": {minio.PutObjectOptions{DisableContentSha256: true}, 0},
			"crc32":     {minio.PutObjectOptions{Checksum: minio.ChecksumCRC32}, 1},
			"crc32c":    {minio.PutObjectOptions{Checksum: minio.ChecksumCRC32C}, 1},
			"crc64nvme": {minio.PutObjectOptions{Checksum: minio.ChecksumCRC64NVME}, 1},
			"sha1":      {minio.PutObjectOptions{Checksum: minio.ChecksumSHA1}, 1},
			"sha256":    {minio.PutObjectOptions{Checksum: minio.ChecksumSHA256}, 1},
		} {
			for _, size := range sdkSizes[1:] {
				data := bytes.Repeat([]byte("m"), size)
				_, err := client.PutObject(context.Background(), "bucket", "a key", bytes.NewReader(data), int64(size), o.PutObjectOptions)
				if err != nil {
					t.Fatalf("PutObject %s of %d bytes, https %v: %v (%v)", name, size, secure, err, sink.err)
				}
				sink.check(t, data, kinds, o.sums)
			}
		}
	}
	if !kinds[auth.SignedChunks] || !kinds[auth.SignedChunksTrailer] {
		t.Errorf("the client used the forms %v: is the test still good?", kinds)
	}
}
