package s3api

// What one request may ask of us. Where no source is named, the number is
// that of Amazon S3's documentation.
const (
	maxDeleteKeys  = 1000 // in one DeleteObjects
	maxListKeys    = 1000 // in one page of a listing of keys, versions or uploads
	maxListParts   = 1000 // in one page of parts
	maxBuckets     = 10_000
	maxMetaBytes   = 2 << 10 // of user metadata, names without their prefix and values
	maxTags        = 10
	maxTagName     = 128 // UTF-16 units, of a tag's name
	maxTagValue    = 256 // UTF-16 units, of a tag's value
	maxHeaderETags = 64  // in one If-Match or If-None-Match; ours

	// A key of 1,024 bytes takes up to six times that as character references;
	// a thousand of ordinary length fit well. Ours.
	maxDeleteXML = 2 << 20

	// 10,000 parts of 180 bytes each, the length with a SHA-256. Ours.
	maxCompleteXML = 2 << 20

	maxTaggingXML = 64 << 10
	maxBucketXML  = 64 << 10 // of CreateBucket and of an ACL
	maxXMLDepth   = 16       // no request of S3's is deeper than 6

	// sendBytes is the piece of a file that a client has incoming.IdleTimeout to
	// take: it may be as slow as 2 KiB a second.
	sendBytes = 128 << 10
)
