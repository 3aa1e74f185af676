package sfu

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// However many join and ask for a keyframe, the sender is asked for at most two a second; and everybody sees a picture.
func TestStormOfJoins(t *testing.T) {
	r := newRig(t)
	r.feed(main, alice, SourceCamera)
	a := r.site(alice, markA)
	a.video(0, 1, true)
	r.settle()
	began := r.node.now()
	before := r.node.keyframeRequests.Load()
	var viewers []*Viewer
	asked, at := 0, time.Duration(0)
	send := func() { // at a frame rate, as no cache would hold the last keyframe else
		if now := r.node.now(); now-at > 20*time.Millisecond {
			at = now
			n := len(a.asked())
			a.tick()
			a.video(0, 1, n > asked)
			asked = n
		}
	}
	pli, err := rtcp.Marshal([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: mainSSRC}})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 200 || r.node.now()-began < 3*keyframeInterval; i++ {
		if i < 200 {
			v, err := r.stage.OpenViewer(ViewerParams{ID: fmt.Sprint(i), Owner: bob, Slots: StageSlots})
			if err != nil {
				t.Fatal(err)
			}
			if err := v.Answer(""); err != nil {
				t.Fatal(err)
			}
			v.onState(Connected)
			viewers = append(viewers, v)
		}
		for _, v := range viewers {
			v.feedback.handle(pli)
		}
		send()
	}
	took := r.node.now() - began
	if n, most := r.node.keyframeRequests.Load()-before, uint64(took/keyframeInterval)+1; n == 0 || n > most {
		t.Fatalf("%d requests in %v", n, took)
	}
	eventually(t, "everybody sees a picture", func() bool {
		send()
		for _, v := range viewers {
			if mainLeg(v).rendition.Load() != 0 {
				return false
			}
		}
		return true
	})
}

// Main and floor are heard in every packet's time while the speakers in them change.
func TestNeverSilentThroughChanges(t *testing.T) {
	r := newRig(t)
	sites := []*site{r.site(alice, markA), r.site(bob, markB), r.site("C00003", 0xcc)}
	_, w := r.view("C00009", StageSlots)
	slots := []SlotID{"a-main", "a-floor"}
	speak := func() {
		for _, c := range sites {
			c.audio()
		}
	}
	speak()
	for change := range 30 {
		for i, slot := range slots {
			r.feed(slot, sites[(change+i*(1+change%2))%3].pub.params.Owner, SourceMicrophone)
		}
		for range 3 {
			before := []int{len(r.got(w, slots[0])), len(r.got(w, slots[1]))}
			speak()
			for i, slot := range slots {
				if n := len(r.got(w, slot)) - before[i]; n != 1 {
					t.Fatalf("change %d: %d packets of %s", change, n, slot)
				}
			}
		}
	}
	for _, slot := range slots {
		got := r.got(w, slot)
		follows(t, got)
		for i, p := range got[1:] {
			if step := int32(p.Timestamp - got[i].Timestamp); step <= 0 || step > opusFrame+maxJoin {
				t.Fatalf("%s, packet %d: %d after the one before", slot, i+1, step)
			}
		}
	}
}
