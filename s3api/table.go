package s3api

import (
	"net/http"
	"strings"

	"aetherfs/backend"
)

// level is what a request's address names.
type level int

const (
	atService level = iota // no bucket
	atBucket
	atObject
)

// operation is a row of the table: which requests it answers, and how.
type operation struct {
	name   string
	method string
	level  level

	// A request is for the operation if it carries all names of query and, if
	// that is set, the header. Of several the one with the most of them wins.
	query  []string
	header string

	// optional names the query may hold besides. Any other is refused.
	optional []string

	form   bool // the body is a form, which carries its own credentials
	handle func(*request) error
}

// unknown stands for the operation of a request that has none.
var unknown = operation{name: "Unknown"}

// Query names that come with credentials, or that SDKs add for people who read
// logs. They select nothing.
var presign = set(
	"X-Amz-Algorithm X-Amz-Credential X-Amz-Date X-Amz-Expires X-Amz-SignedHeaders X-Amz-Signature X-Amz-Security-Token " +
		"AWSAccessKeyId Signature Expires x-id")

const (
	overrides  = "response-content-type response-content-language response-expires response-cache-control response-content-disposition response-content-encoding"
	listing    = "prefix delimiter encoding-type max-keys"
	listingV1  = listing + " marker"
	listingV2  = listing + " continuation-token start-after fetch-owner"
	listingVer = listing + " key-marker version-id-marker"
)

// table is all that the front end answers. What it does not hold is not there.
var table = []operation{
	{name: "ListBuckets", method: "GET", level: atService, optional: words("prefix max-buckets continuation-token bucket-region"), handle: (*request).listBuckets},

	{name: "CreateBucket", method: "PUT", level: atBucket, handle: (*request).createBucket},
	{name: "HeadBucket", method: "HEAD", level: atBucket, handle: (*request).headBucket},
	{name: "DeleteBucket", method: "DELETE", level: atBucket, handle: (*request).plain},
	{name: "GetBucketLocation", method: "GET", level: atBucket, query: words("location"), handle: (*request).bucketLocation},
	{name: "GetBucketAcl", method: "GET", level: atBucket, query: words("acl"), handle: (*request).bucketACL},
	{name: "PutBucketAcl", method: "PUT", level: atBucket, query: words("acl"), handle: (*request).putBucketACL},
	{name: "GetBucketVersioning", method: "GET", level: atBucket, query: words("versioning"), handle: configured("VersioningConfiguration", "")},
	{name: "GetBucketRequestPayment", method: "GET", level: atBucket, query: words("requestPayment"), handle: configured("RequestPaymentConfiguration", "<Payer>BucketOwner</Payer>")},
	{name: "GetBucketLogging", method: "GET", level: atBucket, query: words("logging"), handle: configured("BucketLoggingStatus", "")},
	{name: "GetBucketNotification", method: "GET", level: atBucket, query: words("notification"), handle: configured("NotificationConfiguration", "")},
	{name: "GetBucketAccelerate", method: "GET", level: atBucket, query: words("accelerate"), handle: configured("AccelerateConfiguration", "")},
	{name: "GetBucketCors", method: "GET", level: atBucket, query: words("cors"), handle: unset("NoSuchCORSConfiguration")},
	{name: "GetBucketEncryption", method: "GET", level: atBucket, query: words("encryption"), handle: unset("ServerSideEncryptionConfigurationNotFoundError")},
	{name: "GetBucketLifecycle", method: "GET", level: atBucket, query: words("lifecycle"), handle: unset("NoSuchLifecycleConfiguration")},
	{name: "GetBucketObjectLock", method: "GET", level: atBucket, query: words("object-lock"), handle: unset("ObjectLockConfigurationNotFoundError")},
	{name: "GetBucketOwnership", method: "GET", level: atBucket, query: words("ownershipControls"), handle: unset("OwnershipControlsNotFoundError")},
	{name: "GetBucketPolicy", method: "GET", level: atBucket, query: words("policy"), handle: unset("NoSuchBucketPolicy")},
	{name: "GetBucketPolicyStatus", method: "GET", level: atBucket, query: words("policyStatus"), handle: unset("NoSuchBucketPolicy")},
	{name: "GetBucketReplication", method: "GET", level: atBucket, query: words("replication"), handle: unset("ReplicationConfigurationNotFoundError")},
	{name: "GetBucketTagging", method: "GET", level: atBucket, query: words("tagging"), handle: unset("NoSuchTagSet")},
	{name: "GetBucketWebsite", method: "GET", level: atBucket, query: words("website"), handle: unset("NoSuchWebsiteConfiguration")},
	{name: "GetPublicAccessBlock", method: "GET", level: atBucket, query: words("publicAccessBlock"), handle: unset("NoSuchPublicAccessBlockConfiguration")},

	{name: "ListObjects", method: "GET", level: atBucket, optional: words(listingV1), handle: (*request).listObjects},
	{name: "ListObjectsV2", method: "GET", level: atBucket, query: words("list-type"), optional: words(listingV2), handle: (*request).listObjectsV2},
	{name: "ListObjectVersions", method: "GET", level: atBucket, query: words("versions"), optional: words(listingVer), handle: (*request).listVersions},
	{name: "ListMultipartUploads", method: "GET", level: atBucket, query: words("uploads"), optional: words("prefix delimiter encoding-type max-uploads key-marker upload-id-marker"), handle: (*request).listUploads},
	{name: "DeleteObjects", method: "POST", level: atBucket, query: words("delete"), handle: (*request).deleteObjects},
	{name: "PostObject", method: "POST", level: atBucket, form: true, handle: (*request).postObject},

	{name: "GetObject", method: "GET", level: atObject, optional: words(overrides + " partNumber versionId"), handle: (*request).getObject},
	{name: "HeadObject", method: "HEAD", level: atObject, optional: words(overrides + " partNumber versionId"), handle: (*request).getObject},
	{name: "PutObject", method: "PUT", level: atObject, handle: (*request).plain},
	{name: "CopyObject", method: "PUT", level: atObject, header: "X-Amz-Copy-Source", handle: (*request).copyObject},
	{name: "DeleteObject", method: "DELETE", level: atObject, optional: words("versionId"), handle: (*request).deleteObject},
	{name: "GetObjectAttributes", method: "GET", level: atObject, query: words("attributes"), optional: words("versionId"), handle: (*request).objectAttributes},
	{name: "GetObjectTagging", method: "GET", level: atObject, query: words("tagging"), optional: words("versionId"), handle: (*request).getTagging},
	{name: "PutObjectTagging", method: "PUT", level: atObject, query: words("tagging"), optional: words("versionId"), handle: (*request).putTagging},
	{name: "DeleteObjectTagging", method: "DELETE", level: atObject, query: words("tagging"), optional: words("versionId"), handle: (*request).deleteTagging},
	{name: "GetObjectAcl", method: "GET", level: atObject, query: words("acl"), optional: words("versionId"), handle: (*request).objectACL},
	{name: "PutObjectAcl", method: "PUT", level: atObject, query: words("acl"), optional: words("versionId"), handle: (*request).putObjectACL},
	{name: "GetObjectLegalHold", method: "GET", level: atObject, query: words("legal-hold"), optional: words("versionId"), handle: unset("NoSuchObjectLockConfiguration")},
	{name: "GetObjectRetention", method: "GET", level: atObject, query: words("retention"), optional: words("versionId"), handle: unset("NoSuchObjectLockConfiguration")},

	{name: "CreateMultipartUpload", method: "POST", level: atObject, query: words("uploads"), handle: (*request).plain},
	{name: "UploadPart", method: "PUT", level: atObject, query: words("uploadId partNumber"), handle: (*request).uploadPart},
	{name: "UploadPartCopy", method: "PUT", level: atObject, query: words("uploadId partNumber"), header: "X-Amz-Copy-Source", handle: (*request).copyPart},
	{name: "ListParts", method: "GET", level: atObject, query: words("uploadId"), optional: words("max-parts part-number-marker encoding-type"), handle: (*request).listParts},
	{name: "CompleteMultipartUpload", method: "POST", level: atObject, query: words("uploadId"), handle: (*request).completeUpload},
	{name: "AbortMultipartUpload", method: "DELETE", level: atObject, query: words("uploadId"), handle: (*request).plain},
}

