package s3api

import (
	"net/http"
	"testing"

	"aetherfs/backend"
	"aetherfs/internal/checksum"
)

func TestChecksumHeader(t *testing.T) {
	for a, want := range map[backend.Algorithm]string{
		checksum.CRC32: "X-Amz-Checksum-Crc32", checksum.CRC32C: "X-Amz-Checksum-Crc32c", checksum.CRC64NVME: "X-Amz-Checksum-Crc64nvme",
		checksum.SHA1: "X-Amz-Checksum-Sha1", checksum.SHA256: "X-Amz-Checksum-Sha256",
	} {
		if got := checksumHeader(a); got != want {
			t.Errorf("checksumHeader(%d) = %s, want %s", a, got, want)
		}
		if got, ok := trailerAlgorithm(want); got != a || !ok {
			t.Errorf("trailerAlgorithm(%s) = %d, %v, want %d", want, got, ok, a)
		}
	}
}

func TestChecksumText(t *testing.T) {
	for _, tt := range []struct {
		text  string
		parts int
		ok    bool
	}{
		{"AAAAAA==", 0, true}, {"y/Q5Jg==", 0, true}, {"y/Q5Jg==-1", 1, true}, {"y/Q5Jg==-10000", 10_000, true},
		{"", 0, false}, {"AAAA", 0, false}, {"AAAAAAAA", 0, false}, {"AAAAAB==", 0, false}, {"AAAAAA", 0, false},
		{"AAAAAA==-0", 0, false}, {"AAAAAA==-01", 0, false}, {"AAAAAA==--1", 0, false}, {"AAAAAA==-10001", 0, false},
		{"AAAAAA==-", 0, false}, {" AAAAAA==", 0, false}, {"AAAA\r\nAA==", 0, false},
	} {
		c, err := parseChecksum(checksum.CRC32, tt.text)
		if (err == nil) != tt.ok || c.Parts != tt.parts {
			t.Errorf("parseChecksum(%q) = %+v, %v", tt.text, c, err)
		}
		if got := formatChecksum(c); err == nil && got != tt.text {
			t.Errorf("formatChecksum of %q = %q", tt.text, got)
		}
	}
}

func TestUploadChecksum(t *testing.T) {
	for _, tt := range []struct {
		algorithm, kind string
		want            backend.Algorithm
		full, ok        bool
	}{
		{"", "", 0, false, true},
		{"CRC32", "", checksum.CRC32, false, true},
		{"crc32c", "COMPOSITE", checksum.CRC32C, false, true},
		{"CRC32", "FULL_OBJECT", checksum.CRC32, true, true},
		{"CRC64NVME", "", checksum.CRC64NVME, true, true},
		{"CRC64NVME", "FULL_OBJECT", checksum.CRC64NVME, true, true},
		{"CRC64NVME", "COMPOSITE", 0, false, false},
		{"SHA1", "", checksum.SHA1, false, true},
		{"SHA256", "COMPOSITE", checksum.SHA256, false, true},
		{"SHA256", "FULL_OBJECT", 0, false, false},
		{"", "COMPOSITE", 0, false, false},
		{"MD5", "", 0, false, false},
		{"CRC32", "full", 0, false, false},
	} {
		h := http.Header{}
		h.Set("X-Amz-Checksum-Algorithm", tt.algorithm)
		h.Set("X-Amz-Checksum-Type", tt.kind)
		a, full, err := uploadChecksum(h)
		if a != tt.want || full != tt.full || (err == nil) != tt.ok {
			t.Errorf("uploadChecksum(%s, %s) = %d, %v, %v", tt.algorithm, tt.kind, a, full, err)
		}
	}
}
