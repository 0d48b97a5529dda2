package s3api_test

import (
	"encoding/xml"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"aetherfs/internal/auth"
	"aetherfs/s3api"
)

// codeOf is the S3 code of a client's error.
func codeOf(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestBuckets(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		for _, name := range []string{"zoo", "my.s3.data", "a-b"} {
			if _, err := w.client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name}); err != nil {
				t.Errorf("create %s: %v", name, err)
			}
		}
		if _, err := w.client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("zoo")}); codeOf(err) != "BucketAlreadyOwnedByYou" {
			t.Errorf("create zoo again: %v", err)
		}
		var names []string
		pages := s3.NewListBucketsPaginator(w.client, &s3.ListBucketsInput{MaxBuckets: aws.Int32(2)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range page.Buckets {
				names = append(names, *b.Name)
			}
		}
		if got, want := strings.Join(names, " "), "a-b bucket my.s3.data zoo"; got != want {
			t.Errorf("buckets %s, want %s", got, want)
		}
		if a := w.want(t, 200, "", "HEAD", "/zoo", ""); a.header.Get("x-amz-bucket-region") != region {
			t.Errorf("region %q", a.header.Get("x-amz-bucket-region"))
		}
		w.want(t, 404, "", "HEAD", "/none", "")
		w.want(t, 404, "NoSuchBucket", "DELETE", "/none", "")
		w.want(t, 200, "", "PUT", "/zoo/k", "x")
		w.want(t, 409, "BucketNotEmpty", "DELETE", "/zoo", "")
		w.want(t, 409, "BucketNotEmpty", "DELETE", "/zoo", "", "x-minio-force-delete", "true")
		w.want(t, 204, "", "DELETE", "/zoo/k", "")
		w.want(t, 204, "", "DELETE", "/zoo", "", "x-minio-force-delete", "true")
		w.want(t, 404, "NoSuchBucket", "PUT", "/zoo/k", "x")
		w.want(t, 404, "NoSuchBucket", "GET", "/zoo/k", "")
		w.want(t, 404, "NoSuchBucket", "GET", "/zoo?list-type=2", "")
		w.want(t, 404, "NoSuchBucket", "GET", "/zoo?list-type=2&max-keys=0", "")
		w.want(t, 404, "NoSuchBucket", "POST", "/zoo/k?uploads", "")
	})
}

// Who signs for another region is told the right one, in HEAD too.
func TestWrongRegion(t *testing.T) {
	w := newWorld(t, false, nil)
	for _, method := range []string{"GET", "HEAD"} {
		r := w.request(t, method, "/bucket", nil)
		r.Header.Del("Authorization")
		auth.Sign(r, accessKey, secretKey, "eu-west-1", time.Now())
		a := w.send(t, r)
		if a.status != 400 || a.header.Get("x-amz-bucket-region") != region || method == "GET" && !strings.Contains(a.body, "<Region>"+region+"</Region>") {
			t.Errorf("%s = %v", method, a)
		}
	}
}

func TestCreateBucket(t *testing.T) {
	w := newWorld(t, false, func(o *s3api.Options) {})
	conf := func(inner string) string {
		return `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` + inner + `</CreateBucketConfiguration>`
	}
	w.want(t, 200, "", "PUT", "/one-bucket", conf("<LocationConstraint>us-east-1</LocationConstraint>"))
	w.want(t, 200, "", "PUT", "/two-bucket", conf(""))
	w.want(t, 400, "IllegalLocationConstraintException", "PUT", "/three", conf("<LocationConstraint>eu-west-1</LocationConstraint>"))
	w.want(t, 400, "MalformedXML", "PUT", "/three", "<Nonsense/>")
	w.want(t, 400, "MalformedXML", "PUT", "/three", "nonsense")
	w.want(t, 400, "AccessControlListNotSupported", "PUT", "/three", "", "x-amz-acl", "public-read")
	w.want(t, 501, "NotImplemented", "PUT", "/three", "", "x-amz-bucket-object-lock-enabled", "true")
	for _, bad := range []string{"ab", "Three", "a_b", "-ab", "127.0.0.1", "api", strings.Repeat("x", 64)} {
		w.want(t, 400, "InvalidBucketName", "PUT", "/"+bad, "")
	}
	w.want(t, 404, "NoSuchBucket", "GET", "/three?location", "")
	w.want(t, 200, "", "PUT", "/three", "", "x-amz-acl", "private")
}

