package nfs

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"aetherfs/backend"
)

const (
	// openFiles is how many stay open: an old version can be read to its end
	// while others are opened.
	openFiles = 1024

	// maxStreams bounds the files that are read ahead at a time; others are
	// read as asked.
	maxStreams = 128

	// streamIdle is how long reading ahead waits for a client.
	streamIdle = 5 * time.Second
)

// openFile is a version of a file that was read lately. It may be used by many
// goroutines.
type openFile struct {
	file    *backend.File
	node    backend.Node
	streams *atomic.Int32 // of all files

	mu     sync.Mutex
	next   int64       // where the last read ended, -1 before the first; guarded by mu
	stream *stream     // that waits; nil while it is read, too; guarded by mu
	idle   *time.Timer // of stream; guarded by mu
	closed bool        // guarded by mu
}

// stream is a sequential read that goes ahead of the client.
type stream struct {
	at   int64
	body io.ReadCloser
}

// readAt reads len(p) bytes, which the file has, from off.
func (o *openFile) readAt(p []byte, off int64) error {
	s := o.take(off, int64(len(p)))
	if s == nil {
		_, err := o.file.ReadAt(p, off)
		if err == io.EOF { //nolint:errorlint // readers return io.EOF bare
			return nil
		}
		return err
	}
	n, err := io.ReadFull(s.body, p)
	s.at += int64(n)
	if err != nil || s.at == o.file.Info.Size {
		o.end(s)
		return err
	}
	o.put(s)
	return nil
}

// take notes a read of n bytes from off, and returns the stream that has them
// next: nil if it is not worth one. A file is read ahead from the second read
// on that begins where the one before ended.
func (o *openFile) take(off, n int64) *stream {
	o.mu.Lock()
	defer o.mu.Unlock()
	sequential := off == o.next
	o.next = off + n
	s := o.stream
	switch {
	case s != nil && s.at == off:
		o.stream = nil
		o.idle.Stop()
		return s
	case !sequential || o.closed || n == 0 || o.next == o.file.Info.Size:
		return nil
	case o.streams.Add(1) > maxStreams:
		o.streams.Add(-1)
		return nil
	}
	return &stream{at: off, body: o.file.Stream(off, o.file.Info.Size-off)}
}

// put keeps a stream for the next read. Of two that were read at a time, it
// is the later.
func (o *openFile) put(s *stream) {
	o.mu.Lock()
	old := s
	if !o.closed {
		old, o.stream = o.stream, s
		if o.idle == nil {
			o.idle = time.AfterFunc(streamIdle, o.rest)
		} else {
			o.idle.Reset(streamIdle)
		}
	}
	o.mu.Unlock()
	o.end(old)
}

// rest ends the stream that waits, if there is one.
func (o *openFile) rest() {
	o.mu.Lock()
	s := o.stream
	o.stream = nil
	o.mu.Unlock()
	o.end(s)
}

func (o *openFile) end(s *stream) {
	if s != nil {
		_ = s.body.Close() // it was only read
		o.streams.Add(-1)
	}
}

// close ends reading ahead, for good.
func (o *openFile) close() {
	o.mu.Lock()
	o.closed = true
	if o.idle != nil {
		o.idle.Stop()
	}
	o.mu.Unlock()
	o.rest()
}

// open returns the version of a file that a handle names: errStale if it is no
// longer there and not open either.
func (v *view) open(ctx context.Context, h handle) (*openFile, error) {
	if h.kind != file {
		return nil, errIsDir
	}
	if o, ok := v.files.get(h); ok {
		return o, nil
	}
	name, err := v.finder.name(ctx, h)
	if err != nil {
		return nil, err
	}
	dataset, key := backend.SplitName(name)
	path, err := backend.ParsePath(dataset, key)
	if err != nil {
		return nil, errStale
	}
	f, err := v.tree.Open(v.life, path)
	if err != nil {
		return nil, stale(err)
	}
	n := backend.Node{Name: name, Info: f.Info}
	if handleOf(n) != h {
		return nil, errStale
	}
	return v.files.put(h, &openFile{file: f, node: n, streams: &v.streams, next: -1}), nil
}
