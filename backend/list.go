package backend

import (
	"cmp"
	"context"
	"iter"
	"strings"

	"aetherfs/internal/manifest"
)

// List implements Reader.
func (b *Backend) List(ctx context.Context, dataset string, q Query) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		_, state, err := b.read(ctx, dataset)
		if err != nil {
			yield(Info{}, err)
			return
		}
		b.list(ctx, state, dataset, q)(yield)
	}
}

// list lists a state of a dataset.
func (b *Backend) list(ctx context.Context, state *manifest.State, dataset string, q Query) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		seek := func(from string) iter.Seq2[manifest.Keyed, error] { return state.Keys(ctx, from) }
		key := func(x manifest.Keyed) string { return manifest.KeyOf(x.Tag, x.Name) }
		walk(q, q.from(), seek, key, func(prefix string, x manifest.Keyed, err error) bool {
			if err = cmp.Or(explain(err), ctx.Err()); err != nil {
				yield(Info{}, err)
				return false
			}
			if prefix != "" {
				return yield(Info{Path: Path{Dataset: dataset}, Prefix: prefix}, nil)
			}
			return yield(info(Path{dataset, x.Tag, x.Name}, x.Entry), nil)
		})
	}
}

// from is the least key that q can select.
func (q Query) from() string {
	if q.After >= q.Prefix && q.After != "" {
		return q.After + "\x00"
	}
	return q.Prefix
}

// walk applies a query to values with keys. seek returns them in order,
// beginning with the first key that is not less than from. Keys that share a
// common prefix are skipped by seeking, not by reading them. An error of seek is
// emitted, and the end.
func walk[V any](q Query, from string, seek func(from string) iter.Seq2[V, error], keyOf func(V) string, emit func(prefix string, v V, err error) bool) {
	var none V
	for {
		again := false
		for v, err := range seek(from) {
			if err != nil {
				emit("", none, err)
				return
			}
			key := keyOf(v)
			if !strings.HasPrefix(key, q.Prefix) {
				return
			}
			prefix := q.commonPrefix(key)
			if prefix == "" {
				if !emit("", v, nil) {
					return
				}
				continue
			}
			if prefix > q.After && !emit(prefix, none, nil) {
				return
			}
			from, again = behind(prefix), true
			break
		}
		if !again || from == "" {
			return
		}
	}
}

// commonPrefix is the common prefix that key is rolled up into, or "".
func (q Query) commonPrefix(key string) string {
	if q.Delimiter == "" {
		return ""
	}
	before, _, ok := strings.Cut(key[len(q.Prefix):], q.Delimiter)
	if !ok {
		return ""
	}
	return key[:len(q.Prefix)+len(before)+len(q.Delimiter)]
}

// behind is the least string that is greater than every one that begins with
// prefix; "" if there is none.
func behind(prefix string) string {
	b := []byte(prefix)
	for len(b) > 0 {
		if b[len(b)-1] < 0xff {
			b[len(b)-1]++
			return string(b)
		}
		b = b[:len(b)-1]
	}
	return ""
}
