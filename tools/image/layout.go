package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Media types of the OCI image format, version 1.
const (
	indexType    = "application/vnd.oci.image.index.v1+json"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

type image struct {
	version, commit string
	created         time.Time
	programs        []program
}

type program struct {
	arch string // in Go's words, which OCI uses too
	data []byte
}

// A descriptor refers to a blob.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    *platform         `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

type index struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Manifests     []descriptor      `json:"manifests"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

type config struct {
	platform
	Created time.Time `json:"created"`
	Config  struct {
		Entrypoint []string
		Labels     map[string]string
	} `json:"config"`
	RootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
}

// files are the files of an OCI layout.
type files map[string][]byte

// tar returns the OCI layout in a tar file. Its index has one entry: the image for all
// processors, under the name of the version.
func (i image) tar() ([]byte, error) {
	layout := files{"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`)}
	all := index{SchemaVersion: 2, MediaType: indexType, Annotations: i.labels()}
	for _, p := range i.programs {
		d, err := i.add(layout, p)
		if err != nil {
			return nil, err
		}
		all.Manifests = append(all.Manifests, d)
	}
	named, err := layout.addJSON(indexType, all)
	if err != nil {
		return nil, err
	}
	named.Annotations = map[string]string{"org.opencontainers.image.ref.name": i.version}
	layout["index.json"], err = json.Marshal(index{SchemaVersion: 2, MediaType: indexType, Manifests: []descriptor{named}})
	if err != nil {
		return nil, err
	}
	return archive(layout, 0o644, i.created)
}

// add adds the image for one processor, and returns its manifest's descriptor.
func (i image) add(layout files, p program) (descriptor, error) {
	layer, err := archive(files{"proxypatch": p.data}, 0o755, i.created)
	if err != nil {
		return descriptor{}, err
	}
	compressed, err := compress(layer)
	if err != nil {
		return descriptor{}, err
	}
	c := config{platform: platform{p.arch, "linux"}, Created: i.created}
	c.Config.Entrypoint = []string{"/proxypatch"}
	c.Config.Labels = i.labels()
	c.RootFS.Type, c.RootFS.DiffIDs = "layers", []string{digest(layer)}
	configured, err := layout.addJSON(configType, c)
	if err != nil {
		return descriptor{}, err
	}
	d, err := layout.addJSON(manifestType, manifest{
		SchemaVersion: 2,
		MediaType:     manifestType,
		Config:        configured,
		Layers:        []descriptor{layout.add(layerType, compressed)},
	})
	d.Platform = &c.platform
	return d, err
}

func (i image) labels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       "proxypatch",
		"org.opencontainers.image.description": "Makes an installed NextAuth.js work behind a corporate proxy",
		"org.opencontainers.image.licenses":    "MIT",
		"org.opencontainers.image.source":      "https://github.com/proxypatch/proxypatch",
		"org.opencontainers.image.version":     i.version,
		"org.opencontainers.image.revision":    i.commit,
		"org.opencontainers.image.created":     i.created.Format(time.RFC3339),
	}
}

// add adds a blob and returns its descriptor.
func (f files) add(mediaType string, data []byte) descriptor {
	d := descriptor{MediaType: mediaType, Digest: digest(data), Size: len(data)}
	f["blobs/"+strings.Replace(d.Digest, ":", "/", 1)] = data
	return d
}

func (f files) addJSON(mediaType string, value any) (descriptor, error) {
	data, err := json.Marshal(value)
	return f.add(mediaType, data), err
}

func digest(data []byte) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256(data))
}

// archive returns a tar file whose headers name no user.
func archive(contents files, mode int64, modified time.Time) ([]byte, error) {
	var out bytes.Buffer
	writer := tar.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		header := &tar.Header{Name: name, Mode: mode, Size: int64(len(contents[name])), ModTime: modified, Format: tar.FormatUSTAR}
		if err := writer.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := writer.Write(contents[name]); err != nil {
			return nil, err
		}
	}
	err := writer.Close()
	return out.Bytes(), err
}

func compress(data []byte) ([]byte, error) {
	var out bytes.Buffer
	writer, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write(data); err != nil {
		return nil, err
	}
	err = writer.Close()
	return out.Bytes(), err
}
