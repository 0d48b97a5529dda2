package files

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"aetherfs/internal/auth"
)

// identify finds out who asks: by Basic authentication, else, unless the
// handler is a drive's, by a signature. byLink: that of a presigned URL.
func (h *Handler) identify(r *http.Request) (who auth.Identity, byLink bool, err error) {
	if user, password, ok := r.BasicAuth(); ok {
		who, err = h.o.Verifier.VerifyBasic(r.Context(), user, password)
		return who, false, asRefusal(err)
	}
	if h.o.Drive {
		return who, false, errNoKey
	}
	if r.URL.Query().Has("AWSAccessKeyId") {
		if r = h.asSignedV2(r); r == nil {
			return who, false, errNoKey
		}
	}
	signed, err := h.o.Verifier.Verify(r, "")
	if err != nil {
		return who, false, asRefusal(err)
	}
	return signed.Identity, len(r.Header["Authorization"]) == 0, nil
}

// v2Params is how many parameters a link of version 2 has. Any other could be
// signed to ask S3 for something else about a file than its bytes.
const v2Params = 3

// asSignedV2 returns the request that a link of version 2 was signed for, nil if
// it is not one for a file. The aws command line, which makes such links by
// default, signs the path without that of the endpoint: what S3 serves under the
// link is the same file.
func (h *Handler) asSignedV2(r *http.Request) *http.Request {
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), strings.TrimSuffix(h.o.Prefix, "/"))
	decoded, err := url.PathUnescape(path)
	if !ok || err != nil || strings.HasSuffix(path, "/") || len(r.URL.Query()) != v2Params {
		return nil
	}
	r = r.Clone(r.Context())
	r.URL.Path, r.URL.RawPath = decoded, path
	return r
}

var errNoKey = &failure{status: http.StatusUnauthorized, message: "an access key and its secret are needed"}

// asRefusal says why somebody was not let through.
func asRefusal(err error) error {
	if err == nil {
		return nil
	}
	f := &failure{status: http.StatusUnauthorized, message: errNoKey.message + ", or a signed link", err: err}
	var refused *auth.Error
	if errors.As(err, &refused) {
		f.message += ": " + refused.Message
		if refused.Code == auth.ServiceUnavailable {
			f.status, f.message = http.StatusServiceUnavailable, refused.Message
		}
	}
	return f
}
