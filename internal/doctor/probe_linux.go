package doctor

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// KernelBuffers reads how large a socket's buffers may be, and judges that.
func KernelBuffers() Finding {
	receive, err := readNumber("/proc/sys/net/core/rmem_max")
	if err != nil {
		return unknown("net.core.rmem_max", err)
	}
	send, err := readNumber("/proc/sys/net/core/wmem_max")
	if err != nil {
		return unknown("net.core.wmem_max", err)
	}
	return UDPBuffers(receive, send)
}

func readNumber(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// KernelClock asks the kernel whether its clock is synchronised, and judges that.
func KernelClock() Finding {
	var t unix.Timex
	state, err := unix.Adjtimex(&t) // changes nothing without modes
	if err != nil {
		return unknown("the clock", err)
	}
	adjtime, _ := os.ReadFile("/etc/adjtime") // without it the hardware clock runs in UTC
	return Clock(state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0, bytes.Contains(adjtime, []byte("LOCAL")), time.Now())
}

// Folder judges the file system under a folder.
func Folder(dir string) (kind, space Finding) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		f := Finding{LevelFail, err.Error(), "a data folder that is there (--data)"}
		return f, f
	}
	return Filesystem(kindOf(int64(st.Type))), Space(st.Bavail * uint64(st.Bsize)) //nolint:unconvert,gosec // differs by machine
}

func kindOf(magic int64) string {
	switch magic {
	case unix.NFS_SUPER_MAGIC:
		return "nfs"
	case unix.CIFS_SUPER_MAGIC:
		return "cifs"
	case unix.SMB2_SUPER_MAGIC:
		return "smb2"
	case unix.FUSE_SUPER_MAGIC:
		return "fuse"
	case unix.TMPFS_MAGIC:
		return "tmpfs"
	case unix.OVERLAYFS_SUPER_MAGIC:
		return "overlay"
	case unix.EXT4_SUPER_MAGIC:
		return "ext4"
	case unix.XFS_SUPER_MAGIC:
		return "xfs"
	case unix.BTRFS_SUPER_MAGIC:
		return "btrfs"
	}
	return "a local file system"
}
