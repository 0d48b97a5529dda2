// Package s3store is a store.Store in a bucket of any service that speaks S3.
//
//  1. Each call is one request, but for List, which is one for each page. It is
//     sent once: whether to ask again is for store.Retried, which knows what
//     may be repeated.
//  2. A Put carries the CRC-32C of its bytes, so that none is stored that was
//     changed on the way, and If-None-Match where it must not overwrite.
//  3. Redirects are not followed: a signed request goes where it was meant to.
//  4. Nothing that the store answers is taken for what was asked without a look:
//     the range of a Get, the order of a List, a 404's reason.
package s3store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"net/url"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/encrypt"

	"aetherfs/internal/store"
)

// Store is a bucket, or what lies under a prefix in it.
type Store struct {
	o         Options
	core      minio.Core
	transport *transport
	sse       encrypt.ServerSide // nil for what the bucket does by itself
	secure    bool
}

var _ store.Store = (*Store)(nil)

// Open makes a store of what Options say. It asks nothing yet: wrong keys and
// names are told by the first request.
func Open(o Options) (*Store, error) {
	o.defaults()
	endpoint, err := url.Parse(o.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("endpoint %s: %w", o.Endpoint, err)
	}
	s := &Store{o: o, secure: endpoint.Scheme == "https"}
	if s.sse, err = encryption(o); err != nil {
		return nil, err
	}
	if s.transport, err = newTransport(o); err != nil {
		return nil, err
	}
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds: signers(o), Secure: s.secure, Region: o.Region, BucketLookup: lookup(o.PathStyle),
		Transport:  witness{s.transport},
		MaxRetries: 1, // a repeated Put could answer 412 to its own success
	})
	if err != nil {
		return nil, fmt.Errorf("endpoint %s: %w", o.Endpoint, err)
	}
	client.SetAppInfo("aetherfs", "1")
	s.core = minio.Core{Client: client}
	return s, nil
}

func lookup(pathStyle string) minio.BucketLookupType {
	switch pathStyle {
	case "true":
		return minio.BucketLookupPath
	case "false":
		return minio.BucketLookupDNS
	}
	return minio.BucketLookupAuto
}

func encryption(o Options) (encrypt.ServerSide, error) {
	switch o.SSE {
	case "":
		return nil, nil
	case "AES256":
		return encrypt.NewSSE(), nil
	}
	return encrypt.NewSSEKMS(o.SSEKey, nil)
}

// Close closes the connections that are not in use.
func (s *Store) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}

// name is what the bucket calls key.
func (s *Store) name(key string) string {
	if s.o.Prefix == "" {
		return key
	}
	return s.o.Prefix + "/" + key
}

// start checks what no request is needed for.
func start(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return store.CheckKey(key)
}

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, key string, data []byte, c store.Cond) (store.Info, error) {
	if err := start(ctx, key); err != nil {
		return store.Info{}, fmt.Errorf("put %s: %w", key, err)
	}
	x := begin(ctx, s.o.Timeout, int64(len(data)))
	defer x.end()
	o := minio.PutObjectOptions{
		StorageClass: s.o.StorageClass, ServerSideEncryption: s.sse,
		UserMetadata:         map[string]string{"x-amz-checksum-crc32c": checksum(data)},
		DisableContentSha256: true, // of chunks; that of the whole is given where it is needed
	}
	if c.IfAbsent {
		o.SetMatchETagExcept("*")
	}
	stored, err := s.core.PutObject(x.ctx, s.o.Bucket, s.name(key), bytes.NewReader(data), int64(len(data)), "", s.digest(data), o)
	info := store.Info{Key: key, Date: x.date}
	if err != nil {
		return info, fmt.Errorf("put %s: %w", key, s.explain(x, c, err))
	}
	if stored.ETag == "" {
		return info, fmt.Errorf("put %s: answered %d without an ETag: by no S3 server", key, x.status)
	}
	info.Size, info.Modified = int64(len(data)), x.date
	return info, nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(data []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.Checksum(data, castagnoli)))
}

// digest is what the signature covers: the body's digest where others could
// change it on its way, and nothing under TLS.
func (s *Store) digest(data []byte) string {
	if s.secure {
		return ""
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := start(ctx, key); err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	x := begin(ctx, s.o.Timeout, 0)
	defer x.end()
	err := s.core.RemoveObject(x.ctx, s.o.Bucket, s.name(key), minio.RemoveObjectOptions{})
	if err == nil || x.status/100 == 2 { // minio-go takes 204 alone for success
		return nil
	}
	if err = s.explain(x, store.Cond{}, err); errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return fmt.Errorf("delete %s: %w", key, err)
}
