package kv

// Writing runs f as what writes to the folder.
func (d *DB) Writing(f func() error) error { return d.writing(f) }
