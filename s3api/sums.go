package s3api

import (
	"net/http"

	"aetherfs/backend"
	"aetherfs/internal/checksum"
)

// writeChecksums sets the headers of verified checksums.
func writeChecksums(h http.Header, sums []backend.Checksum) {
	for _, c := range sums {
		h.Set(checksumHeader(c.Algorithm), formatChecksum(c))
		h.Set("x-amz-checksum-type", checksumType(c))
	}
}

// checksums adds an element for each checksum, and what kind they are.
func (d *doc) checksums(sums []backend.Checksum) {
	for _, c := range sums {
		d.elem("Checksum"+checksum.Name(c.Algorithm), formatChecksum(c))
	}
	if len(sums) > 0 {
		d.elem("ChecksumType", checksumType(sums[0]))
	}
}

// algorithms adds what a listing says of a file's checksums: not their values.
func (d *doc) algorithms(sums []backend.Checksum) {
	for _, c := range sums {
		d.elem("ChecksumAlgorithm", checksum.Name(c.Algorithm))
	}
	if len(sums) > 0 {
		d.elem("ChecksumType", checksumType(sums[0]))
	}
}

// uploadChecksum adds what checksum an upload asked for.
func (d *doc) uploadChecksum(u backend.UploadInfo) {
	if u.Checksum != 0 {
		d.elem("ChecksumAlgorithm", checksum.Name(u.Checksum))
		d.elem("ChecksumType", uploadType(u.Full))
	}
}

// uploadType is the type of the checksum that an upload's file will have.
func uploadType(full bool) string {
	if full {
		return fullType
	}
	return compositeType
}

// partSums are the elements in which a part of a CompleteMultipartUpload may
// carry its checksum.
type partSums struct {
	ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 string
}

// checksum is the one that is given, or nil.
func (s partSums) checksum() (*backend.Checksum, error) {
	var given *backend.Checksum
	for _, f := range []struct {
		algorithm backend.Algorithm
		value     string
	}{
		{checksum.CRC32, s.ChecksumCRC32}, {checksum.CRC32C, s.ChecksumCRC32C}, {checksum.CRC64NVME, s.ChecksumCRC64NVME},
		{checksum.SHA1, s.ChecksumSHA1}, {checksum.SHA256, s.ChecksumSHA256},
	} {
		if f.value == "" {
			continue
		}
		if given != nil {
			return nil, errMalformed
		}
		c, err := parseChecksum(f.algorithm, f.value)
		if err != nil {
			return nil, err
		}
		given = &c
	}
	return given, nil
}
