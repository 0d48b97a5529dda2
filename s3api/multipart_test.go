package s3api_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"aetherfs/backend"
)

const minPart = 5 << 20

func TestMultipart(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		for _, algorithm := range []types.ChecksumAlgorithm{"", types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc64nvme, types.ChecksumAlgorithmSha256} {
			t.Run(string(algorithm), func(t *testing.T) { multipart(t, w, algorithm) })
		}
	})
}

func multipart(t *testing.T, w *world, algorithm types.ChecksumAlgorithm) {
	ctx, key := t.Context(), "v1/big "+string(algorithm)
	data := noise(2*minPart + 12345)
	up, err := w.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: aws.String("bucket"), Key: &key, ChecksumAlgorithm: algorithm, ContentType: aws.String("a/b"), Tagging: aws.String("a=1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	var parts []types.CompletedPart
	for i, n := range []int32{2, 5, 9} {
		off := i * minPart
		part, err := w.client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: aws.String("bucket"), Key: &key, UploadId: up.UploadId, PartNumber: &n, ChecksumAlgorithm: algorithm,
			Body: bytes.NewReader(data[off:min(off+minPart, len(data))]),
		})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, types.CompletedPart{
			PartNumber: &n, ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32, ChecksumCRC64NVME: part.ChecksumCRC64NVME, ChecksumSHA256: part.ChecksumSHA256,
		})
	}
	list, err := w.client.ListParts(ctx, &s3.ListPartsInput{Bucket: aws.String("bucket"), Key: &key, UploadId: up.UploadId, MaxParts: aws.Int32(2)})
	if err != nil || len(list.Parts) != 2 || !*list.IsTruncated || *list.NextPartNumberMarker != "5" {
		t.Errorf("list of parts: %v, %v", list, err)
	}
	list, err = w.client.ListParts(ctx, &s3.ListPartsInput{Bucket: aws.String("bucket"), Key: &key, UploadId: up.UploadId, PartNumberMarker: aws.String("5")})
	if err != nil || len(list.Parts) != 1 || *list.Parts[0].PartNumber != 9 || *list.IsTruncated {
		t.Errorf("list of parts after 5: %v, %v", list, err)
	}
	complete := &s3.CompleteMultipartUploadInput{Bucket: aws.String("bucket"), Key: &key, UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}}
	done, err := w.client.CompleteMultipartUpload(ctx, complete)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(*done.ETag, `-3"`) {
		t.Errorf("ETag %s", *done.ETag)
	}
	if again, err := w.client.CompleteMultipartUpload(ctx, complete); err != nil || *again.ETag != *done.ETag {
		t.Errorf("complete again: %v, %v", again, err)
	}
	get, err := w.client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: &key, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, get.Body); got != string(data) || *get.ETag != *done.ETag || *get.ContentType != "a/b" || *get.TagCount != 1 {
		t.Errorf("get: %d bytes, %v", len(got), get)
	}
	for n := int32(1); n <= 3; n++ {
		part, err := w.client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: &key, PartNumber: &n, ChecksumMode: types.ChecksumModeEnabled})
		if err != nil {
			t.Fatal(err)
		}
		off := int(n-1) * minPart
		if got := readAll(t, part.Body); got != string(data[off:min(off+minPart, len(data))]) || *part.PartsCount != 3 {
			t.Errorf("part %d: %d bytes of %v parts", n, len(got), *part.PartsCount)
		}
	}
	if _, err := w.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("bucket"), Key: &key, PartNumber: aws.Int32(4)}); err == nil {
		t.Error("part 4 is there")
	}
	attr, err := w.client.GetObjectAttributes(ctx, &s3.GetObjectAttributesInput{Bucket: aws.String("bucket"), Key: &key,
		ObjectAttributes: []types.ObjectAttributes{types.ObjectAttributesObjectParts, types.ObjectAttributesChecksum}})
	if err != nil || *attr.ObjectParts.TotalPartsCount != 3 || (attr.Checksum == nil) != (algorithm == "") {
		t.Errorf("attributes: %+v, %v", attr, err)
	}
}

// begin starts an upload and returns the query that names it.
func begin(t *testing.T, w *world, key string, header ...string) string {
	t.Helper()
	a := w.want(t, 200, "", "POST", "/bucket/"+key+"?uploads", "", header...)
	_, rest, _ := strings.Cut(a.body, "<UploadId>")
	id, _, ok := strings.Cut(rest, "</UploadId>")
	if !ok {
		t.Fatalf("no upload id in %s", a.body)
	}
	return "uploadId=" + id
}

func completion(parts ...string) string {
	doc := "<CompleteMultipartUpload>"
	for i := 0; i < len(parts); i += 2 {
		doc += "<Part><PartNumber>" + parts[i] + "</PartNumber><ETag>" + parts[i+1] + "</ETag></Part>"
	}
	return doc + "</CompleteMultipartUpload>"
}

