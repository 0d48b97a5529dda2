package main

import "context"

// A row is a kind of work, which each server is given once a round.
type row struct {
	name  string
	goals []goal
	each  bool // it is told in operations, instead of bytes
	fresh bool // the servers are of the round, because much is written
	spare kind // is not given this work, which would take it too long; empty is none

	prepare func(context.Context, *turn) error // before the clock starts
	work    func(context.Context, *turn) (amount, error)
	check   func(*turn) error // after the clock has stopped; nil is nothing
}

// to gives a row its goals.
func (r row) to(goals ...goal) row {
	r.goals = goals
	return r
}

// sparing keeps a row from a kind of server.
func (r row) sparing(k kind) row {
	r.spare = k
	return r
}

// putting is a row that puts a content. What it is a copy of is there before.
func putting(name string, c content, workers int, open opener) row {
	return row{
		name: name, fresh: true, each: c.size < 64<<10,
		prepare: func(ctx context.Context, t *turn) error {
			if c.of != "" {
				if err := t.ensure(ctx, bucket, c.original(), workers); err != nil {
					return err
				}
			}
			t.corpus.bodies(c, t.round)
			return nil
		},
		work: func(ctx context.Context, t *turn) (amount, error) {
			return amount{c.bytes(), c.count}, t.putAll(ctx, open(t.server), bucket, c, workers)
		},
	}
}

// getting is a row that gets the objects of a content so many times, which
// was got once before.
func getting(name string, c content, times, workers int, open opener) row {
	get := func(ctx context.Context, t *turn, m mover, times int) error {
		return each(ctx, workers, c.count*times, func(ctx context.Context, i int, buf []byte) error {
			key := c.key(i % c.count)
			body, err := m.get(ctx, key)
			if err != nil {
				return err
			}
			return check(body, buf, c.size, t.corpus.sums[key])
		})
	}
	return row{
		name: name, each: c.size < 64<<10,
		prepare: func(ctx context.Context, t *turn) error {
			if err := t.ensure(ctx, bucket, c, workers); err != nil {
				return err
			}
			return get(ctx, t, bySDK(t.server), 1)
		},
		work: func(ctx context.Context, t *turn) (amount, error) {
			return amount{c.bytes() * int64(times), c.count * times}, get(ctx, t, open(t.server), times)
		},
	}
}
