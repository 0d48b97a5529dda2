package nfs

import (
	"context"
	"encoding/binary"

	gonfs "github.com/willscott/go-nfs"
)

// The library's own procedures do not do: LOOKUP tells every error as a file
// that does not exist and looks four times, READDIRPLUS lists a directory whole
// for 15 entries, READ opens the file for each block, MNT goes on after a
// refusal, and none can be told that a handle is bad or that the store is away.
// It offers no way to replace them, but any program may be added. So the
// connection redirects calls to programs of ours, whose procedures have the
// same numbers.
const ours = 0x20000000 // RFC 5531, section 13: numbers that nobody is given

func init() {
	gonfs.Log.SetLevel(gonfs.PanicLevel) // it writes to standard error; we have a log
	for program, procedures := range operations {
		for number := range procedures {
			if err := gonfs.RegisterMessageHandler(program|ours, number, answer); err != nil {
				panic(err)
			}
		}
	}
}

// programAt is the offset of the number of the program in a call.
const programAt = 12

// redirect makes a record call the program of ours in place of the standard's.
func redirect(record []byte) {
	program := record[programAt:]
	binary.BigEndian.PutUint32(program, binary.BigEndian.Uint32(program)|ours)
}

// answer is the library's handler of all operations. The library calls it with
// a type of its own that has no name outside.
func answer[W interface{ Write([]byte) error }](ctx context.Context, w W, h gonfs.Handler) error {
	s := h.(*session)
	results, err := s.results(ctx)
	if err != nil {
		s.conn.sever() // the reply that the library makes of it is not sent
		return err
	}
	return w.Write(results)
}

// operation is what answers a procedure.
type operation struct {
	// run returns the results behind the status of success.
	run func(*view, context.Context, *fields) (encoder, error)

	// missing is the words that stand behind another status, all zero: the
	// attributes that are left out.
	missing int
}

// operations are those of the procedures in the table of the connection that it
// does not answer itself.
var operations = map[uint32]map[uint32]operation{
	nfsProgram: {
		uint32(gonfs.NFSProcedureGetAttr):     {(*view).getattr, 0},
		uint32(gonfs.NFSProcedureLookup):      {(*view).lookup, postOpAttr},
		uint32(gonfs.NFSProcedureAccess):      {(*view).access, postOpAttr},
		uint32(gonfs.NFSProcedureReadlink):    {(*view).readlink, postOpAttr},
		uint32(gonfs.NFSProcedureRead):        {(*view).read, postOpAttr},
		uint32(gonfs.NFSProcedureReadDir):     {(*view).readdir, postOpAttr},
		uint32(gonfs.NFSProcedureReadDirPlus): {(*view).readdirplus, postOpAttr},
		uint32(gonfs.NFSProcedureFSStat):      {(*view).fsstat, postOpAttr},
		uint32(gonfs.NFSProcedureFSInfo):      {(*view).fsinfo, postOpAttr},
		uint32(gonfs.NFSProcedurePathConf):    {(*view).pathconf, postOpAttr},
	},
	mountProgram: {
		uint32(gonfs.MountProcMount): {(*view).mount, 0},
	},
}
