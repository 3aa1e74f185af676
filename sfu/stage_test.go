package sfu

import (
	"testing"
)

// A stage that was made again by what came after its end does not live on; one that holds something does.
func TestEmptyStageIsForgotten(t *testing.T) {
	for _, tt := range []struct {
		name string
		use  func(r *rig, s *Stage)
		kept bool
	}{
		{"asked for", func(*rig, *Stage) {}, false},
		{"fed nothing", func(r *rig, s *Stage) { r.feed(main, "", SourceCamera) }, false},
		{"a viewer that left", func(r *rig, s *Stage) {
			v, _ := r.view(bob, MonitorSlots)
			if err := v.FeedMonitor("v-thumb1", alice, SourceCamera); err != nil {
				r.t.Fatal(err)
			}
			v.Close()
			v.Wait()
			if err := v.FeedMonitor("v-thumb2", alice, SourceCamera); err != nil {
				r.t.Fatal(err)
			}
		}, false},
		{"a viewer", func(r *rig, s *Stage) { r.view(bob, StageSlots) }, true},
		{"a publisher", func(r *rig, s *Stage) { r.site(alice, markA) }, true},
		{"a feed", func(r *rig, s *Stage) { r.feed(main, alice, SourceCamera) }, true},
		{"a budget", func(r *rig, s *Stage) { s.SetBudget(1) }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.node.CloseStage("s")
			r.stage = r.node.Stage("s")
			tt.use(r, r.stage)
			r.node.tick(r.node.now() + stageIdle/2)
			if stages, _, _ := r.node.counts(); stages != 1 {
				t.Fatalf("%d stages while it may be in use", stages)
			}
			r.node.tick(r.node.now() + 2*stageIdle)
			if stages, _, _ := r.node.counts(); (stages == 1) != tt.kept {
				t.Fatalf("%d stages", stages)
			}
		})
	}
}

// TestCloseWaitsForNothing: whoever closes a viewer or a whole stage goes on at once, though a transport takes its time
// and a shard stands still; who waits, waits for all of it.
func TestCloseWaitsForNothing(t *testing.T) {
	r := newRig(t)
	r.feed(main, alice, SourceCamera)
	a := r.site(alice, markA)
	v, w := r.view(bob, StageSlots)
	_, other := r.view("C00009", StageSlots)
	w.ends, other.ends = make(chan struct{}), make(chan struct{})
	w.hold = make(chan struct{})
	a.video(0, 1, true) // the shard now waits for the viewer's line
	v.Close()
	r.stage.removePublisher(a.pub) // it has no connection to close
	r.node.CloseStage("s")
	if err := r.stage.Feed(main, alice, SourceCamera); err != nil {
		t.Error(err)
	}
	select {
	case <-v.ended:
		t.Error("it has ended though its transport has not")
	default:
	}
	if _, viewers, _ := r.node.counts(); viewers != 0 {
		t.Errorf("%d viewers are still counted", viewers)
	}
	close(w.hold)
	close(w.ends)
	v.Wait()
	close(other.ends) // for which the node waits
}

// TestNoCallbackAfterClose: what a transport still has to say of a closed viewer is not handed on.
func TestNoCallbackAfterClose(t *testing.T) {
	r := newRig(t)
	said := make(chan State, 8)
	v, err := r.stage.OpenViewer(ViewerParams{Slots: StageSlots, OnState: func(s State) { said <- s }})
	if err != nil {
		t.Fatal(err)
	}
	w := r.wires.last()
	v.Close()
	w.params.OnState(Connected)
	w.params.OnState(Failed)
	v.Wait()
	if len(said) > 0 {
		t.Errorf("told %v", <-said)
	}
}
