#!/usr/bin/env bash
# The two images that Containerfile starts from, made without pulling any: Debian 12 from its
# packages, and the same with a C compiler and this machine's Rust toolchain.
# Needs root, debootstrap and docker. Then:
#
#   docker build -f deploy/container/Containerfile -t minos --network host \
#     --build-arg BUILDER=minos-builder --build-arg BASE=minos-base .
set -euo pipefail

scratch=$(mktemp -d)
trap 'rm -rf --one-file-system "$scratch"' EXIT

echo "base-images: Debian 12 (bookworm) into $scratch"
debootstrap --variant=minbase bookworm "$scratch/base" >"$scratch/log" 2>&1 || {
    tail -n 20 "$scratch/log" >&2
    exit 1
}
tar -C "$scratch/base" -c . | docker import - minos-base

toolchain=$(rustc --print sysroot)
echo "base-images: the toolchain of $toolchain"
cat >"$scratch/Dockerfile" <<'END'
FROM minos-base
RUN apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
    ca-certificates gcc libc6-dev
COPY toolchain /usr/local
ENV CARGO_HOME=/usr/local/cargo
END
mkdir "$scratch/toolchain"
cp -a "$toolchain"/bin "$toolchain"/lib "$scratch/toolchain"
docker build --network host -t minos-builder -f "$scratch/Dockerfile" "$scratch"
