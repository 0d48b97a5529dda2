package s3api_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"aetherfs/backend"
	"aetherfs/internal/auth"
	"aetherfs/s3api"
)

// strict is a tree that stops every body once something of it came, as if others
// had waited for memory long enough.
type strict struct{ backend.Tree }

func (s strict) Begin(ctx context.Context, dataset string) (backend.Tx, error) {
	tx, err := s.Tree.Begin(ctx, dataset)
	return strictTx{tx}, err
}

func (s strict) PutPart(ctx context.Context, p backend.Path, id string, number int, r io.Reader, o backend.PutOptions) (backend.Part, error) {
	return s.Tree.PutPart(ctx, p, id, number, &stopping{r, o.Stop}, o)
}

type strictTx struct{ backend.Tx }

func (s strictTx) Put(ctx context.Context, p backend.Path, r io.Reader, o backend.PutOptions) error {
	return s.Tx.Put(ctx, p, &stopping{r, o.Stop}, o)
}

// stopping is a body that is stopped while it waits for more.
type stopping struct {
	io.Reader
	stop func()
}

func (s *stopping) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if n > 0 {
		go s.stop()
	}
	return n, err
}

// A client that is too slow for those who wait is told so, in the words at which
// clients try again, and nothing of what it sent is stored.
func TestSlowUploads(t *testing.T) {
	for name, secure := range map[string]bool{"http": false, "https": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, secure, nil)
			strictly := newWorld(t, secure, func(o *s3api.Options) {
				o.Tree = func(who auth.Identity) backend.Tree { return strict{backend.Guarded(w.tree, who)} }
			})
			up, err := w.client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String("bucket"), Key: aws.String("parts")})
			if err != nil {
				t.Fatal(err)
			}
			for _, target := range []string{"/bucket/v1/slow", "/bucket/parts?partNumber=1&uploadId=" + *up.UploadId} {
				body, client := io.Pipe()
				r := strictly.request(t, http.MethodPut, target, body, "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
				r.ContentLength = 10 << 20
				go func() { _, _ = client.Write(make([]byte, 10)) }()
				a := strictly.send(t, r)
				client.Close()
				if a.status != http.StatusBadRequest || a.code(t) != "RequestTimeout" {
					t.Errorf("PUT %s = %d %s, want %d RequestTimeout", target, a.status, a.body, http.StatusBadRequest)
				}
			}
			if keys := w.keys(t); len(keys) > 0 {
				t.Errorf("%q are stored", keys)
			}
		})
	}
}
