package s3api

import (
	"net/http"
)

// There is one owner, who may do everything, and nobody else: the ACL of every
// bucket and object says so, and no other can be set.

var errACL = fail("AccessControlListNotSupported", "The bucket does not allow ACLs.")

// refuseACL refuses a canned ACL that would let others in.
func (q *request) refuseACL() error {
	switch q.header.Get("X-Amz-Acl") {
	case "", "private", "bucket-owner-full-control":
		return nil
	case "public-read", "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read", "log-delivery-write":
		return errACL
	}
	return fail("InvalidArgument", "The canned ACL %q is not known.", q.header.Get("X-Amz-Acl"))
}

func (q *request) bucketACL() error {
	if _, err := q.tree.Dataset(q.ctx, q.bucket); err != nil {
		return err
	}
	return q.sendACL()
}

func (q *request) objectACL() error {
	if err := q.statNull(); err != nil {
		return err
	}
	return q.sendACL()
}

func (q *request) putBucketACL() error {
	if err := q.readACL(); err != nil {
		return err
	}
	if _, err := q.tree.Dataset(q.ctx, q.bucket); err != nil {
		return err
	}
	return q.sendEmpty(http.StatusOK)
}

func (q *request) putObjectACL() error {
	if err := q.readACL(); err != nil {
		return err
	}
	if err := q.statNull(); err != nil {
		return err
	}
	return q.sendEmpty(http.StatusOK)
}

// statNull makes sure that the object exists, and in the version asked for.
func (q *request) statNull() error {
	if err := q.checkVersion(); err != nil {
		return err
	}
	_, err := q.tree.Stat(q.ctx, q.path)
	return err
}

func (q *request) sendACL() error {
	d := newDoc()
	d.root("AccessControlPolicy")
	d.owner("Owner")
	d.open("AccessControlList")
	d.open("Grant")
	d.b = append(d.b, `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">`...)
	d.elem("ID", ownerID)
	d.elem("DisplayName", ownerName)
	d.close("Grantee")
	d.elem("Permission", "FULL_CONTROL")
	d.close("Grant")
	d.close("AccessControlList")
	d.close("AccessControlPolicy")
	return q.sendXML(http.StatusOK, d.bytes())
}

// readACL accepts the ACL that is there already, canned or spelt out, as a
// client may send back what it has read.
func (q *request) readACL() error {
	if err := q.refuseACL(); err != nil {
		return err
	}
	var doc struct {
		AccessControlList struct {
			Grant []struct {
				Grantee    struct{ ID, URI, EmailAddress string }
				Permission string
			}
		}
	}
	if err := q.readXML("AccessControlPolicy", maxBucketXML, &doc); err != nil {
		return err
	}
	for _, g := range doc.AccessControlList.Grant {
		if g.Grantee.ID != ownerID || g.Grantee.URI != "" || g.Grantee.EmailAddress != "" || g.Permission != "FULL_CONTROL" {
			return errACL
		}
	}
	return nil
}
