package access

import "sync"

// Downloads are what goes on for somebody whose right to it may end meanwhile: answers that are being sent, tests of lines.
type Downloads struct {
	mu  sync.Mutex
	all map[*download]struct{}
}

type download struct {
	who Identity
	cut func()
}

// NewDownloads makes the set, with nothing in it.
func NewDownloads() *Downloads { return &Downloads{all: map[*download]struct{}{}} }

// Begin notes one and how it is cut, from any goroutine, and returns what ends that.
func (d *Downloads) Begin(who Identity, cut func()) (end func()) {
	one := &download{who, cut}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all[one] = struct{}{}
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.all, one)
	}
}

// End cuts what those have who may no longer have it. It waits for nobody.
func (d *Downloads) End(refused func(Identity) bool) {
	var cut []func()
	d.mu.Lock()
	for one := range d.all {
		if refused(one.who) {
			cut = append(cut, one.cut)
		}
	}
	d.mu.Unlock()
	for _, f := range cut {
		f()
	}
}
