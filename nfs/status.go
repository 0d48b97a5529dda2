package nfs

import (
	"errors"

	gonfs "github.com/willscott/go-nfs"

	"aetherfs/backend"
)

// What clients are told beside the errors of the tree.
var (
	errStale     = told(gonfs.NFSStatusStale)
	errNotDir    = told(gonfs.NFSStatusNotDir)
	errIsDir     = told(gonfs.NFSStatusIsDir)
	errNoEnt     = told(gonfs.NFSStatusNoEnt)
	errNoLink    = told(gonfs.NFSStatusInval)
	errLongName  = told(gonfs.NFSStatusNameTooLong)
	errBadCookie = told(gonfs.NFSStatusBadCookie)
	errTooSmall  = told(gonfs.NFSStatusTooSmall)
)

func told(s gonfs.NFSStatus) error { return &gonfs.NFSStatusError{NFSStatus: s} }

// statuses translates backend.Errors. What is not told may be gone when asked
// again: see patience.
var statuses = []struct {
	err    error
	status gonfs.NFSStatus
	told   bool
}{
	{backend.ErrUnavailable, 0, false},
	{backend.ErrChanged, 0, false},
	{backend.ErrNoDataset, gonfs.NFSStatusNoEnt, true},
	{backend.ErrNotFound, gonfs.NFSStatusNoEnt, true},
	{backend.ErrNoUpload, gonfs.NFSStatusNoEnt, true},
	{backend.ErrInvalidName, gonfs.NFSStatusNoEnt, true},
	{backend.ErrInvalidKey, gonfs.NFSStatusNoEnt, true},
	{backend.ErrInvalidSettings, gonfs.NFSStatusInval, true},
	{backend.ErrKeyTooLong, gonfs.NFSStatusNameTooLong, true},
	{backend.ErrCorrupt, gonfs.NFSStatusIO, true},
	{backend.ErrDenied, gonfs.NFSStatusAccess, true},
	{backend.ErrReadOnly, gonfs.NFSStatusROFS, true},
	{backend.ErrExists, gonfs.NFSStatusExist, true},
	{backend.ErrNotEmpty, gonfs.NFSStatusNotEmpty, true},
	{backend.ErrNoSpace, gonfs.NFSStatusNoSPC, true},
	{backend.ErrTooLarge, gonfs.NFSStatusFBig, true},
	{backend.ErrRange, gonfs.NFSStatusInval, true},
	{backend.ErrPrecondition, gonfs.NFSStatusInval, true},
	{backend.ErrNotModified, gonfs.NFSStatusInval, true},
	{backend.ErrInvalidPart, gonfs.NFSStatusInval, true},
	{backend.ErrPartOrder, gonfs.NFSStatusInval, true},
	{backend.ErrPartTooSmall, gonfs.NFSStatusInval, true},
	{backend.ErrBadDigest, gonfs.NFSStatusInval, true},
}

// statusOf returns what to tell a client, or false if it is to be told nothing.
func statusOf(err error) (gonfs.NFSStatus, bool) {
	var known *gonfs.NFSStatusError
	switch {
	case errors.As(err, &known):
		return known.NFSStatus, true
	case errors.Is(err, errBadHandle):
		return gonfs.NFSStatusBadHandle, true
	}
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return s.status, s.told
		}
	}
	return 0, false
}

// stale makes of an error that there is nothing, one that a handle names what
// was.
func stale(err error) error {
	if status, ok := statusOf(err); ok && status == gonfs.NFSStatusNoEnt {
		return errStale
	}
	return err
}
