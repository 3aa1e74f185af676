//go:build unix

package backup

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// GiveToOwner gives files to whom a data folder belongs, if root made them: the server, which is another user, could not open
// them otherwise. Links are not followed.
func GiveToOwner(dir string, files ...string) (err error) {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("%s: whose it is cannot be told", dir)
	}
	for _, file := range files {
		err = errors.Join(err, os.Lchown(file, int(owner.Uid), int(owner.Gid)))
	}
	return err
}
