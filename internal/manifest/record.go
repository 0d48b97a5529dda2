package manifest

import "fmt"

// Kinds of records. The numbers are stored and never used again for anything
// else; docs/format.md lists those that are reserved.
const (
	kindPut         = 1
	kindDelete      = 2
	kindCopy        = 3
	kindUpload      = 8
	kindAddPart     = 9
	kindCopyPart    = 10
	kindComplete    = 11
	kindAbort       = 12
	kindFold        = 16
	kindClose       = 18
	kindCreate      = 64
	kindDrop        = 65
	kindPutKey      = 66
	kindDropKey     = 67
	kindSetSettings = 68
)

// Record is one change. The records of datasets are Put, Delete, Copy, Upload,
// AddPart, CopyPart, Complete, Abort and Close; those of the hub are Create,
// Drop, PutKey, DropKey and SetSettings. Both have FoldRecord.
type Record interface {
	kind() byte
	encode(*encoder)
}

// Tx is a transaction: records of one log that happen together or not at all.
type Tx struct {
	Time    int64 // Unix milliseconds, by the author's clock
	Records []Record
}

// Encode returns the bytes of t.
func (t *Tx) Encode() []byte {
	var body encoder
	body.int(t.Time)
	body.uint(uint64(len(t.Records)))
	for _, r := range t.Records {
		body.byte(r.kind())
		r.encode(&body)
	}
	head := encoder{b: make([]byte, 0, len(body.b)+40*len(body.blocks)+1), blocks: body.blocks}
	head.table()
	head.raw(body.b)
	return head.b
}

// DecodeTx is the inverse of Encode. The strings and slices of the result do
// not share memory with b.
func DecodeTx(b []byte) (*Tx, error) {
	d := &decoder{b: b}
	d.table()
	t := &Tx{Time: d.int()}
	t.Records = list(d, 1, decodeRecord)
	if err := d.end(); err != nil {
		return nil, fmt.Errorf("transaction of %d bytes: %w", len(b), err)
	}
	return t, nil
}

func decodeRecord(d *decoder) Record {
	switch kind := d.byte(); kind {
	case kindPut:
		return decodePut(d)
	case kindDelete:
		return decodeDelete(d)
	case kindCopy:
		return decodeCopy(d)
	case kindUpload:
		return decodeUpload(d)
	case kindAddPart:
		return decodeAddPart(d)
	case kindCopyPart:
		return decodeCopyPart(d)
	case kindComplete:
		return decodeComplete(d)
	case kindAbort:
		return decodeAbort(d)
	case kindFold:
		return decodeFold(d)
	case kindClose:
		return decodeClose(d)
	case kindCreate:
		return decodeCreate(d)
	case kindDrop:
		return decodeDrop(d)
	case kindPutKey:
		return decodePutKey(d)
	case kindDropKey:
		return decodeDropKey(d)
	case kindSetSettings:
		return decodeSetSettings(d)
	default:
		d.fail("record kind %d", kind)
		return nil
	}
}
