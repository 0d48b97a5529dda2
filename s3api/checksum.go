package s3api

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"aetherfs/backend"
	"aetherfs/internal/checksum"
)

// checksumPrefix begins the headers and trailers that carry a checksum; the
// algorithm's name follows.
const checksumPrefix = "X-Amz-Checksum-"

// The kinds of checksum that a file uploaded in parts may have.
const (
	compositeType = "COMPOSITE"   // of the parts' checksums
	fullType      = "FULL_OBJECT" // of all bytes
)

// checksumHeader is the header, and trailer, of a known algorithm.
func checksumHeader(a backend.Algorithm) string {
	return http.CanonicalHeaderKey(checksumPrefix + checksum.Name(a))
}

// checksumType is the kind of c.
func checksumType(c backend.Checksum) string {
	if c.Parts > 0 {
		return compositeType
	}
	return fullType
}

// formatChecksum writes c as S3 does: in base64, with "-N" if it is over N
// parts' checksums.
func formatChecksum(c backend.Checksum) string {
	text := base64.StdEncoding.EncodeToString(c.Value)
	if c.Parts > 0 {
		text += "-" + strconv.Itoa(c.Parts)
	}
	return text
}

// parseChecksum is the inverse of formatChecksum.
func parseChecksum(a backend.Algorithm, text string) (backend.Checksum, error) {
	c := backend.Checksum{Algorithm: a}
	digits, count, composite := strings.Cut(text, "-") // not in the alphabet
	var err error
	if composite {
		c.Parts, err = strconv.Atoi(count)
		if err != nil || c.Parts < 1 || c.Parts > backend.MaxParts || strconv.Itoa(c.Parts) != count {
			return backend.Checksum{}, badChecksum(a)
		}
	}
	c.Value, err = base64.StdEncoding.Strict().DecodeString(digits)
	if size := checksum.Size(a); err != nil || len(c.Value) != size || len(digits) != base64.StdEncoding.EncodedLen(size) {
		return backend.Checksum{}, badChecksum(a)
	}
	return c, nil
}

func badChecksum(a backend.Algorithm) error {
	return fail("InvalidRequest", "Value for %s header is invalid.", strings.ToLower(checksumHeader(a)))
}

// givenChecksum returns the checksum that a request's headers carry, or nil.
func givenChecksum(h http.Header) (*backend.Checksum, error) {
	var given *backend.Checksum
	for name, values := range h {
		suffix, ok := strings.CutPrefix(name, checksumPrefix)
		if !ok || suffix == "Algorithm" || suffix == "Type" || suffix == "Mode" {
			continue
		}
		a, ok := checksum.Parse(suffix)
		if !ok {
			return nil, notImplemented(strings.ToLower(name))
		}
		if given != nil || len(values) != 1 {
			return nil, manyChecksums()
		}
		c, err := parseChecksum(a, values[0])
		if err != nil {
			return nil, err
		}
		given = &c
	}
	return given, nil
}

func manyChecksums() error {
	return fail("InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
}

// announcedChecksum returns the algorithm of the checksum that x-amz-trailer
// announces, or 0. There may be nothing else in a trailer.
func announcedChecksum(h http.Header) (backend.Algorithm, error) {
	var announced backend.Algorithm
	for _, value := range h.Values("X-Amz-Trailer") {
		for name := range strings.SplitSeq(value, ",") {
			a, ok := trailerAlgorithm(strings.TrimSpace(name))
			if !ok {
				return 0, fail("InvalidRequest", "The value specified in the x-amz-trailer header is not supported")
			}
			if announced != 0 {
				return 0, manyChecksums()
			}
			announced = a
		}
	}
	return announced, nil
}

// trailerAlgorithm is the algorithm of a trailer's name, in any case.
func trailerAlgorithm(name string) (backend.Algorithm, bool) {
	suffix, ok := strings.CutPrefix(http.CanonicalHeaderKey(name), checksumPrefix)
	if !ok {
		return 0, false
	}
	return checksum.Parse(suffix)
}

// uploadChecksum reads x-amz-checksum-algorithm and x-amz-checksum-type of a
// CreateMultipartUpload: the algorithm, or 0, and whether the whole file's
// checksum is over all bytes.
func uploadChecksum(h http.Header) (a backend.Algorithm, full bool, err error) {
	name, kind := h.Get("X-Amz-Checksum-Algorithm"), h.Get("X-Amz-Checksum-Type")
	if name == "" {
		if kind != "" {
			return 0, false, fail("InvalidRequest", "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
		}
		return 0, false, nil
	}
	a, ok := checksum.Parse(name)
	if !ok {
		return 0, false, fail("InvalidRequest", "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "+
			"[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
	}
	switch kind {
	case "":
		full = a == checksum.CRC64NVME
	case fullType:
		full = true
	case compositeType:
	default:
		return 0, false, fail("InvalidRequest", "Value for x-amz-checksum-type header is invalid.")
	}
	if full && !checksum.Combines(a) || !full && a == checksum.CRC64NVME {
		return 0, false, fail("InvalidRequest", "The %s checksum type cannot be used with the %s checksum algorithm.", kind, checksum.Name(a))
	}
	return a, full, nil
}
