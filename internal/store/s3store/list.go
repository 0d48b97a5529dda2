package s3store

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/minio/minio-go/v7"

	"aetherfs/internal/store"
)

// pageKeys is the most that S3 lists at once.
const pageKeys = 1000

// List implements store.Store. Names that no key can have are not its own and
// are left out.
func (s *Store) List(ctx context.Context, prefix, after string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		after := after
		for more := true; more; {
			var page []store.Info
			var err error
			if page, after, more, err = s.page(ctx, prefix, after); err != nil {
				yield(store.Info{}, fmt.Errorf("list %s: %w", prefix, err))
				return
			}
			for _, info := range page {
				if err := ctx.Err(); err != nil {
					yield(store.Info{}, fmt.Errorf("list %s: %w", prefix, err))
					return
				}
				if !yield(info, nil) {
					return
				}
			}
		}
	}
}

// page asks for the first objects under prefix behind after. It returns behind
// what to ask for the next, if there may be more.
func (s *Store) page(ctx context.Context, prefix, after string) (page []store.Info, last string, more bool, err error) {
	x := begin(ctx, s.o.Timeout, 0)
	defer x.end()
	x.listing = true
	o := minio.ListObjectsOptions{Prefix: s.name(prefix), Recursive: true, MaxKeys: pageKeys, FetchOwner: new(bool)}
	if after != "" {
		o.StartAfter = s.name(after)
	}
	last, seen := after, 0
	for object := range s.core.ListObjectsIter(x.ctx, s.o.Bucket, o) {
		if object.Err != nil {
			return nil, "", false, s.explain(x, store.Cond{}, object.Err)
		}
		key, ours := strings.CutPrefix(object.Key, s.name(""))
		if !ours || !strings.HasPrefix(key, prefix) || key <= last && (seen > 0 || after != "") {
			return nil, "", false, fmt.Errorf("answered %q behind %q: not in the order of S3", object.Key, s.name(last))
		}
		last = key
		if store.CheckKey(key) == nil {
			page = append(page, store.Info{Key: key, Size: object.Size, Modified: object.LastModified, Date: x.date})
		}
		if seen++; seen == pageKeys {
			return page, last, true, x.over()
		}
	}
	// An iterator whose time is up just ends.
	return page, last, false, x.over()
}
