package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"aetherfs/internal/store"
)

// listAfterWrite: a list shows what was written before it, and nothing that was
// deleted.
func (p *prober) listAfterWrite(ctx context.Context) (string, error) {
	rounds := 10
	if p.o.Quick {
		rounds = 1
	}
	prefix := p.prefix + "listed/"
	for round := range rounds {
		key := fmt.Sprintf("%s%d", prefix, round)
		if _, err := p.s.Put(ctx, key, []byte(key), store.Cond{}); err != nil {
			return "", err
		}
		if err := p.lists(ctx, prefix, "", []string{key}); err != nil {
			return "", err
		}
		if err := p.s.Delete(ctx, key); err != nil {
			return "", err
		}
		if err := p.lists(ctx, prefix, "", nil); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d of %d lists were up to date", 2*rounds, 2*rounds), nil
}

// listOrder: a list is in byte order and begins where it is asked to.
func (p *prober) listOrder(ctx context.Context) (string, error) {
	prefix := p.prefix + "order/"
	var keys []string
	for _, name := range []string{"b", "a/c", "a-/x", "a0", "a/b-", "a.b", "aa", "a-b", "a/b/c", "0"} {
		keys = append(keys, prefix+name)
		if _, err := p.s.Put(ctx, prefix+name, []byte(name), store.Cond{}); err != nil {
			return "", err
		}
	}
	slices.Sort(keys)
	if err := p.lists(ctx, prefix, "", keys); err != nil {
		return "", err
	}
	for i, after := range keys {
		if err := p.lists(ctx, prefix, after, keys[i+1:]); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d lists were in order", 1+len(keys)), nil
}

func (p *prober) lists(ctx context.Context, prefix, after string, want []string) error {
	got, err := p.list(ctx, prefix, after)
	if err != nil {
		return err
	}
	if !slices.Equal(got, want) {
		return brokenf("a list has %q, want %q", short(p.prefix, got), short(p.prefix, want))
	}
	return nil
}

// short cuts the prefix of all keys off.
func short(prefix string, keys []string) []string {
	names := []string{}
	for _, key := range keys {
		names = append(names, key[min(len(prefix), len(key)):])
	}
	return names
}

// readRanges: a range is the bytes that were asked for.
func (p *prober) readRanges(ctx context.Context) (string, error) {
	const size = 100_000
	data, err := p.noise(size)
	if err != nil {
		return "", err
	}
	key := p.prefix + "ranges"
	if _, err := p.s.Put(ctx, key, data, store.Cond{}); err != nil {
		return "", err
	}
	ranges := []store.Range{
		{}, {Len: 1}, {Len: size / 2}, {Off: 1}, {Off: size - 1}, {Off: size / 3, Len: size / 3}, {Off: size / 2, Len: size},
		{Off: -1}, {Off: -8}, {Off: -size / 2}, {Off: -2 * size},
	}
	for _, r := range ranges {
		off, n, err := r.Resolve(size)
		if err != nil {
			return "", err
		}
		got, info, err := p.s.Get(ctx, key, r)
		if err != nil {
			if err := p.holds(ctx, key, data); err != nil {
				return "", err // it is not about ranges
			}
			return "", brokenf("the range %+v of %d bytes: %v", r, size, err)
		}
		if !bytes.Equal(got, data[off:off+n]) || info.Size != size {
			return "", brokenf("the range %+v of %d bytes is not those bytes", r, size)
		}
	}
	if _, _, err := p.s.Get(ctx, key, store.Range{Off: size, Len: 1}); !errors.Is(err, store.ErrRange) {
		return "", brokenf("a range beyond the end is answered with %v", err)
	}
	return fmt.Sprintf("%d ranges were right", 1+len(ranges)), nil
}

// date: the store's clock stands in each answer that a writer builds on. It
// comes after the checks that have such answers.
func (p *prober) date(ctx context.Context) (string, error) {
	if err := p.absent(ctx, p.prefix+"never"); err != nil {
		return "", err
	}
	for _, date := range p.dates {
		if date.IsZero() {
			return "", broken("an answer has no Date")
		}
	}
	return fmt.Sprintf("%d answers have a Date", len(p.dates)), nil
}

// maxSkew is what S3 allows the time of a signature to differ.
const maxSkew = 15 * time.Minute

// skew: the clocks here and there are about the same. It comes right after date.
func (p *prober) skew(context.Context) (string, error) {
	apart := p.o.Now().Sub(p.dates[len(p.dates)-1]).Abs().Round(time.Second)
	if apart > maxSkew {
		return "", brokenf("they differ by %v", apart)
	}
	return fmt.Sprintf("they differ by %v", apart), nil
}
