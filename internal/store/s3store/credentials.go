package s3store

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// roleTimeout is for the service that hands out a role's keys: it is on the
// machine or beside it, or not there at all.
const roleTimeout = 5 * time.Second

// errNoKeys is told by the first request rather than by a store that refuses
// an unsigned one.
var errNoKeys = errors.New("no keys for the store: set AETHERFS_STORE_ACCESS_KEY and AETHERFS_STORE_SECRET_KEY, AWS_ACCESS_KEY_ID and " +
	"AWS_SECRET_ACCESS_KEY, MINIO_ACCESS_KEY and MINIO_SECRET_KEY, or name an AWS profile")

// signers returns the keys to sign with: the options', those of the options'
// profile, or else the first there are of the environment's (AWS_*, MINIO_*),
// those of the AWS profile file, and a web identity's or a role's.
func signers(o Options) *credentials.Credentials {
	switch {
	case o.AccessKey != "":
		return credentials.New(&first{of: []credentials.Provider{static(o.AccessKey, o.SecretKey, "")}})
	case o.Profile != "":
		return credentials.New(&first{of: []credentials.Provider{profile(o)}})
	}
	all := []credentials.Provider{
		static(o.Getenv("AWS_ACCESS_KEY_ID"), o.Getenv("AWS_SECRET_ACCESS_KEY"), o.Getenv("AWS_SESSION_TOKEN")),
		static(o.Getenv("MINIO_ACCESS_KEY"), o.Getenv("MINIO_SECRET_KEY"), ""),
		static(o.Getenv("MINIO_ROOT_USER"), o.Getenv("MINIO_ROOT_PASSWORD"), ""),
		profile(o),
	}
	if o.atAmazon() || o.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != "" {
		all = append(all, role(o))
	}
	return credentials.New(&first{of: all})
}

func static(access, secret, token string) credentials.Provider {
	if access == "" || secret == "" {
		return &credentials.Static{}
	}
	return &credentials.Static{Value: credentials.Value{
		AccessKeyID: access, SecretAccessKey: secret, SessionToken: token, SignerType: credentials.SignatureV4,
	}}
}

// profile reads AWS_SHARED_CREDENTIALS_FILE, or else the file of the user.
func profile(o Options) credentials.Provider {
	file, name := o.Getenv("AWS_SHARED_CREDENTIALS_FILE"), o.Profile
	if file == "" {
		file = filepath.Join(o.Getenv("HOME"), ".aws", "credentials")
	}
	if name == "" {
		name = o.Getenv("AWS_PROFILE")
	}
	if name == "" {
		name = "default"
	}
	return &credentials.FileAWSCredentials{Filename: file, Profile: name}
}

// role asks whoever gives this machine, container or pod its keys.
func role(o Options) credentials.Provider {
	iam := &credentials.IAM{Client: &http.Client{Timeout: roleTimeout}, Region: o.Region}
	iam.EKSIdentity.TokenFile = o.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE")
	iam.EKSIdentity.RoleARN = o.Getenv("AWS_ROLE_ARN")
	iam.EKSIdentity.RoleSessionName = o.Getenv("AWS_ROLE_SESSION_NAME")
	iam.Container.AuthorizationToken = o.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	iam.Container.AuthorizationTokenFile = o.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
	iam.Container.CredentialsRelativeURI = o.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
	iam.Container.CredentialsFullURI = o.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	return iam
}

// first has the keys of the first provider that has any. Without keys it is an
// error, as an unsigned request would be refused with a message that explains
// nothing: errNoKeys, unless a provider failed, which may pass.
type first struct {
	of      []credentials.Provider
	current credentials.Provider // whose keys are in use; nil: none
}

// Retrieve belongs to the interface of a provider; without a context a provider
// uses a client of its own.
func (f *first) Retrieve() (credentials.Value, error) {
	return f.RetrieveWithCredContext(nil)
}

func (f *first) IsExpired() bool { return f.current == nil || f.current.IsExpired() }

func (f *first) RetrieveWithCredContext(cc *credentials.CredContext) (credentials.Value, error) {
	var failed []error
	mayPass := false
	for _, p := range f.of {
		value, err := p.RetrieveWithCredContext(cc)
		if err == nil && value.AccessKeyID != "" {
			f.current = p
			return value, nil
		}
		if err != nil {
			failed = append(failed, err)
			mayPass = mayPass || !errors.Is(err, fs.ErrNotExist)
		}
	}
	err := errors.Join(failed...)
	switch {
	case mayPass:
		return credentials.Value{}, fmt.Errorf("%s: %w", errNoKeys.Error(), err)
	case err != nil:
		return credentials.Value{}, fmt.Errorf("%w: %w", errNoKeys, err)
	}
	return credentials.Value{}, errNoKeys
}