func TestBucketReads(t *testing.T) {
	w := newWorld(t, false, nil)
	for query, root := range map[string]string{
		"location": "LocationConstraint", "versioning": "VersioningConfiguration", "acl": "AccessControlPolicy",
		"requestPayment": "RequestPaymentConfiguration", "logging": "BucketLoggingStatus",
	} {
		var doc struct{ XMLName xml.Name }
		a := w.want(t, 200, "", "GET", "/bucket?"+query, "")
		if err := xml.Unmarshal([]byte(a.body), &doc); err != nil || doc.XMLName.Local != root {
			t.Errorf("?%s = %s, %v", query, a.body, err)
		}
		w.want(t, 404, "NoSuchBucket", "GET", "/none?"+query, "")
	}
	for query, code := range map[string]string{
		"cors": "NoSuchCORSConfiguration", "policy": "NoSuchBucketPolicy", "lifecycle": "NoSuchLifecycleConfiguration",
		"tagging": "NoSuchTagSet", "website": "NoSuchWebsiteConfiguration", "encryption": "ServerSideEncryptionConfigurationNotFoundError",
		"object-lock": "ObjectLockConfigurationNotFoundError", "replication": "ReplicationConfigurationNotFoundError",
	} {
		w.want(t, 404, code, "GET", "/bucket?"+query, "")
		w.want(t, 404, "NoSuchBucket", "GET", "/none?"+query, "")
		w.want(t, 501, "NotImplemented", "PUT", "/bucket?"+query, "<x/>")
		w.want(t, 501, "NotImplemented", "DELETE", "/bucket?"+query, "")
	}
	w.want(t, 200, "", "HEAD", "/bucket", "")
}

func TestACL(t *testing.T) {
	w := newWorld(t, false, nil)
	w.want(t, 200, "", "PUT", "/bucket/k", "x", "x-amz-acl", "private")
	w.want(t, 400, "AccessControlListNotSupported", "PUT", "/bucket/other", "x", "x-amz-acl", "public-read")
	w.want(t, 400, "InvalidArgument", "PUT", "/bucket/other", "x", "x-amz-acl", "nonsense")
	w.want(t, 400, "AccessControlListNotSupported", "POST", "/bucket/other?uploads", "", "x-amz-acl", "public-read")
	for _, target := range []string{"/bucket?acl", "/bucket/k?acl"} {
		doc := w.want(t, 200, "", "GET", target, "").body
		w.want(t, 200, "", "PUT", target, doc)
		w.want(t, 200, "", "PUT", target, "", "x-amz-acl", "private")
		w.want(t, 400, "AccessControlListNotSupported", "PUT", target, strings.Replace(doc, "FULL_CONTROL", "READ", 1))
		w.want(t, 400, "AccessControlListNotSupported", "PUT", target, "", "x-amz-grant-read", "id=x")
	}
	w.want(t, 404, "NoSuchKey", "GET", "/bucket/other?acl", "")
	if a := w.want(t, 200, "", "GET", "/bucket/k", ""); a.body != "x" {
		t.Errorf("k = %q", a.body)
	}
}

func TestVirtualHost(t *testing.T) {
	w := newWorld(t, false, nil)
	host := func(r *http.Request) *http.Request {
		r.Host = "bucket.s3.example"
		return r
	}
	sign := func(method, target, body string) answer {
		r := host(w.request(t, method, target, strings.NewReader(body)))
		r.Header.Del("Authorization")
		signAs(r)
		return w.send(t, r)
	}
	if a := sign("PUT", "/v1/k", "data"); a.status != 200 {
		t.Fatalf("PUT = %v", a)
	}
	if a := sign("GET", "/?list-type=2", ""); !strings.Contains(a.body, "<Key>v1/k</Key>") {
		t.Errorf("list = %v", a)
	}
	if a := w.want(t, 200, "", "GET", "/bucket/v1/k", ""); a.body != "data" {
		t.Errorf("k = %q", a.body)
	}
}