func TestMultipartRules(t *testing.T) {
	w := newWorld(t, false, nil)
	id := begin(t, w, "k")
	part := func(n int, body string) string {
		t.Helper()
		return w.want(t, 200, "", "PUT", fmt.Sprintf("/bucket/k?%s&partNumber=%d", id, n), body).header.Get("ETag")
	}
	e1, e2 := part(1, strings.Repeat("a", minPart)), part(2, "b")
	e3 := part(3, "")
	complete := "/bucket/k?" + id
	for _, c := range []struct{ doc, code string }{
		{completion("2", e2, "1", e1), "InvalidPartOrder"},
		{completion("1", e1, "1", e1), "InvalidPartOrder"},
		{completion("1", e2), "InvalidPart"},
		{completion("1", e1, "4", e2), "InvalidPart"},
		{completion("2", e2, "3", e3), "EntityTooSmall"},
		{completion(), "MalformedXML"},
		{"<CompleteMultipartUpload><Part>", "MalformedXML"},
		{"", "MalformedXML"},
	} {
		w.want(t, 400, c.code, "POST", complete, c.doc)
	}
	w.want(t, 400, "BadDigest", "POST", complete, completion("1", e1, "2", e2), "x-amz-mp-object-size", "7")
	if got := w.keys(t); len(got) != 0 {
		t.Errorf("stored %q", got)
	}
	for _, n := range []string{"0", "10001", "-1", "x", ""} {
		w.want(t, 400, "InvalidArgument", "PUT", "/bucket/k?"+id+"&partNumber="+n, "x")
	}
	w.want(t, 404, "NoSuchUpload", "PUT", "/bucket/k?uploadId=none&partNumber=1", "x")
	w.want(t, 404, "NoSuchUpload", "PUT", "/bucket/other?"+id+"&partNumber=1", "x")
	w.want(t, 404, "NoSuchUpload", "GET", "/bucket/k?uploadId=none", "")
	w.put(t, "k", []byte("x"))
	w.want(t, 412, "PreconditionFailed", "POST", complete, completion("1", e1, "2", e2), "If-None-Match", "*")
	w.want(t, 412, "PreconditionFailed", "POST", complete, completion("1", e1, "2", e2), "If-Match", `"other"`)
	w.want(t, 200, "", "POST", complete, completion("1", e1, "2", e2), "x-amz-mp-object-size", fmt.Sprint(minPart+1))
	if a := w.want(t, 200, "", "GET", "/bucket/k", ""); len(a.body) != minPart+1 {
		t.Errorf("%d bytes, want %d", len(a.body), minPart+1)
	}
	if etag := w.want(t, 200, "", "HEAD", "/bucket/k", "").header.Get("ETag"); !strings.HasSuffix(etag, `-2"`) {
		t.Errorf("ETag %s", etag)
	}
	w.want(t, 206, "", "GET", "/bucket/k?partNumber=2", "")
	w.want(t, 416, "InvalidPartNumber", "GET", "/bucket/k?partNumber=4", "")
	w.want(t, 400, "InvalidRequest", "GET", "/bucket/k?partNumber=1", "", "Range", "bytes=0-1")
	w.want(t, 400, "InvalidArgument", "GET", "/bucket/k?partNumber=0", "")
}

// gofakes3 panics where the marker is beyond the parts.
func TestListPartsMarker(t *testing.T) {
	w := newWorld(t, false, nil)
	id := begin(t, w, "k")
	list := func(query string, parts int) {
		t.Helper()
		if a := w.want(t, 200, "", "GET", "/bucket/k?"+id+query, ""); strings.Count(a.body, "<Part>") != parts {
			t.Errorf("%s: %s, want %d parts", query, a.body, parts)
		}
	}
	list("", 0)
	w.want(t, 200, "", "PUT", "/bucket/k?"+id+"&partNumber=7", "x")
	list("", 1)
	list("&part-number-marker=6", 1)
	list("&part-number-marker=7", 0)
	list("&part-number-marker=10000", 0)
	list("&max-parts=0", 0)
	w.want(t, 400, "InvalidArgument", "GET", "/bucket/k?"+id+"&part-number-marker=x", "")
}

func TestAbort(t *testing.T) {
	w := newWorld(t, false, nil)
	id := begin(t, w, "k")
	w.want(t, 200, "", "PUT", "/bucket/k?"+id+"&partNumber=1", "x")
	w.want(t, 204, "", "DELETE", "/bucket/k?"+id, "")
	w.want(t, 404, "NoSuchUpload", "DELETE", "/bucket/k?"+id, "")
	w.want(t, 404, "NoSuchUpload", "GET", "/bucket/k?"+id, "")
	w.want(t, 404, "NoSuchUpload", "PUT", "/bucket/k?"+id+"&partNumber=1", "x")
}

