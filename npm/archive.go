package npm

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"time"
)

// File is a file of a package.
type File struct {
	Path string // in the package, with slashes
	Mode fs.FileMode
	Data []byte
}

// packed is the modification time of all files, the same that npm pack uses. Zip
// files, which yarn makes of packages, can't hold a time before 1980.
var packed = time.Date(1985, 10, 26, 8, 15, 0, 0, time.UTC)

// Archive packs the files of a package, in their order. The tarball contains nothing
// that depends on the machine.
func Archive(files []File) ([]byte, error) {
	var data bytes.Buffer
	zip, err := gzip.NewWriterLevel(&data, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	archive := tar.NewWriter(zip)
	for _, f := range files {
		header := &tar.Header{
			Name: "package/" + f.Path, Mode: int64(f.Mode.Perm()), Size: int64(len(f.Data)), ModTime: packed, Format: tar.FormatUSTAR,
		}
		if err := archive.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := archive.Write(f.Data); err != nil {
			return nil, err
		}
	}
	err = errors.Join(archive.Close(), zip.Close())
	return data.Bytes(), err
}
