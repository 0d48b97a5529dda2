package dirstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"time"

	"aetherfs/internal/store"
)

// Put implements store.Store. Once it has begun it does not heed ctx.
func (s *Store) Put(ctx context.Context, key string, data []byte, c store.Cond) (store.Info, error) {
	info, err := s.put(ctx, key, data, c)
	if err != nil {
		return store.Info{Key: key, Date: s.now()}, fmt.Errorf("put %s: %w", key, err)
	}
	return info, nil
}

func (s *Store) put(ctx context.Context, key string, data []byte, c store.Cond) (store.Info, error) {
	if err := s.enterWrite(ctx, key); err != nil {
		return store.Info{}, err
	}
	defer s.running.Done()
	if err := s.folders.make(path.Dir(key)); err != nil {
		return store.Info{}, full(err)
	}
	temp, modified, err := s.writeTemp(data)
	if err != nil {
		return store.Info{}, err
	}
	name := s.disk.Rename
	if c.IfAbsent {
		name = s.link
	}
	if err := s.change(key, func() error { return name(temp, key) }); err != nil {
		_ = s.disk.Remove(temp) // or Open removes it
		return store.Info{}, full(err)
	}
	return store.Info{Key: key, Size: int64(len(data)), Modified: modified, Date: s.now()}, nil
}

// writeTemp writes data durably to a file without an object's name. Its errors
// mean that nothing was written.
func (s *Store) writeTemp(data []byte) (name string, modified time.Time, err error) {
	name = path.Join(tempFolder, strconv.FormatUint(s.temps.Add(1), 10))
	f, err := s.disk.Create(name)
	if err != nil {
		return "", time.Time{}, full(err)
	}
	modified, err = s.fill(f, data)
	_ = f.Close() // nothing hangs on it after a sync
	if err != nil {
		_ = s.disk.Remove(name)
		return "", time.Time{}, err
	}
	return name, modified, nil
}

func (s *Store) fill(f File, data []byte) (modified time.Time, err error) {
	if _, err := f.Write(data); err != nil {
		return time.Time{}, full(err)
	}
	if err := f.Sync(); err != nil {
		s.poison.set(err)
		return time.Time{}, s.poison.check()
	}
	info, err := f.Stat()
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// link gives a temporary file the name of an object, if that is free.
func (s *Store) link(temp, key string) error {
	if err := s.disk.Link(temp, key); errors.Is(err, fs.ErrExist) {
		return store.ErrExists
	} else if err != nil {
		return err
	}
	_ = s.disk.Remove(temp) // or Open removes it
	return nil
}

// Delete implements store.Store. Once it has begun it does not heed ctx.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := s.delete(ctx, key); err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

func (s *Store) delete(ctx context.Context, key string) error {
	if err := s.enterWrite(ctx, key); err != nil {
		return err
	}
	defer s.running.Done()
	err := s.change(key, func() error { return s.disk.Remove(key) })
	if absent(err) {
		return nil
	}
	return err
}

// enterWrite is enterKey for a request that changes something.
func (s *Store) enterWrite(ctx context.Context, key string) error {
	if err := s.poison.check(); err != nil {
		return err
	}
	return s.enterKey(ctx, key)
}

// change does what it is given to the name key, and makes what is there then
// durable, whoever did it. If that fails nobody is told what is there: the key
// stays among the changes, so that its readers ask for a sync and fail too.
func (s *Store) change(key string, do func() error) error {
	s.changes.begin(key)
	did := do()
	if err := s.folders.sync(path.Dir(key)); err != nil {
		// Not wrapped: store.ErrPoisoned would say that nothing was done.
		return fmt.Errorf("outcome unknown: %s", err.Error())
	}
	s.changes.end(key)
	return did
}

// settled makes what is under key durable if a change to it is under way.
func (s *Store) settled(key string) error {
	if !s.changes.running(key) {
		return nil
	}
	return s.folders.sync(path.Dir(key))
}
