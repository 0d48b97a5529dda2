package s3api_test

import (
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// model lists keys as S3 does: files and common prefixes greater than after.
func model(keys []string, prefix, delimiter, after string) (items []string) {
	for _, key := range slices.Sorted(slices.Values(keys)) {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		if i := strings.Index(rest, delimiter); delimiter != "" && i >= 0 {
			key = prefix + rest[:i+len(delimiter)] + " (prefix)"
		}
		if strings.TrimSuffix(key, " (prefix)") > after && (len(items) == 0 || items[len(items)-1] != key) {
			items = append(items, key)
		}
	}
	return items
}

func items(keys []types.Object, prefixes []types.CommonPrefix) []string {
	var all []string
	for _, k := range keys {
		all = append(all, *k.Key)
	}
	for _, p := range prefixes {
		all = append(all, *p.Prefix+" (prefix)")
	}
	slices.SortFunc(all, func(a, b string) int {
		return strings.Compare(strings.TrimSuffix(a, " (prefix)"), strings.TrimSuffix(b, " (prefix)"))
	})
	return all
}

// Every listing, in pages of every size, is that of a sorted list.
func TestListings(t *testing.T) {
	w := newWorld(t, false, nil)
	keys := []string{"a", "a/", "a/b", "a/b/c", "a/b/d", "a-b", "a//b", "b", "v1-rc/x", "v1/x", "v1/y z", "/lead", "ü/ä", "z+%&<>", "ctl\x01x"}
	for _, k := range keys {
		w.put(t, k, []byte(k))
	}
	const seed = 7
	random := rand.New(rand.NewPCG(seed, seed))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	for range 60 {
		prefix, delimiter, size := pick("", "", "a", "a/", "a/b", "v1", "/", "ü", "none"), pick("", "/", "b/", "-", "c"), int32(1+random.IntN(20))
		after := pick("", "", "a", "a/b", "b", "zz")
		name := fmt.Sprintf("seed %d: prefix %q, delimiter %q, after %q, pages of %d", seed, prefix, delimiter, after, size)
		want := fmt.Sprintf("%q", model(keys, prefix, delimiter, after))

		var v2 []string
		in := &s3.ListObjectsV2Input{Bucket: aws.String("bucket"), Prefix: &prefix, Delimiter: &delimiter, StartAfter: &after, MaxKeys: &size,
			EncodingType: types.EncodingTypeUrl}
		for {
			page, err := w.client.ListObjectsV2(t.Context(), in)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got := items(decoded(t, page.Contents), decodedPrefixes(t, page.CommonPrefixes))
			if len(got) != int(*page.KeyCount) || len(got) > int(size) || *page.IsTruncated != (page.NextContinuationToken != nil) {
				t.Errorf("%s: %d items, KeyCount %d", name, len(got), *page.KeyCount)
			}
			v2 = append(v2, got...)
			if !*page.IsTruncated {
				break
			}
			in.ContinuationToken = page.NextContinuationToken
		}
		if got := fmt.Sprintf("%q", v2); got != want {
			t.Errorf("%s: V2\n got %s\nwant %s", name, got, want)
		}

		var v1 []string
		marker := after
		for {
			page, err := w.client.ListObjects(t.Context(), &s3.ListObjectsInput{Bucket: aws.String("bucket"), Prefix: &prefix,
				Delimiter: &delimiter, Marker: &marker, MaxKeys: &size, EncodingType: types.EncodingTypeUrl})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got := items(decoded(t, page.Contents), decodedPrefixes(t, page.CommonPrefixes))
			v1 = append(v1, got...)
			if !*page.IsTruncated {
				break
			}
			marker = strings.TrimSuffix(got[len(got)-1], " (prefix)")
			if page.NextMarker != nil && unescape(t, *page.NextMarker) != marker || (page.NextMarker == nil) != (delimiter == "") {
				t.Errorf("%s: NextMarker %v after %q", name, page.NextMarker, marker)
			}
		}
		if got := fmt.Sprintf("%q", v1); got != want {
			t.Errorf("%s: V1\n got %s\nwant %s", name, got, want)
		}
	}
}

func unescape(t *testing.T, s string) string {
	t.Helper()
	s, err := url.QueryUnescape(s)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func decoded(t *testing.T, list []types.Object) []types.Object {
	for i := range list {
		list[i].Key = aws.String(unescape(t, *list[i].Key))
	}
	return list
}

func decodedPrefixes(t *testing.T, list []types.CommonPrefix) []types.CommonPrefix {
	for i := range list {
		list[i].Prefix = aws.String(unescape(t, *list[i].Prefix))
	}
	return list
}

func TestListEdges(t *testing.T) {
	w := newWorld(t, false, nil)
	w.put(t, "a", []byte("x"))
	w.put(t, "b", []byte("y"))
	has := func(target string, parts ...string) {
		t.Helper()
		a := w.want(t, 200, "", "GET", target, "")
		for _, p := range parts {
			if strings.Contains(a.body, strings.TrimPrefix(p, "!")) == strings.HasPrefix(p, "!") {
				t.Errorf("GET %s: %s, want %s", target, a.body, p)
			}
		}
		var any struct{}
		if err := xml.Unmarshal([]byte(a.body), &any); err != nil {
			t.Errorf("GET %s: %v", target, err)
		}
	}
	has("/bucket?list-type=2&max-keys=0", "<KeyCount>0</KeyCount>", "<IsTruncated>false</IsTruncated>", "<MaxKeys>0</MaxKeys>", "!<Contents>")
	has("/bucket?max-keys=0", "<MaxKeys>0</MaxKeys>", "!<Contents>", "<IsTruncated>false</IsTruncated>")
	has("/bucket?list-type=2&max-keys=5000", "<MaxKeys>1000</MaxKeys>", "<KeyCount>2</KeyCount>", "!<Owner>")
	has("/bucket?list-type=2&fetch-owner=true", "<Owner><ID>")
	has("/bucket?list-type=2&max-keys=1&start-after=a", "<StartAfter>a</StartAfter>", "<Key>b</Key>", "!<Key>a</Key>")
	has("/bucket", "<Owner><ID>", "<Marker></Marker>")
	has("/bucket?versions", "<VersionId>null</VersionId>", "<IsLatest>true</IsLatest>")
	has("/bucket?versions&max-keys=1", "<NextKeyMarker>a</NextKeyMarker>", "<NextVersionIdMarker>null</NextVersionIdMarker>", "!<Key>b</Key>")
	has("/bucket?versions&key-marker=a&version-id-marker=null", "<Key>b</Key>", "!<Key>a</Key>")
	for _, bad := range []string{"max-keys=x", "max-keys=-1", "encoding-type=base64", "list-type=3", "list-type=2&continuation-token=a",
		"list-type=2&continuation-token=", "versions&version-id-marker=null"} {
		w.want(t, 400, "InvalidArgument", "GET", "/bucket?"+bad, "")
	}
	w.want(t, 501, "NotImplemented", "GET", "/bucket?list-type=2&marker=a", "")
}
