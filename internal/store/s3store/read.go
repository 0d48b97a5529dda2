package s3store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"

	"github.com/minio/minio-go/v7"

	"aetherfs/internal/store"
)

// maxReply bounds what is allocated because a reply says so: four times the
// largest block (docs/format.md).
const maxReply = 1 << 30 // bytes

// Get implements store.Store. Of a range that counts from the end and has a
// length, the store sends the rest of the object too; it is not read.
func (s *Store) Get(ctx context.Context, key string, r store.Range) ([]byte, store.Info, error) {
	if err := start(ctx, key); err != nil {
		return nil, store.Info{}, fmt.Errorf("get %s: %w", key, err)
	}
	x := begin(ctx, s.o.Timeout, 0)
	defer x.end()
	data, info, err := s.get(x, key, r)
	info.Key, info.Date = key, x.date
	if err != nil {
		return nil, info, fmt.Errorf("get %s: %w", key, err)
	}
	return data, info, nil
}

func (s *Store) get(x *exchange, key string, r store.Range) ([]byte, store.Info, error) {
	var o minio.GetObjectOptions
	if !r.Whole() {
		o.Set("Range", header(r))
	}
	body, stat, head, err := s.core.GetObject(x.ctx, s.o.Bucket, s.name(key), o)
	if err != nil {
		err = s.explain(x, store.Cond{}, err)
		if errors.Is(err, store.ErrRange) && r.Off <= 0 && r.Into.Len() == 0 {
			err = nil // S3 has no range of an empty object, not even its end
		}
		return []byte{}, store.Info{}, err
	}
	defer func() { _ = body.Close() }()
	n, size, err := extent(x.status, head, stat.Size, r)
	if err != nil {
		return nil, store.Info{}, err
	}
	x.receive(n)
	data, err := r.Fill(n, func(p []byte, _ int64) error {
		if _, err := io.ReadFull(body, p); err != nil {
			return fmt.Errorf("read %d bytes: %w", n, x.own(errors.Join(x.over(), unexpected(err))))
		}
		return nil
	})
	return data, store.Info{Size: size, Modified: stat.LastModified}, err
}

// header writes r as a Range.
func header(r store.Range) string {
	switch {
	case r.Off < 0:
		return "bytes=" + strconv.FormatInt(r.Off, 10)
	case r.Len <= 0 || r.Off > math.MaxInt64-r.Len:
		return fmt.Sprintf("bytes=%d-", r.Off)
	}
	return fmt.Sprintf("bytes=%d-%d", r.Off, r.Off+r.Len-1)
}

// extent returns how many bytes of a reply to read and the size of the object,
// if the reply is of the range r.
func extent(status int, head http.Header, length int64, r store.Range) (n, size int64, err error) {
	if length < 0 {
		return 0, 0, errors.New("answered bytes without saying how many")
	}
	first, last := int64(0), length-1
	size = length
	if status == http.StatusPartialContent {
		if _, err := fmt.Sscanf(head.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &size); err != nil {
			return 0, 0, fmt.Errorf("answered 206 with the range %q", head.Get("Content-Range"))
		}
	}
	off, n, err := r.Resolve(size)
	if err != nil && status != http.StatusPartialContent {
		return 0, 0, err
	}
	end := off + n - 1
	if r.Off < 0 {
		end = size - 1 // what was asked for
	}
	if err != nil || size < 0 || first != off || last != end || length != end-off+1 {
		return 0, 0, fmt.Errorf("answered %d bytes from %d on, of %d, to %q", length, first, size, header(r))
	}
	if n > maxReply {
		return 0, 0, fmt.Errorf("answered %d bytes, at most %d are read", n, maxReply)
	}
	return n, size, nil
}

// unexpected is err of a body that ended too early.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
