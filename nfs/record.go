package nfs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	// maxRecordBytes bounds what one call may hold: twenty times the longest
	// that is answered.
	maxRecordBytes = 64 << 10

	// maxFragments bounds what a record may be split into. Clients use one.
	maxFragments = 64

	markBytes    = 4       // of the mark before each fragment
	lastFragment = 1 << 31 // the bit of the mark that ends a record
)

// errRecord is of a stream that cannot be followed any further.
var errRecord = errors.New("not a record of remote procedure calls")

// readRecord reads one record and joins its fragments (RFC 5531, section 11).
// It sets aside no more memory than maxRecordBytes, whatever a mark announces.
func readRecord(r io.Reader) ([]byte, error) {
	var record []byte
	for range maxFragments {
		var mark [markBytes]byte
		if _, err := io.ReadFull(r, mark[:]); err != nil {
			return nil, fmt.Errorf("read mark: %w", unexpected(err))
		}
		m := binary.BigEndian.Uint32(mark[:])
		n, at := int(m&^lastFragment), len(record)
		if at+n > maxRecordBytes {
			return nil, fmt.Errorf("record of %d bytes or more, the most is %d: %w", at+n, maxRecordBytes, errRecord)
		}
		record = append(record, make([]byte, n)...)
		if _, err := io.ReadFull(r, record[at:]); err != nil {
			return nil, fmt.Errorf("read fragment of %d bytes: %w", n, unexpected(err))
		}
		if m&lastFragment != 0 {
			return record, nil
		}
	}
	return nil, fmt.Errorf("record of more than %d fragments: %w", maxFragments, errRecord)
}

// unexpected tells the end of a stream within a record from one between two.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// marked returns a record as one fragment, with its mark.
func marked(record []byte) []byte {
	out := make([]byte, 0, markBytes+len(record))
	out = binary.BigEndian.AppendUint32(out, uint32(len(record))|lastFragment)
	return append(out, record...)
}
