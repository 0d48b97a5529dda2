package nfs

import (
	"context"

	gonfs "github.com/willscott/go-nfs"

	"aetherfs/backend"
)

// A store does not tell how much room it has, and nothing can be written here:
// programs that look first whether all fits see plenty.
const (
	totalBytes = 1 << 50
	totalFiles = 1 << 40
)

// fsstat: handle → attributes, bytes and files: in all, free, free for the one
// who asks; for how long that is good.
func (v *view) fsstat(_ context.Context, d *fields) (encoder, error) {
	if _, err := v.handle(d); err != nil {
		return nil, err
	}
	e := succeeded()
	e.noAttributes()
	for _, n := range []uint64{totalBytes, totalFiles} {
		for range 3 {
			e.uint64(n)
		}
	}
	e.uint32(0)
	return e, nil
}

const (
	blockBytes = 4096      // that reads had best be a multiple of
	pageBytes  = 128 << 10 // that a listing had best ask for: some 700 names
)

// fsinfo: handle → attributes, sizes of requests, the largest file, how exact
// times are, properties.
func (v *view) fsinfo(_ context.Context, d *fields) (encoder, error) {
	if _, err := v.handle(d); err != nil {
		return nil, err
	}
	e := succeeded()
	e.noAttributes()
	for range []string{"read", "write"} {
		e.uint32(maxCountBytes) // the most
		e.uint32(maxCountBytes) // what is best
		e.uint32(blockBytes)
	}
	e.uint32(pageBytes)
	e.uint64(backend.MaxFileBytes)
	e.uint32(0) // seconds
	e.uint32(1) // nanoseconds
	e.uint32(gonfs.FSInfoPropertyHomogeneous)
	return e, nil
}

// pathconf: handle → attributes, the most links, the longest name, whether
// longer ones are refused, owners are fixed, case is ignored, case is kept.
func (v *view) pathconf(_ context.Context, d *fields) (encoder, error) {
	if _, err := v.handle(d); err != nil {
		return nil, err
	}
	e := succeeded()
	e.noAttributes()
	e.uint32(1)
	e.uint32(backend.MaxSegmentBytes)
	for _, yes := range []bool{true, true, false, true} {
		e.bool(yes)
	}
	return e, nil
}
