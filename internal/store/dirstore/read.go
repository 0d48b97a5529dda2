package dirstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"aetherfs/internal/store"
)

// Get implements store.Store. It reads the range and nothing else.
func (s *Store) Get(ctx context.Context, key string, r store.Range) ([]byte, store.Info, error) {
	if err := s.enterKey(ctx, key); err != nil {
		return nil, store.Info{}, fmt.Errorf("get %s: %w", key, err)
	}
	defer s.running.Done()
	data, stat, err := s.read(key, r)
	// Only now: what was found, or found missing, must be durable.
	if err := errors.Join(s.settled(key), err); err != nil {
		return nil, store.Info{Key: key, Date: s.now()}, fmt.Errorf("get %s: %w", key, err)
	}
	return data, s.info(key, stat), nil
}

// read returns the bytes of r in the file key.
func (s *Store) read(key string, r store.Range) ([]byte, fs.FileInfo, error) {
	f, err := s.disk.Open(key)
	if absent(err) {
		return nil, nil, store.ErrNotFound
	}
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }()
	stat, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !stat.Mode().IsRegular() {
		return nil, nil, store.ErrNotFound
	}
	off, n, err := r.Resolve(stat.Size())
	if err != nil {
		return nil, nil, err
	}
	data, err := r.Fill(n, func(p []byte, at int64) error {
		if read, err := f.ReadAt(p, off+at); read < len(p) {
			return errors.Join(io.ErrUnexpectedEOF, err)
		}
		return nil
	})
	return data, stat, err
}

func (s *Store) info(key string, stat fs.FileInfo) store.Info {
	return store.Info{Key: key, Size: stat.Size(), Modified: stat.ModTime(), Date: s.now()}
}