// find returns the operation that the request asks for.
func find(q *request) (*operation, error) {
	var best *operation
	for i := range table {
		if op := &table[i]; op.matches(q) && (best == nil || op.weight() > best.weight()) {
			best = op
		}
	}
	if best == nil {
		switch q.r.Method {
		case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete:
			return nil, notImplemented("This request")
		}
		return nil, fail("MethodNotAllowed", "The method %s is not allowed.", q.r.Method)
	}
	for name := range q.query {
		if !best.takes(name) {
			return nil, notImplemented("The query parameter " + name)
		}
	}
	if id, given := q.query["uploadId"]; given && id[0] == "" {
		return nil, backend.ErrNoUpload // gofakes3 would take it for none, and a part for an object
	}
	return best, nil
}

func (op *operation) matches(q *request) bool {
	if op.method != q.r.Method || op.level != q.level() || op.header != "" && !q.hasHeader(op.header) {
		return false
	}
	for _, name := range op.query {
		if !q.query.Has(name) {
			return false
		}
	}
	return true
}

// weight says how particular an operation is about its requests.
func (op *operation) weight() int {
	if op.header != "" {
		return len(op.query) + 1
	}
	return len(op.query)
}

// takes reports whether the query of the operation may hold name.
func (op *operation) takes(name string) bool {
	if presign[name] {
		return true
	}
	for _, names := range [][]string{op.query, op.optional} {
		for _, n := range names {
			if n == name {
				return true
			}
		}
	}
	return false
}

func (q *request) level() level {
	switch {
	case q.bucket == "":
		return atService
	case q.key == "":
		return atBucket
	}
	return atObject
}

func words(s string) []string { return strings.Fields(s) }

func set(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range words(s) {
		m[w] = true
	}
	return m
}
