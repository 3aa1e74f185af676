package admission

// Few is the limit of open files below which a server for many sites should say so when it starts.
const Few = 4096

// LimitsFor divides the descriptors that a process may have: some are kept back for the record, files and the media
// sockets, some for health checks, the rest is for connections, of which no address gets more than a quarter before it
// says who it is.
func LimitsFor(descriptors int) Limits {
	back := min(max(48, descriptors/16), 512)
	total := max(16, descriptors-back)
	return Limits{
		Total: total, Reserved: min(16, total/4), Unauthenticated: min(total/2, 8192), PerAddress: min(max(8, total/4), 512), PerSeat: 16,
	}
}
