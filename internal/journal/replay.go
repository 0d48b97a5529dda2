package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// readAhead is how many segments are fetched at once while a log is replayed.
const readAhead = 8

// replay applies every segment after l.n that the store lists.
func (l *Log) replay(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var ahead []chan fetched
	next := l.n + 1
	for info, err := range l.st.List(ctx, l.o.Prefix, SlotKey(l.o.Prefix, l.n)) {
		if err != nil {
			return fmt.Errorf("list %s: %w", l.o.Prefix, err)
		}
		n, err := strconv.ParseUint(strings.TrimPrefix(info.Key, l.o.Prefix), 16, 64)
		if err != nil || n != next {
			return l.breakdown(fmt.Errorf("%s stands where slot %d was due", info.Key, next))
		}
		if len(ahead) == readAhead {
			if err := l.take(&ahead); err != nil {
				return err
			}
		}
		ahead = append(ahead, l.fetch(ctx, n))
		next++
	}
	for len(ahead) > 0 {
		if err := l.take(&ahead); err != nil {
			return err
		}
	}
	return nil
}

type fetched struct {
	s   *Segment
	err error
}

func (l *Log) fetch(ctx context.Context, n uint64) chan fetched {
	c := make(chan fetched, 1)
	l.done.Go(func() {
		s, err := l.read(ctx, n)
		c <- fetched{s, err}
	})
	return c
}

func (l *Log) take(ahead *[]chan fetched) error {
	f := <-(*ahead)[0]
	*ahead = (*ahead)[1:]
	switch {
	case errors.Is(f.err, ErrFormat):
		return l.breakdown(f.err)
	case f.err != nil:
		return f.err
	}
	_, err := l.advance(f.s)
	return err
}
