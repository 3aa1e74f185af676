#!/usr/bin/env bash
# Makes dist/: for each machine a Debian package and a tarball, a list of what is in the binary (SBOM, CycloneDX), checksums.
# The same commit gives the same bytes: no time of the build, no path, no name of a machine goes in.
set -euo pipefail
cd "$(dirname "$0")/.."

NFPM=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.43.4
SBOM=github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.9.0
# By the heading of CHANGES.md: 0.2.0, or 0.2.0~COMMIT before it is released.
heading=$(grep -m1 '^## ' CHANGES.md)
VERSION=$(awk '{print $2}' <<<"$heading")
[[ $heading != *unreleased* ]] || VERSION+="~$(git log -1 --format=%cs | tr -d -)-$(git rev-parse --short=10 HEAD)"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
BUILT=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
MAINTAINER=${MAINTAINER:-diemcau <diemcau@example.vn>}
export VERSION SOURCE_DATE_EPOCH BUILT MAINTAINER

rm -rf dist
mkdir -p dist
for ARCH in ${ARCHS:-amd64 arm64}; do
	export ARCH STAGE=dist/stage-$ARCH
	folder=diemcau-$VERSION-linux-$ARCH
	mkdir -p "$STAGE/$folder"
	CGO_ENABLED=0 GOOS=linux GOARCH=$ARCH go build -trimpath -buildvcs=false \
		-ldflags="-s -w -buildid= -X 'main.released=$VERSION $(git rev-parse HEAD)'" -o "$STAGE/diemcau" ./cmd/diemcau
	GOFLAGS=-trimpath go run "$SBOM" bin -json -noserial -version "v$VERSION" -output "$STAGE/sbom.json" "$STAGE/diemcau"
	# It notes when it ran.
	sed -i "s/^    \"timestamp\": .*/    \"timestamp\": \"$BUILT\",/" "$STAGE/sbom.json"
	go run "$NFPM" package --config packaging/nfpm.yaml --packager deb --target "dist/diemcau_${VERSION}_$ARCH.deb"
	cp "$STAGE/diemcau" "$STAGE/sbom.json" configs/diemcau.example.yaml configs/diemcau.service packaging/sysctl.conf README.md LICENSE CHANGES.md "$STAGE/$folder"
	cp -r configs/roster docs "$STAGE/$folder"
	tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX -C "$STAGE" -cf - "$folder" |
		gzip -n9 >"dist/$folder.tar.gz"
	cp "$STAGE/sbom.json" "dist/$folder.sbom.json"
done
rm -rf dist/stage-*
(cd dist && sha256sum -- * >SHA256SUMS && cat SHA256SUMS)
