package main

import (
	"context"
	"fmt"
	"hash/crc32"
	"math/rand/v2"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// loaders put what a row needs before its clock starts.
const loaders = 64

// ranged gets pieces of an object, each round elsewhere in it.
func ranged(name string, c content, pieces, size, workers int) row {
	var offs []int64
	var sums []uint32
	round := -1
	choose := func(t *turn) {
		object := t.corpus.bodies(c, 0)[0]
		rng := rand.New(rand.NewPCG(t.corpus.seed, uint64(t.round)))
		offs, sums, round = make([]int64, pieces), make([]uint32, pieces), t.round
		for i := range offs {
			offs[i] = rng.Int64N(int64(c.size - size))
			sums[i] = crc32.Checksum(object[offs[i]:][:size], castagnoli)
		}
	}
	return row{
		name: name, each: true,
		prepare: func(ctx context.Context, t *turn) error {
			if round != t.round {
				choose(t)
			}
			return t.ensure(ctx, bucket, c, 1)
		},
		work: func(ctx context.Context, t *turn) (amount, error) {
			m := newS3(t.server)
			return amount{int64(pieces * size), pieces}, each(ctx, workers, pieces, func(ctx context.Context, i int, buf []byte) error {
				body, err := m.getRange(ctx, c.key(0), offs[i], int64(size))
				if err != nil {
					return err
				}
				return check(body, buf, size, sums[i])
			})
		},
	}
}

// heading asks for the header of objects.
func heading(name string, c content, times, workers int) row {
	return row{
		name: name, each: true,
		prepare: func(ctx context.Context, t *turn) error { return t.ensure(ctx, bucket, c, loaders) },
		work: func(ctx context.Context, t *turn) (amount, error) {
			m := newS3(t.server)
			return amount{0, c.count * times}, each(ctx, workers, c.count*times, func(ctx context.Context, i int, _ []byte) error {
				size, err := m.head(ctx, c.key(i%c.count))
				if err == nil && size != int64(c.size) {
					err = fmt.Errorf("head %s: %d bytes, want %d", c.key(i), size, c.size)
				}
				return err
			})
		},
	}
}

// listing lists all keys of a bucket that holds c, page after page.
func listing(name string, c content) row {
	return row{
		name: name, each: true,
		prepare: func(ctx context.Context, t *turn) error { return t.ensure(ctx, listBucket, c, loaders) },
		work: func(ctx context.Context, t *turn) (amount, error) {
			keys, pages := 0, 0
			err := newS3(t.server).list(ctx, func(page []types.Object) {
				for _, object := range page {
					if object.Key != nil && *object.Key == c.key(keys) {
						keys++
					}
				}
				pages++
			})
			if err == nil && keys != c.count {
				err = fmt.Errorf("listed %d of %d keys", keys, c.count)
			}
			return amount{0, pages}, err
		},
	}
}

// deleting deletes the objects of a content that was put for it.
func deleting(name string, c content, workers int) row {
	return row{
		name: name, each: true, fresh: true,
		prepare: func(ctx context.Context, t *turn) error { return t.ensure(ctx, bucket, c, loaders) },
		work: func(ctx context.Context, t *turn) (amount, error) {
			m := newS3(t.server)
			return amount{0, c.count}, each(ctx, workers, c.count, func(ctx context.Context, i int, _ []byte) error {
				return m.remove(ctx, c.key(i))
			})
		},
	}
}
