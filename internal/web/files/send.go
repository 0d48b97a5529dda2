package files

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"

	"aetherfs/backend"
)

// pieceBytes is what is read, and with that verified, before it is sent.
const pieceBytes = 128 << 10

var pieces = sync.Pool{New: func() any { return new([pieceBytes]byte) }}

// sendWhole answers with all of a file.
func (q *request) sendWhole(f *backend.File) error {
	return q.sendOne(f, span{0, f.Info.Size}, http.StatusOK)
}

// sendPart answers with a part of a file.
func (q *request) sendPart(f *backend.File, s span) error {
	q.w.Header().Set("Content-Range", s.of(f.Info.Size))
	return q.sendOne(f, s, http.StatusPartialContent)
}

func (q *request) sendOne(f *backend.File, s span, status int) error {
	q.w.Header().Set("Content-Length", strconv.FormatInt(s.n, 10))
	if q.r.Method == http.MethodHead || s.n == 0 {
		q.w.WriteHeader(status)
		return nil
	}
	return q.copy(f, s, func() error {
		q.w.WriteHeader(status)
		return nil
	})
}

// sendParts answers with several, in the form of RFC 9110, section 14.6. What
// stands between them is the ID of the version, which nobody knew who wrote it.
func (q *request) sendParts(f *backend.File, parts []span, contentType string) error {
	boundary := f.Info.ID
	end := "\r\n--" + boundary + "--\r\n"
	heads := make([]string, len(parts))
	n := int64(len(end))
	for i, s := range parts {
		heads[i] = fmt.Sprintf("\r\n--%s\r\nContent-Type: %s\r\nContent-Range: %s\r\n\r\n", boundary, contentType, s.of(f.Info.Size))
		n += int64(len(heads[i])) + s.n
	}
	h := q.w.Header()
	h.Set("Content-Type", "multipart/byteranges; boundary="+boundary)
	h.Set("Content-Length", strconv.FormatInt(n, 10))
	for i, s := range parts {
		err := q.copy(f, s, func() error {
			if i == 0 {
				q.w.WriteHeader(http.StatusPartialContent)
			}
			_, err := io.WriteString(q.w, heads[i])
			return err
		})
		if err != nil {
			return err
		}
	}
	_, err := io.WriteString(q.w, end)
	return err
}

// of is the Content-Range of s in a file.
func (s span) of(size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", s.off, s.off+s.n-1, size)
}

// copy sends a part of a file that is not empty. Before its first bytes go out,
// and after they were verified, it calls begin.
func (q *request) copy(f *backend.File, s span, begin func() error) error {
	piece := pieces.Get().(*[pieceBytes]byte)
	defer pieces.Put(piece)
	body := f.Stream(s.off, s.n)
	defer body.Close()
	for left := s.n; left > 0; {
		n, err := io.ReadAtLeast(body, piece[:min(left, pieceBytes)], 1)
		if err != nil {
			return short(err)
		}
		if left == s.n {
			if err := begin(); err != nil {
				return err
			}
		}
		if _, err := q.w.Write(piece[:n]); err != nil {
			return err
		}
		left -= int64(n)
	}
	return nil
}

// short makes damage of a file that ends before its length.
func short(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("file ends early: %w", backend.ErrCorrupt)
	}
	return err
}

// sendPacked answers with all of a file, compressed. HEAD tells the length only
// where it is known.
func (q *request) sendPacked(f *backend.File, coding string) error {
	if q.r.Method == http.MethodHead {
		if data, ok := q.h.packs.have(f, coding); ok {
			q.w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		}
		q.w.WriteHeader(http.StatusOK)
		return nil
	}
	data, err := q.h.packs.pack(q.r.Context(), f, coding)
	if err != nil {
		return err
	}
	q.w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	q.w.WriteHeader(http.StatusOK)
	for len(data) > 0 {
		n := min(len(data), pieceBytes)
		if _, err := q.w.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}
