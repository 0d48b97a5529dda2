package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"aetherfs/internal/store"
)

// createTwice: the second create of a name is refused, and changes nothing.
func (p *prober) createTwice(ctx context.Context) (string, error) {
	key, got, err := p.creates(ctx, func(try int) string { return p.prefix + "twice-" + strconv.Itoa(try) }, []byte("first"))
	switch {
	case err != nil:
		p.readOnly = errors.Is(err, store.ErrDenied) || store.Refused(err)
		return "", err
	case got == existed && p.holds(ctx, key, []byte("first")) != nil: // else something between repeated the request
		return "", broken("a new name is said to exist")
	}
	_, got, err = p.creates(ctx, func(int) string { return key }, []byte("second"))
	if err != nil {
		return "", err
	}
	if got == created {
		return "", broken("the second was written over the first")
	}
	return "the second was refused", p.holds(ctx, key, []byte("first"))
}

// createAtOnce: of racing creates of one name exactly one wins.
func (p *prober) createAtOnce(ctx context.Context) (string, error) {
	racers, rounds := inFlight, 20
	if p.o.Quick {
		racers, rounds = 8, 1
	}
	for round := range rounds {
		if err := p.race(ctx, p.prefix+"race-"+strconv.Itoa(round), racers); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("one of %d won, %d times", racers, rounds), nil
}

func (p *prober) race(ctx context.Context, key string, racers int) error {
	got, errs := make([]outcome, racers), make([]error, racers)
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() { got[i], errs[i] = p.create(ctx, key, []byte(strconv.Itoa(i))) })
	}
	all.Wait()
	won := -1
	for i := range got {
		if got[i] == refused {
			return errs[i]
		}
		if got[i] != created {
			continue
		}
		if won >= 0 {
			return brokenf("several of %d won", racers)
		}
		won = i
	}
	data, _, err := p.s.Get(ctx, key, store.Range{})
	if errors.Is(err, store.ErrNotFound) && !slices.Contains(got, existed) && won < 0 {
		return fmt.Errorf("none of %d creates has a known outcome, as of the first: %w", racers, errs[0])
	}
	if errors.Is(err, store.ErrNotFound) {
		return broken("what was written is not there")
	}
	if err != nil {
		return err
	}
	i, err := strconv.Atoi(string(data))
	if err != nil || i >= racers || won >= 0 && i != won {
		return brokenf("one of %d won, and another's bytes are there", racers)
	}
	return nil
}

// readAfterMiss: an object that was looked for too early is there once it was
// written.
func (p *prober) readAfterMiss(ctx context.Context) (string, error) {
	const rounds = 10
	for round := range rounds {
		key := fmt.Sprintf("%smiss-%d", p.prefix, round)
		if err := p.absent(ctx, key); err != nil {
			return "", err
		}
		data := []byte(key)
		if _, err := p.s.Put(ctx, key, data, store.Cond{}); err != nil {
			return "", err
		}
		if err := p.holds(ctx, key, data); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d of %d were there", rounds, rounds), nil
}

// abandonBytes take a store long enough to be interrupted.
const abandonBytes = 8 << 20

// abandon: an upload that is cut off leaves the whole object or none.
func (p *prober) abandon(ctx context.Context) (string, error) {
	data, err := p.noise(abandonBytes)
	if err != nil {
		return "", err
	}
	start := time.Now()
	if _, err := p.s.Put(ctx, p.prefix+"whole", data, store.Cond{}); err != nil {
		return "", err
	}
	whole := time.Since(start)
	cut := 0
	p.cut = true
	for eighth := range time.Duration(8) {
		key := fmt.Sprintf("%sabandoned-%d", p.prefix, eighth)
		brief, cancel := context.WithTimeout(ctx, whole*eighth/8)
		_, err := p.s.Put(brief, key, data, store.Cond{IfAbsent: true})
		cancel()
		exists := errors.Is(err, store.ErrExists)
		if err != nil && !exists {
			cut++
		}
		got, _, err := p.s.Get(ctx, key, store.Range{})
		switch {
		case exists && errors.Is(err, store.ErrNotFound):
			return "", broken("a new name is said to exist")
		case err == nil && len(got) != len(data):
			return "", brokenf("%d of %d bytes are there", len(got), len(data))
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return "", err
		}
	}
	return fmt.Sprintf("%d of 8 were cut off, and none left a part", cut), nil
}
