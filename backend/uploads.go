package backend

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"aetherfs/catalog"
	"aetherfs/internal/checksum"
	"aetherfs/internal/manifest"
)

// CreateUpload implements Uploads.
func (b *Backend) CreateUpload(ctx context.Context, p Path, o UploadOptions) (string, error) {
	var id manifest.ID
	err := b.on(ctx, p.Dataset, func(d *catalog.Dataset) error {
		results, err := d.Commit(ctx, nil, &manifest.Upload{Tag: p.Tag, Name: p.Name, Attr: o.Attr, Checksum: o.Checksum, Full: o.Full})
		if err == nil {
			id = results[0].Upload.ID
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("create upload of %s: %w", p, err)
	}
	return id.String(), nil
}

// Upload implements Uploads.
func (b *Backend) Upload(ctx context.Context, p Path, id string) (UploadInfo, error) {
	_, u, err := b.openUpload(ctx, p, id)
	if err != nil {
		return UploadInfo{}, err
	}
	return uploadInfo(p.Dataset, u), nil
}

func uploadInfo(dataset string, u *manifest.OpenUpload) UploadInfo {
	return UploadInfo{
		Path:      Path{dataset, u.Tag, u.Name},
		ID:        u.ID.String(),
		Initiated: time.UnixMilli(u.Initiated).UTC(),
		Checksum:  u.Checksum,
		Full:      u.Full,
	}
}

// openUpload finds an open upload by the id that its client has, as of when it
// is called.
func (b *Backend) openUpload(ctx context.Context, p Path, id string) (*catalog.Dataset, *manifest.OpenUpload, error) {
	d, s, err := b.read(ctx, p.Dataset)
	if err != nil {
		return nil, nil, err
	}
	u, err := findUpload(ctx, s, p, id)
	return d, u, err
}

// upload is openUpload for a write: what is known here does, since the commit
// decides.
func (b *Backend) upload(ctx context.Context, p Path, id string) (*catalog.Dataset, *manifest.OpenUpload, error) {
	d, err := b.dataset(ctx, p.Dataset)
	if err != nil {
		return nil, nil, err
	}
	u, err := findUpload(ctx, d.State(), p, id)
	if errors.Is(err, ErrNoUpload) {
		return b.openUpload(ctx, p, id)
	}
	return d, u, err
}

func findUpload(ctx context.Context, s *manifest.State, p Path, id string) (*manifest.OpenUpload, error) {
	if uid, err := manifest.ParseID(id); err == nil {
		u, err := s.Upload(ctx, p.Tag, p.Name, uid)
		if err != nil {
			return nil, fmt.Errorf("upload %q of %s: %w", id, p, explain(err))
		}
		if u != nil {
			return u, nil
		}
	}
	return nil, fmt.Errorf("upload %q of %s: %w", id, p, ErrNoUpload)
}

// PutPart implements Uploads.
func (b *Backend) PutPart(ctx context.Context, p Path, id string, number int, r io.Reader, o PutOptions) (Part, error) {
	d, u, err := b.upload(ctx, p, id)
	if err != nil {
		return Part{}, err
	}
	if err := checkNumber(number); err != nil {
		return Part{}, err
	}
	if err := d.Freshen(ctx); err != nil {
		return Part{}, explain(err)
	}
	stored, etag, err := b.ingest(ctx, d, r, MaxPartBytes, &o)
	if err != nil {
		return Part{}, fmt.Errorf("put part %d of %s: %w", number, p, err)
	}
	t := &tx{b: b, d: d}
	t.add(p, &manifest.AddPart{
		Tag: p.Tag, Name: p.Name, Upload: u.ID,
		Part:   Part{Number: number, Size: stored.Size, ETag: etag, Checksums: o.Attr.Checksums},
		Added:  stored.Added,
		Recipe: t.take(stored),
	})
	results, err := t.commit(ctx)
	if err != nil {
		return Part{}, fmt.Errorf("put part %d of %s: %w", number, p, explain(err))
	}
	return results[0].Part, nil
}

func checkNumber(n int) error {
	if n < 1 || n > MaxParts {
		return fmt.Errorf("part %d, not in 1 to %d: %w", n, MaxParts, ErrInvalidPart)
	}
	return nil
}

// CopyPart implements Uploads.
func (b *Backend) CopyPart(ctx context.Context, p Path, id string, number int, from Path, off, n int64, c ReadCond) (Part, error) {
	if err := checkNumber(number); err != nil {
		return Part{}, err
	}
	part, err := b.copyPart(ctx, p, id, number, from, off, n, c)
	for try := 1; (errors.Is(err, ErrChanged) || errors.Is(err, manifest.ErrClosed)) && try < maxRemakes; try++ {
		part, err = b.copyPart(ctx, p, id, number, from, off, n, c)
	}
	if err != nil {
		return Part{}, fmt.Errorf("copy %s to part %d of %s: %w", from, number, p, err)
	}
	return part, nil
}

// copyPart tries once; ErrChanged if the source was replaced meanwhile,
// manifest.ErrClosed if the dataset was removed, perhaps before.
func (b *Backend) copyPart(ctx context.Context, p Path, id string, number int, from Path, off, n int64, c ReadCond) (Part, error) {
	d, u, err := b.upload(ctx, p, id)
	if err != nil {
		return Part{}, err
	}
	f, err := b.source(ctx, from, c)
	if err != nil {
		return Part{}, err
	}
	file, err := b.file(ctx, from, f)
	if err != nil {
		return Part{}, err
	}
	e := file.Info
	if n < 0 {
		n = e.Size - off
	}
	if off < 0 || off > e.Size || n < 0 || n > e.Size-off {
		return Part{}, fmt.Errorf("bytes %d+%d of %d: %w", off, n, e.Size, ErrRange)
	}
	if n > MaxPartBytes {
		return Part{}, fmt.Errorf("part of %d bytes: %w", n, ErrTooLarge)
	}
	if f.d.ID != d.ID {
		return b.storePart(ctx, p, u, number, file, off, n)
	}
	part := Part{Number: number, Size: n, ETag: copyETag(&e, off, n)}
	if u.Checksum != 0 {
		if part.Checksums, err = file.checksum(u.Checksum, off, n); err != nil {
			return Part{}, err
		}
	}
	results, err := d.Commit(ctx, nil, &manifest.CopyPart{
		Tag: p.Tag, Name: p.Name, Upload: u.ID, Part: part,
		FromTag: from.Tag, FromName: from.Name, FromID: f.e.ID, Off: off,
	})
	if err != nil {
		return Part{}, explain(err)
	}
	return results[0].Part, nil
}

// storePart makes n bytes from off of another dataset's file a part.
func (b *Backend) storePart(ctx context.Context, p Path, u *manifest.OpenUpload, number int, file *File, off, n int64) (Part, error) {
	body := file.Stream(off, n)
	defer body.Close()
	data, o := io.Reader(body), PutOptions{}
	if u.Checksum != 0 {
		h := checksum.New(u.Checksum)
		data = io.TeeReader(body, h)
		o.AtEOF = func(a *Attr) error {
			a.Checksums = []Checksum{{Algorithm: u.Checksum, Value: h.Sum(nil)}}
			return nil
		}
	}
	return b.PutPart(ctx, p, u.ID.String(), number, data, o)
}

// copyETag is the ETag of a part that was copied without reading it: the
// source's where that is the MD5 of the same bytes, and else an opaque one
// that names the same bytes by the same text.
func copyETag(e *Info, off, n int64) string {
	if off == 0 && n == e.Size && len(e.Parts) == 0 {
		return e.ETag
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "part %s %s %d %d", e.ID, e.ETag, off, n))
	return hex.EncodeToString(sum[:16])
}

// checksum computes a checksum of n bytes from off.
func (f *File) checksum(a Algorithm, off, n int64) ([]Checksum, error) {
	h := checksum.New(a)
	data := f.Stream(off, n)
	defer data.Close()
	if _, err := io.Copy(h, data); err != nil {
		return nil, err
	}
	return []Checksum{{Algorithm: a, Value: h.Sum(nil)}}, nil
}

// Parts implements Uploads.
func (b *Backend) Parts(ctx context.Context, p Path, id string, after int) iter.Seq2[Part, error] {
	return func(yield func(Part, error) bool) {
		_, u, err := b.openUpload(ctx, p, id)
		if err != nil {
			yield(Part{}, err)
			return
		}
		for part, err := range u.Parts(ctx, after) {
			if !yield(part, explain(err)) || err != nil {
				return
			}
		}
	}
}

// ListUploads implements Uploads.
func (b *Backend) ListUploads(ctx context.Context, dataset string, q Query, afterID string) iter.Seq2[UploadInfo, error] {
	return func(yield func(UploadInfo, error) bool) {
		_, state, err := b.read(ctx, dataset)
		if err != nil {
			yield(UploadInfo{}, err)
			return
		}
		from := q.from()
		after, err := manifest.ParseID(afterID)
		if afterID != "" && err == nil {
			from = max(q.After, q.Prefix)
		}
		seek := func(from string) iter.Seq2[*manifest.OpenUpload, error] {
			return state.Uploads(ctx, from, manifest.ID{})
		}
		key := func(u *manifest.OpenUpload) string { return manifest.KeyOf(u.Tag, u.Name) }
		walk(q, from, seek, key, func(prefix string, u *manifest.OpenUpload, err error) bool {
			if err = cmp.Or(explain(err), ctx.Err()); err != nil {
				yield(UploadInfo{}, err)
				return false
			}
			switch {
			case prefix != "":
				return yield(UploadInfo{Path: Path{Dataset: dataset}, Prefix: prefix}, nil)
			case afterID != "" && manifest.KeyOf(u.Tag, u.Name) == q.After && string(u.ID[:]) <= string(after[:]):
				return true
			}
			return yield(uploadInfo(dataset, u), nil)
		})
	}
}

// Abort implements Uploads.
func (b *Backend) Abort(ctx context.Context, p Path, id string) error {
	err := b.abort(ctx, p, id)
	if errors.Is(err, manifest.ErrClosed) { // before we were called, perhaps, and the dataset was made again
		err = b.abort(ctx, p, id)
	}
	return err
}

func (b *Backend) abort(ctx context.Context, p Path, id string) error {
	d, u, err := b.upload(ctx, p, id)
	if err != nil {
		return err
	}
	if _, err := d.Commit(ctx, nil, &manifest.Abort{Tag: p.Tag, Name: p.Name, Upload: u.ID}); err != nil {
		return fmt.Errorf("abort upload of %s: %w", p, explain(err))
	}
	return nil
}