func TestUploadPartCopy(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		data := noise(minPart + 1000)
		w.put(t, "v1/a b", data)
		id := begin(t, w, "k")
		copyPart := func(n int, code string, status int, header ...string) string {
			t.Helper()
			a := w.want(t, status, code, "PUT", fmt.Sprintf("/bucket/k?%s&partNumber=%d", id, n), "", append(header, "x-amz-copy-source", "/bucket/v1/a%20b")...)
			_, rest, _ := strings.Cut(a.body, "<ETag>")
			etag, _, _ := strings.Cut(rest, "</ETag>")
			return etag
		}
		e1 := copyPart(1, "", 200)
		e2 := copyPart(2, "", 200, "x-amz-copy-source-range", "bytes=10-19")
		for _, bad := range []string{"bytes=10-", "10-19", "bytes=9-1"} {
			copyPart(3, "InvalidArgument", 400, "x-amz-copy-source-range", bad)
		}
		copyPart(3, "InvalidRange", 416, "x-amz-copy-source-range", "bytes=0-99999999")
		copyPart(3, "PreconditionFailed", 412, "x-amz-copy-source-if-match", `"x"`)
		w.want(t, 200, "", "POST", "/bucket/k?"+id, completion("1", e1, "2", e2))
		if a := w.want(t, 200, "", "GET", "/bucket/k", ""); a.body != string(data)+string(data[10:20]) {
			t.Errorf("%d bytes", len(a.body))
		}
	})
}

func TestListUploads(t *testing.T) {
	w := newWorld(t, false, nil)
	var want []string
	for _, key := range []string{"a/x", "a/y", "b", "b", "c d"} {
		id := begin(t, w, strings.ReplaceAll(key, " ", "%20"))
		want = append(want, key+" "+strings.TrimPrefix(id, "uploadId="))
	}
	var got []string
	in := &s3.ListMultipartUploadsInput{Bucket: aws.String("bucket"), MaxUploads: aws.Int32(2)}
	for {
		page, err := w.client.ListMultipartUploads(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range page.Uploads {
			got = append(got, *u.Key+" "+*u.UploadId)
		}
		if !*page.IsTruncated {
			break
		}
		in.KeyMarker, in.UploadIdMarker = page.NextKeyMarker, page.NextUploadIdMarker
	}
	if len(got) != len(want) {
		t.Fatalf("%q, want %q", got, want)
	}
	seen := map[string]bool{}
	for _, u := range got {
		seen[u] = true
	}
	for _, u := range want {
		if !seen[u] {
			t.Errorf("%q is missing in %q", u, got)
		}
	}
	page, err := w.client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String("bucket"), Delimiter: aws.String("/")})
	if err != nil || len(page.Uploads) != 3 || len(page.CommonPrefixes) != 1 || *page.CommonPrefixes[0].Prefix != "a/" {
		t.Errorf("by delimiter: %v, %v", page, err)
	}
	w.want(t, 404, "NoSuchBucket", "GET", "/none?uploads", "")
}

// An upload that asked for a checksum gets one of every part, sent or not.
func TestUploadChecksumIsComputed(t *testing.T) {
	w := newWorld(t, false, nil)
	id := begin(t, w, "k", "x-amz-checksum-algorithm", "CRC32")
	a := w.want(t, 200, "", "PUT", "/bucket/k?"+id+"&partNumber=1", "data")
	if got := a.header.Get("x-amz-checksum-crc32"); got != "rfPzYw==" {
		t.Errorf("checksum of the part = %q", got)
	}
	a = w.want(t, 200, "", "POST", "/bucket/k?"+id, completion("1", a.header.Get("ETag")))
	if !strings.Contains(a.body, "<ChecksumType>COMPOSITE</ChecksumType>") {
		t.Errorf("answer %s", a.body)
	}
	info, err := w.tree.Stat(t.Context(), mustPath(t, "k"))
	if err != nil || len(info.Attr.Checksums) != 1 || info.Attr.Checksums[0].Parts != 1 {
		t.Errorf("stored %v, %v", info.Attr.Checksums, err)
	}
}

// The checksum over the parts' checksums is taken with its "-N" and without.
func TestCompleteComposite(t *testing.T) {
	w := newWorld(t, false, nil)
	for _, tt := range []struct{ sum, code string }{{"wu1R0Q==", ""}, {"wu1R0Q==-1", ""}, {"wu1R0Q==-2", "BadDigest"}, {"AAAAAA==", "BadDigest"}} {
		id := begin(t, w, "k", "x-amz-checksum-algorithm", "CRC32")
		part := w.want(t, 200, "", "PUT", "/bucket/k?"+id+"&partNumber=1", "data")
		status := 200
		if tt.code != "" {
			status = 400
		}
		w.want(t, status, tt.code, "POST", "/bucket/k?"+id, completion("1", part.header.Get("ETag")),
			"x-amz-checksum-type", "COMPOSITE", "x-amz-checksum-crc32", tt.sum)
	}
}

func mustPath(t testing.TB, key string) backend.Path {
	t.Helper()
	p, err := backend.ParsePath("bucket", key)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
