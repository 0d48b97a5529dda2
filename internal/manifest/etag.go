package manifest

import (
	"crypto/md5"
	"encoding/hex"
	"strconv"
	"strings"
)

// Forms of an ETag in stored bytes.
const (
	etagText  = 0 // length and text
	etagMD5   = 1 // 16 bytes
	etagParts = 2 // 16 bytes and the number of parts
)

// PartsETag is the ETag of a file made of parts: the MD5 of the parts' MD5s,
// and their number, as S3 computes it.
func PartsETag(parts []Part) string {
	h := md5.New()
	for _, p := range parts {
		sum, err := hex.DecodeString(p.ETag)
		if err != nil {
			sum = []byte(p.ETag)
		}
		h.Write(sum)
	}
	return hex.EncodeToString(h.Sum(nil)) + "-" + strconv.Itoa(len(parts))
}

func (e *encoder) etag(v string) {
	sum, n, composite := strings.Cut(v, "-")
	raw, err := hex.DecodeString(sum)
	parts, perr := strconv.ParseUint(n, 10, 32)
	switch {
	case err != nil || len(raw) != md5.Size || hex.EncodeToString(raw) != sum:
	case !composite:
		e.byte(etagMD5)
		e.raw(raw)
		return
	case perr == nil && strconv.FormatUint(parts, 10) == n:
		e.byte(etagParts)
		e.raw(raw)
		e.uint(parts)
		return
	}
	e.byte(etagText)
	e.string(v)
}

func (d *decoder) etag() string {
	switch form := d.byte(); form {
	case etagMD5:
		return hex.EncodeToString(d.raw(md5.Size))
	case etagParts:
		sum := hex.EncodeToString(d.raw(md5.Size))
		return sum + "-" + strconv.FormatUint(uint64(d.uint32()), 10)
	case etagText:
		v := d.string()
		var e encoder
		if e.etag(v); e.b[0] != etagText {
			d.fail("etag %q as text", v)
		}
		return v
	default:
		d.fail("etag form %d", form)
		return ""
	}
}
