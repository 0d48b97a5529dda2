package journal

import (
	"context"
	"errors"
	"fmt"
)

// maxReplays bounds how often Open begins again because a checkpoint has
// overtaken it. Each time it has come further, so that only a store that folds
// faster than it can be read ends it.
const maxReplays = 20

// errOvertaken: a checkpoint that is ahead was taken, so what was listed
// before says nothing any more.
var errOvertaken = errors.New("overtaken by newer checkpoints")

// replay starts from the newest checkpoint and applies every segment that the
// store lists behind it.
func (l *Log) replay(ctx context.Context) error {
	if err := l.take(ctx); err != nil {
		return err
	}
	defer l.yield()
	if _, err := l.reload(ctx); err != nil {
		return err
	}
	var err error
	for range maxReplays {
		id, begun := l.begin()
		if err = l.replayListed(ctx); err == nil {
			l.succeed(id, begun)
		}
		if !errors.Is(err, errOvertaken) {
			return err
		}
	}
	return fmt.Errorf("open %s: %w", l.o.Prefix, err)
}

// replayListed applies every segment behind the state that the store lists. A
// listing that is made while others write may show a slot and miss one before
// it, so what stands at the slots between is read like the rest.
func (l *Log) replayListed(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var ahead []<-chan looked
	next := l.at.N + 1
	for info, err := range l.st.List(ctx, l.o.Prefix, SlotKey(l.o.Prefix, l.at.N)) {
		if err != nil {
			return fmt.Errorf("list %s: %w", l.o.Prefix, err)
		}
		n, err := slotOf(l.o.Prefix, info.Key)
		if err != nil {
			return l.overtaken(ctx, err)
		}
		for ; next <= n; next++ {
			if len(ahead) == readAhead {
				if err := l.replayOne(ctx, <-ahead[0]); err != nil {
					return err
				}
				ahead = ahead[1:]
			}
			ahead = append(ahead, l.fetch(ctx, &l.done, next))
		}
	}
	for _, c := range ahead {
		if err := l.replayOne(ctx, <-c); err != nil {
			return err
		}
	}
	return nil
}

// replayOne applies the segment of a slot that was listed.
func (l *Log) replayOne(ctx context.Context, f looked) error {
	if f.err != nil {
		return f.err
	}
	how, _, err := l.meet(ctx, f.found)
	switch {
	case err != nil:
		return err
	case how == stayed:
		return l.overtaken(ctx, fmt.Errorf("slot %d holds nothing, though it or a later one is listed", f.n))
	case how == jumped:
		return errOvertaken
	}
	return nil
}

// overtaken is explain while a log is opened: errOvertaken, or an error that
// ends that.
func (l *Log) overtaken(ctx context.Context, damage error) error {
	if err := l.explain(ctx, damage); err != nil {
		return err
	}
	return errOvertaken
}
