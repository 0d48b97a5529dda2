package s3api

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Everything has one owner: whoever holds credentials sees the same tree.
const (
	ownerID   = "aetherfs"
	ownerName = "aetherfs"
)

func (d *doc) owner(element string) {
	d.open(element)
	d.elem("ID", ownerID)
	d.elem("DisplayName", ownerName)
	d.close(element)
}

// listBuckets answers itself: gofakes3 names an owner of its own and has no
// pages.
func (q *request) listBuckets() error {
	limit, err := q.number("max-buckets", maxBuckets, 1, maxBuckets)
	if err != nil {
		return err
	}
	after, err := q.token()
	if err != nil {
		return err
	}
	prefix := q.query.Get("prefix")
	region := q.query.Get("bucket-region")

	d := newDoc()
	d.root("ListAllMyBucketsResult")
	d.owner("Owner")
	d.open("Buckets")
	last, n, more := "", 0, false
	for info, err := range q.tree.Datasets(q.ctx) {
		if err != nil {
			return err
		}
		if info.Name <= after || !strings.HasPrefix(info.Name, prefix) || region != "" && region != q.Region {
			continue
		}
		if more = n == limit; more {
			break
		}
		d.open("Bucket")
		d.elem("Name", info.Name)
		d.time("CreationDate", info.Created)
		d.elem("BucketRegion", q.Region)
		d.close("Bucket")
		last, n = info.Name, n+1
	}
	d.close("Buckets")
	d.some("Prefix", prefix)
	if more {
		d.elem("ContinuationToken", seal(last))
	}
	d.close("ListAllMyBucketsResult")
	return q.sendXML(http.StatusOK, d.bytes())
}

// createBucket answers itself: gofakes3 refuses names such as "a.bc", which
// S3's rules allow.
func (q *request) createBucket() error {
	if err := q.refuseACL(); err != nil {
		return err
	}
	var conf struct {
		LocationConstraint string
		Location           *struct{} // of directory buckets
		Bucket             *struct{}
		Tags               *struct{}
	}
	if err := q.readXML("CreateBucketConfiguration", maxBucketXML, &conf); err != nil {
		return err
	}
	switch {
	case conf.Location != nil || conf.Bucket != nil:
		return notImplemented("A directory bucket")
	case conf.Tags != nil:
		return notImplemented("A tagged bucket")
	case conf.LocationConstraint != "" && conf.LocationConstraint != q.Region:
		return fail("IllegalLocationConstraintException", "The location constraint %q is not the region of this server, %q.",
			conf.LocationConstraint, q.Region)
	}
	if err := q.tree.CreateDataset(q.ctx, q.bucket); err != nil {
		return err
	}
	q.w.Header().Set("Location", "/"+q.bucket)
	return q.sendEmpty(http.StatusOK)
}

func (q *request) headBucket() error {
	q.w.Header().Set("x-amz-bucket-region", q.Region)
	return q.plain()
}

func (q *request) bucketLocation() error {
	if _, err := q.tree.Dataset(q.ctx, q.bucket); err != nil {
		return err
	}
	region := q.Region
	if region == "us-east-1" { // it has no name here
		region = ""
	}
	d := newDoc()
	d.root("LocationConstraint")
	d.text(region)
	d.close("LocationConstraint")
	return q.sendXML(http.StatusOK, d.bytes())
}

// configured answers for a setting that buckets have but cannot change: with
// the document of a bucket on which it was never set.
func configured(root, inner string) func(*request) error {
	return func(q *request) error {
		if _, err := q.tree.Dataset(q.ctx, q.bucket); err != nil {
			return err
		}
		d := newDoc()
		d.root(root)
		d.b = append(d.b, inner...)
		d.close(root)
		return q.sendXML(http.StatusOK, d.bytes())
	}
}

// unset answers for a setting that no bucket or object has.
func unset(code string) func(*request) error {
	return func(q *request) error {
		if _, err := q.tree.Dataset(q.ctx, q.bucket); err != nil {
			return err
		}
		if q.key != "" {
			if err := q.statNull(); err != nil {
				return err
			}
		}
		return fail(code, "This is not configured.")
	}
}

// number reads a number from the query: def if it is not there, and no more
// than most. Below least it is refused.
func (q *request) number(name string, def, least, most int) (int, error) {
	s := q.query.Get(name)
	if s == "" {
		return def, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least {
		return 0, &Error{
			Code: "InvalidArgument", Message: "Argument " + name + " must be a number of at least " + strconv.Itoa(least) + ".",
			Fields: []Field{{"ArgumentName", name}, {"ArgumentValue", s}},
		}
	}
	return min(n, most), nil
}

// checkVersion refuses any version but "null", the one that every object of
// a bucket without versions has.
func (q *request) checkVersion() error {
	if v, given := q.query["versionId"]; given && v[0] != "null" {
		return &Error{
			Code: "InvalidArgument", Message: "Invalid version id specified.",
			Fields: []Field{{"ArgumentName", "versionId"}, {"ArgumentValue", v[0]}},
		}
	}
	return nil
}

// httpTime is t as HTTP headers say it.
func httpTime(t time.Time) string { return t.UTC().Format(http.TimeFormat) }

// quoted is an ETag as HTTP headers say it.
func quoted(etag string) string { return `"` + etag + `"` }

// unquoted is the inverse of quoted; some clients leave the quotes out.
func unquoted(etag string) string { return strings.Trim(etag, `"`) }
