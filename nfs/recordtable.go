package nfs

const (
	nfsProgram    = 100003
	mountProgram  = 100005
	latestVersion = 3 // of either
)

// A procedure is one that clients may call.
type procedure struct {
	name string // as metrics call it

	// args are the fields that the library decodes. Nothing but their bytes
	// reaches it.
	args []func(*fields)

	// answer returns the results of a call that needs no library. It is nil for
	// one that does.
	answer func(*connOptions) ([]byte, error)
}

// since is the first version of its program that a procedure is answered in.
// What MOUNT says without handles has been the same from the first on.
func (p procedure) since(program uint32) uint32 {
	if program == mountProgram && p.answer != nil {
		return 1
	}
	return latestVersion
}

// procedures are those of each program, by their numbers (RFC 1813).
var procedures = map[uint32][]procedure{
	nfsProgram: {
		{"nfs.null", nil, nothing},
		{"nfs.getattr", handleOnly, nil},
		{"nfs.setattr", nil, readOnly(wccData)},
		{"nfs.lookup", []func(*fields){(*fields).handle, (*fields).name}, nil},
		{"nfs.access", []func(*fields){(*fields).handle, (*fields).word}, nil},
		{"nfs.readlink", handleOnly, nil},
		{"nfs.read", []func(*fields){(*fields).handle, (*fields).offset, (*fields).count}, nil},
		{"nfs.write", nil, readOnly(wccData)},
		{"nfs.create", nil, readOnly(wccData)},
		{"nfs.mkdir", nil, readOnly(wccData)},
		{"nfs.symlink", nil, readOnly(wccData)},
		{"nfs.mknod", nil, readOnly(wccData)},
		{"nfs.remove", nil, readOnly(wccData)},
		{"nfs.rmdir", nil, readOnly(wccData)},
		{"nfs.rename", nil, readOnly(2 * wccData)},
		{"nfs.link", nil, readOnly(postOpAttr + wccData)},
		{"nfs.readdir", []func(*fields){(*fields).handle, (*fields).long64, (*fields).long64, (*fields).count}, nil},
		{"nfs.readdirplus", []func(*fields){(*fields).handle, (*fields).long64, (*fields).long64, (*fields).count, (*fields).count}, nil},
		{"nfs.fsstat", handleOnly, nil},
		{"nfs.fsinfo", handleOnly, nil},
		{"nfs.pathconf", handleOnly, nil},
		{"nfs.commit", nil, readOnly(wccData)},
	},
	mountProgram: {
		{"mount.null", nil, nothing},
		{"mount.mnt", pathOnly, nil},
		{"mount.dump", nil, dump},
		{"mount.umnt", pathOnly, nothing},
		{"mount.umntall", nil, nothing},
		{"mount.export", nil, export},
	},
}

var (
	handleOnly = []func(*fields){(*fields).handle}
	pathOnly   = []func(*fields){(*fields).path}
)

// Attributes that are left out take a word each in the results of a call.
const (
	postOpAttr = 1 // words: of the object after the call
	wccData    = 2 // words: of the object before and after the call
)

const (
	statusReadOnly    = 30 // NFS3ERR_ROFS
	statusNameTooLong = 63 // NFS3ERR_NAMETOOLONG
)

// readOnly answers what would write, with that many words of attributes.
func readOnly(attributes int) func(*connOptions) ([]byte, error) {
	results := words(append([]uint32{statusReadOnly}, make([]uint32, attributes)...)...)
	return func(*connOptions) ([]byte, error) { return results, nil }
}

// nothing answers a call without results.
func nothing(*connOptions) ([]byte, error) { return nil, nil }
