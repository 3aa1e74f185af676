package signaling

const (
	costHello    = 10       // of an attachment: it is recorded, told to consoles, and opens peer connections
	bytesPerCost = 16 << 10 // of a message: a larger one costs more
)

// costOfMessage is what a message of the socket costs.
func costOfMessage(bytes int) int { return 1 + bytes/bytesPerCost }
