package manifest

import (
	"iter"
	"strings"
)

// MaxSettingsBytes is the most that the settings of a dataset have.
const MaxSettingsBytes = 16 << 10

// Settings are those of a dataset: bytes that mean nothing here.
type Settings struct {
	Dataset ID
	Data    []byte // shared, not to be changed
}

// SetSettings replaces the settings of a dataset: ErrNoDataset if the name is
// no longer that of ID. Without Data it takes them away.
type SetSettings struct {
	Name string
	ID   ID
	Data []byte
}

func (*SetSettings) kind() byte { return kindSetSettings }

func (r *SetSettings) encode(e *encoder) {
	e.string(r.Name)
	e.raw(r.ID[:])
	e.bytes(r.Data)
}

func decodeSetSettings(d *decoder) Record { return &SetSettings{d.string(), d.id(), d.settingsData()} }

func (d *decoder) settingsData() []byte {
	v := d.bytes()
	if len(v) > MaxSettingsBytes {
		d.fail("settings of %d bytes", len(v))
	}
	return v
}

// settings are a value of the hub's tree, at the key of their dataset.
func (e *encoder) settings(s *Settings) { e.bytes(s.Data) }

func (d *decoder) settings(key string) *Settings {
	s := &Settings{Data: d.settingsData()}
	if len(key) != len(s.Dataset) || len(s.Data) == 0 {
		d.fail("%d bytes of settings at key %q", len(s.Data), strings.Clone(key))
	}
	copy(s.Dataset[:], key)
	return s
}

// settingsKey is the key of the settings of a dataset.
func settingsKey(dataset ID) string { return string(dataset[:]) }

func (h *Hub) setSettings(r *SetSettings) error {
	if d := h.Dataset(r.Name); d == nil || d.ID != r.ID {
		return ErrNoDataset
	}
	if len(r.Data) == 0 {
		h.settings.Delete(settingsKey(r.ID))
	} else {
		h.settings.Set(settingsKey(r.ID), &Settings{r.ID, r.Data})
	}
	return nil
}

// Settings returns what the settings of a dataset hold, which is not to be
// changed; nil: there are none.
func (h *Hub) Settings(dataset ID) []byte {
	if s, ok := h.settings.Get(settingsKey(dataset)); ok {
		return s.Data
	}
	return nil
}

// AllSettings yields the settings that datasets have, by their ids.
func (h *Hub) AllSettings() iter.Seq[*Settings] {
	return func(yield func(*Settings) bool) {
		h.settings.Scan(func(_ string, s *Settings) bool { return yield(s) })
	}
}
