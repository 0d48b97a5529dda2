package crashdisk

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"runtime"
	"strings"
	"syscall"
	"time"

	"aetherfs/internal/store/dirstore"
)

// syncYields is how often SyncDir lets others run: enough for a few calls of
// each of several writers.
const syncYields = 20

// session is a process that has the disk open.
type session struct{ d *Disk }

var _ dirstore.Disk = (*session)(nil)

func (s *session) do(op Op, name string, effect func() error) error {
	return s.d.do(s, Call{Op: op, Name: name}, nil, effect)
}

func (s *session) Create(name string) (dirstore.File, error) {
	var n *node
	err := s.do(OpCreate, name, func() error {
		n = &node{modified: s.d.now()}
		return s.d.place(name, n, false)
	})
	if err != nil {
		return nil, err
	}
	return &file{s: s, name: name, node: n}, nil
}

func (s *session) Open(name string) (dirstore.File, error) {
	var n *node
	err := s.do(OpOpen, name, func() (err error) {
		n, err = s.d.find(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &file{s: s, name: name, node: n}, nil
}

func (s *session) ReadDir(name string) ([]fs.FileInfo, error) {
	var infos []fs.FileInfo
	err := s.do(OpReadDir, name, func() error {
		dir, err := s.d.findFolder(name)
		if err != nil {
			return err
		}
		for name, n := range dir.names {
			infos = append(infos, n.info(name))
		}
		return nil
	})
	return infos, err
}

func (s *session) Mkdir(name string) error {
	return s.do(OpMkdir, name, func() error { return s.d.place(name, newFolder(), false) })
}

func (s *session) Link(from, to string) error {
	return s.do(OpLink, to, func() error {
		n, err := s.d.find(from)
		if err != nil {
			return err
		}
		return s.d.place(to, n, false)
	})
}

func (s *session) Rename(from, to string) error {
	return s.do(OpRename, to, func() error {
		n, err := s.d.find(from)
		if err != nil {
			return err
		}
		if err := s.d.place(to, n, true); err != nil {
			return err
		}
		return s.d.remove(from)
	})
}

func (s *session) Remove(name string) error {
	return s.do(OpRemove, name, func() error { return s.d.remove(name) })
}

// SyncDir covers what was changed before the call. It takes its time, in which
// others run: what they change is not covered.
func (s *session) SyncDir(name string) error {
	var dir *node
	var covered map[string]*node
	err := s.do(OpSyncDir, name, func() (err error) {
		if dir, err = s.d.findFolder(name); err == nil {
			covered = dir.changed()
		}
		return err
	})
	if err != nil || dir == nil {
		return err
	}
	for range syncYields {
		runtime.Gosched()
	}
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	if s.d.owner != s || s.d.cut {
		return ErrOff
	}
	dir.syncNames(covered)
	return nil
}

func (s *session) Settle() error {
	return s.do(OpSettle, ".", func() error {
		s.d.root.syncAll()
		return nil
	})
}

// Close gives the disk free for the next Open.
func (s *session) Close(bool) error {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	if s.d.owner != s {
		return ErrOff
	}
	s.d.owner = nil
	return nil
}

// find returns what a name stands for. The caller of this and of what follows
// holds mu.
func (d *Disk) find(name string) (*node, error) {
	n := d.root
	if name == "." {
		return n, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if !n.folder {
			return nil, syscall.ENOTDIR
		}
		if n = n.names[part]; n == nil {
			return nil, fs.ErrNotExist
		}
	}
	return n, nil
}

func (d *Disk) findFolder(name string) (*node, error) {
	n, err := d.find(name)
	if err == nil && !n.folder {
		return nil, syscall.ENOTDIR
	}
	return n, err
}

// place gives a name to n; one that is there is replaced if over says so.
func (d *Disk) place(name string, n *node, over bool) error {
	dir, err := d.findFolder(path.Dir(name))
	if err != nil {
		return err
	}
	old := dir.names[path.Base(name)]
	if old != nil && !over {
		return fs.ErrExist
	}
	if old != nil && old.folder {
		return syscall.EISDIR
	}
	dir.set(path.Base(name), n)
	return nil
}

// remove takes a file's name away.
func (d *Disk) remove(name string) error {
	n, err := d.find(name)
	if err != nil {
		return err
	}
	if n.folder {
		return errors.New("remove of a folder")
	}
	dir, err := d.findFolder(path.Dir(name))
	if err != nil {
		return err
	}
	dir.set(path.Base(name), nil)
	return nil
}

// file is an open file of a session.
type file struct {
	s    *session
	name string
	node *node
}

func (f *file) do(op Op, effect func() error) error {
	return f.s.d.do(f.s, Call{Op: op, Name: f.name}, f.node, effect)
}

func (f *file) Write(p []byte) (int, error) {
	err := f.do(OpWrite, func() error {
		f.node.data = append(f.node.data, p...)
		f.node.modified = f.s.d.now()
		return nil
	})
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

func (f *file) ReadAt(p []byte, off int64) (n int, err error) {
	err = f.do(OpRead, func() error {
		if off < int64(len(f.node.data)) {
			n = copy(p, f.node.data[off:])
		}
		return nil
	})
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

func (f *file) Stat() (info fs.FileInfo, err error) {
	err = f.do(OpStat, func() error {
		info = f.node.info(path.Base(f.name))
		return nil
	})
	return info, err
}

func (f *file) Sync() error {
	return f.do(OpSync, func() error {
		f.node.sync()
		return nil
	})
}

func (f *file) Close() error { return nil }

// info is a node's fs.FileInfo at one moment.
type info struct {
	name     string
	size     int64
	folder   bool
	modified time.Time
}

func (n *node) info(name string) fs.FileInfo {
	return info{name: name, size: int64(len(n.data)), folder: n.folder, modified: n.modified}
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return i.modified }
func (i info) IsDir() bool        { return i.folder }
func (i info) Sys() any           { return nil }

func (i info) Mode() fs.FileMode {
	if i.folder {
		return fs.ModeDir | 0o700
	}
	return 0o600
}
