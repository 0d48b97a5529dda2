package backend

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"aetherfs/internal/checksum"
	"aetherfs/internal/manifest"
)

// Complete implements Uploads.
func (b *Backend) Complete(ctx context.Context, p Path, id string, parts []CompletePart, o CompleteOptions) (Info, error) {
	i, err := b.complete(ctx, p, id, parts, o)
	if errors.Is(err, ErrNoUpload) { // an earlier attempt may have ended it
		f, failed := b.whole(ctx, p)
		switch {
		case errors.Is(failed, ErrNotFound), errors.Is(failed, ErrNoDataset):
		case failed != nil: // so it is not known
			return Info{}, failed
		case !f.e.Upload.IsZero() && f.e.Upload.String() == id:
			return info(p, f.e), nil
		}
	}
	return i, err
}

func (b *Backend) complete(ctx context.Context, p Path, id string, parts []CompletePart, o CompleteOptions) (Info, error) {
	d, u, err := b.openUpload(ctx, p, id)
	if err != nil {
		return Info{}, err
	}
	r := &manifest.Complete{Tag: p.Tag, Name: p.Name, Upload: u.ID, Cond: o.Cond}
	if r.Parts, r.Checksums, err = checkParts(ctx, u, parts, o); err != nil {
		return Info{}, fmt.Errorf("complete upload of %s: %w", p, err)
	}
	results, err := d.Commit(ctx, nil, r)
	if err != nil {
		return Info{}, fmt.Errorf("complete upload of %s: %w", p, explain(err))
	}
	return info(p, results[0].Entry), nil
}

// checkParts checks what a client says of its parts against what is there, and
// computes the checksums of the whole file. Replay checks the parts again.
func checkParts(ctx context.Context, u *manifest.OpenUpload, parts []CompletePart, o CompleteOptions) ([]manifest.PartRef, []Checksum, error) {
	if len(parts) == 0 || len(parts) > MaxParts {
		return nil, nil, fmt.Errorf("%d parts, not 1 to %d: %w", len(parts), MaxParts, ErrInvalidPart)
	}
	refs := make([]manifest.PartRef, len(parts))
	have := make([]Part, len(parts))
	var size int64
	for i, want := range parts {
		if i > 0 && want.Number <= parts[i-1].Number {
			return nil, nil, fmt.Errorf("part %d after part %d: %w", want.Number, parts[i-1].Number, ErrPartOrder)
		}
		part, ok, err := u.Part(ctx, want.Number)
		switch {
		case err != nil:
			return nil, nil, explain(err)
		case !ok || part.ETag != want.ETag:
			return nil, nil, fmt.Errorf("part %d with ETag %q: %w", want.Number, want.ETag, ErrInvalidPart)
		case want.Checksum != nil && !holds(part.Checksums, *want.Checksum):
			return nil, nil, fmt.Errorf("part %d: its checksum is another: %w", want.Number, ErrInvalidPart)
		}
		have[i], refs[i] = part, manifest.PartRef{Number: part.Number, ETag: part.ETag}
		size += part.Size
	}
	for _, part := range have[:len(have)-1] {
		if part.Size < MinPartBytes {
			return nil, nil, fmt.Errorf("part %d of %d bytes, the least is %d: %w", part.Number, part.Size, MinPartBytes, ErrPartTooSmall)
		}
	}
	if o.HasSize && o.Size != size {
		return nil, nil, fmt.Errorf("%d bytes, announced were %d: %w", size, o.Size, ErrBadDigest)
	}
	sums, err := wholeChecksums(u, have)
	if err != nil {
		return nil, nil, err
	}
	if o.Checksum != nil && !holds(sums, *o.Checksum) {
		return nil, nil, fmt.Errorf("checksum of the whole file: %w", ErrBadDigest)
	}
	return refs, sums, nil
}

// wholeChecksums computes the checksum of a file from those of its parts, if
// its upload asked for one.
func wholeChecksums(u *manifest.OpenUpload, parts []Part) ([]Checksum, error) {
	if u.Checksum == 0 {
		return nil, nil
	}
	of := checksum.Composite
	if u.Full {
		of = checksum.Full
	}
	sum, err := of(u.Checksum, parts)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidPart, err)
	}
	return []Checksum{sum}, nil
}

// holds reports whether want is among sums.
func holds(sums []Checksum, want Checksum) bool {
	for _, c := range sums {
		if c.Algorithm == want.Algorithm && c.Parts == want.Parts && bytes.Equal(c.Value, want.Value) {
			return true
		}
	}
	return false
}
