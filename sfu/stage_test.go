package sfu

import "testing"

// A stage that was made again by what came after its end does not live on; one that holds something does.
func TestEmptyStageIsForgotten(t *testing.T) {
	for _, tt := range []struct {
		name string
		use  func(r *rig, s *Stage)
		kept bool
	}{
		{"asked for", func(*rig, *Stage) {}, false},
		{"fed nothing", func(r *rig, s *Stage) { r.feed(main, "", Camera) }, false},
		{"a viewer that left", func(r *rig, s *Stage) {
			v, _ := r.view(bob, MonitorSlots)
			if err := v.FeedMonitor("v-thumb1", alice, Camera); err != nil {
				r.t.Fatal(err)
			}
			if err := v.Close(); err != nil {
				r.t.Fatal(err)
			}
			if err := v.FeedMonitor("v-thumb2", alice, Camera); err != nil {
				r.t.Fatal(err)
			}
		}, false},
		{"a viewer", func(r *rig, s *Stage) { r.view(bob, StageSlots) }, true},
		{"a publisher", func(r *rig, s *Stage) { r.site(alice, markA) }, true},
		{"a feed", func(r *rig, s *Stage) { r.feed(main, alice, Camera) }, true},
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
