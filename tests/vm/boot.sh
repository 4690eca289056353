#!/bin/sh
# Runs test programs on a machine that has cgroup v2 and nothing else: Debian's cloud kernel in an
# emulated PC, with as much of this machine's /usr as the tests need. Needs no KVM and no network once
# the kernel is there; times measured inside mean nothing, causes and counters do. A machine that
# hangs is given up after MINOS_VM_SECONDS, and a kernel that panics ends it at once.
#
#   tests/vm/boot.sh fetch             the kernel into the cache, once (apt-get download; as root)
#   tests/vm/boot.sh run COMMAND ...   boots and runs each command in turn: the path of a program
#                                      and its arguments, split at spaces. Exits 0 when all did
#
# MINOS_VM_WITH names files and directories that the programs look for where they lie here.
# MINOS_CACHE (default ~/.cache/minos) holds the kernel; MINOS_VM_KERNEL names another one;
# MINOS_VM_SECONDS (default 600) is when the machine is given up.
# Packages: qemu-system-x86 busybox-static cpio gcc libc6-dev.
set -eu

cache=${MINOS_CACHE:-$HOME/.cache/minos}/vm
kernel=${MINOS_VM_KERNEL:-$cache/vmlinuz}
seconds=${MINOS_VM_SECONDS:-600}

fail() {
    echo "vm: $1" >&2
    exit 3
}

fetch() {
    [ -e "$kernel" ] && return
    # The package that the current one depends on: linux-image-6.1.0-NN-cloud-amd64.
    package=$(apt-cache depends linux-image-cloud-amd64 |
        sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
    [ -n "$package" ] || fail "no linux-image-cloud-amd64 here; type: apt-get update"
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    (cd "$scratch" && apt-get download -q "$package" && dpkg -x ./*.deb .) >&2
    mkdir -p "$cache"
    # Renamed into place, so that half a kernel is never found.
    cp "$scratch"/boot/vmlinuz-* "$kernel.new"
    mv "$kernel.new" "$kernel"
}

# Copies files with the shared libraries they need, each to where it lies here.
with_libraries() {
    for file in "$@"; do
        real=$(readlink -f "$file")
        echo "$file"
        echo "$real"
        ldd "$real" 2>/dev/null | grep -o '/[^ ]*' || true
    done
}

# Everything that `gcc -static` and the boxes need, as paths, one a line.
contents() {
    cc=$(readlink -f "$(command -v gcc)")
    library=$(dirname "$("$cc" -print-libgcc-file-name)")
    libc=$(dirname "$("$cc" -print-file-name=libc.a)")
    libc=$(readlink -f "$libc")
    with_libraries /usr/bin/gcc "$cc" "$("$cc" -print-prog-name=cc1)" \
        "$("$cc" -print-prog-name=collect2)" "$(command -v as)" "$(command -v ld)" \
        ${MINOS_VM_WITH:-}
    for command in "$@"; do with_libraries "${command%% *}"; done
    find "$library" -maxdepth 1 \( -name '*.o' -o -name 'libgcc*' -o -name 'liblto*' \)
    find "$library/include"
    find "$libc" -maxdepth 1 \( -name 'crt*.o' -o -name '[MS]crt1.o' -o -name 'libc.a' \
        -o -name 'libc_nonshared.a' -o -name 'libpthread.a' -o -name 'libm.a' -o -name 'libm-*.a' \
        -o -name 'libmvec.a' -o -name 'librt.a' -o -name 'libdl.a' -o -name 'libc.so*' \
        -o -name 'libgcc_s.so*' \)
    find /usr/include -maxdepth 1 -name '*.h'
    for headers in linux asm-generic x86_64-linux-gnu rpc arpa net netinet; do
        find "/usr/include/$headers" -type f 2>/dev/null || true
    done
}

# The machine's first process: moves to a root that can be left by pivot_root, then runs the tests.
init_script() {
    cat <<'INIT'
#!/usr/bin/busybox sh
export PATH=/usr/bin:/bin HOME=/root
busybox mkdir -p /root.new
busybox mount -t tmpfs -o size=90% tmpfs /root.new
for entry in /*; do
    case $entry in /root.new | /init | /dev) ;; *) busybox cp -a "$entry" /root.new/ ;; esac
done
exec busybox switch_root /root.new /run.sh
INIT
}

run_script() {
    cat <<'RUN'
#!/usr/bin/busybox sh
export PATH=/usr/bin:/bin HOME=/root RUST_BACKTRACE=1
busybox mkdir -p /proc /sys /dev /tmp /root /var/tmp
busybox chmod 1777 /tmp
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs dev /dev
busybox mount -t cgroup2 cgroup2 /sys/fs/cgroup
busybox --install -s /usr/bin 2>/dev/null
echo "+memory +pids" > /sys/fs/cgroup/cgroup.subtree_control
echo "vm: Linux $(uname -r), $(cat /sys/fs/cgroup/cgroup.controllers)"
status=0
for program in /tests/*; do
    case $program in *.arguments) continue ;; esac
    echo "vm: $program, at $(cut -d ' ' -f 1 /proc/uptime) s"
    # As a service manager would start it: in a group of its own, which it may divide.
    group=/sys/fs/cgroup/$(basename "$program")
    mkdir "$group"
    (echo 0 > "$group/cgroup.procs"; cd /tmp && exec "$program" $(cat "$program.arguments"))
    code=$?
    echo "vm: $program ended with $code"
    [ $code -eq 0 ] || status=1
done
echo "vm: status $status"
busybox poweroff -f
RUN
}

# A root directory with all that, as a cpio archive.
archive() {
    root=$1
    shift
    mkdir -p "$root/usr/bin" "$root/etc" "$root/tests"
    for link in bin sbin lib lib64; do
        if [ -L "/$link" ]; then ln -s "$(readlink "/$link")" "$root/$link"; else mkdir "$root/$link"; fi
    done
    mkdir -p "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64"
    contents "$@" | sed 's|^//*|/|' | sort -u > "$root/../list"
    # Paths through /lib and /bin land in /usr where those are links.
    tar -C / -chf - -T "$root/../list" --ignore-failed-read 2>/dev/null |
        tar -C "$root" --keep-directory-symlink -xf -
    cp "$(command -v busybox)" "$root/usr/bin/busybox"
    ln -sf busybox "$root/usr/bin/sh"
    cp /etc/passwd /etc/group "$root/etc/"
    init_script > "$root/init"
    run_script > "$root/run.sh"
    chmod 755 "$root/init" "$root/run.sh"
    number=0
    for command in "$@"; do
        number=$((number + 1))
        program=${command%% *}
        name=$number-$(basename "$program")
        cp "$program" "$root/tests/$name"
        case $command in *' '*) arguments=${command#* } ;; *) arguments= ;; esac
        printf '%s' "$arguments" > "$root/tests/$name.arguments"
    done
    (cd "$root" && find . | cpio --quiet -o -H newc) > "$root/../initrd"
}

run() {
    [ -e "$kernel" ] || fail "no kernel at $kernel; type: cargo xtask vm (or tests/vm/boot.sh fetch)"
    for tool in qemu-system-x86_64 busybox cpio gcc; do
        command -v "$tool" > /dev/null ||
            fail "no $tool; type: apt-get install qemu-system-x86 busybox-static cpio gcc"
    done
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    mkdir "$scratch/root"
    archive "$scratch/root" "$@"
    timeout --foreground -s KILL "$seconds" qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu max \
        -smp 2 -m 1536 -nographic -no-reboot -nic none -kernel "$kernel" -initrd "$scratch/initrd" \
        -append "console=ttyS0 quiet panic=-1" < /dev/null | tee "$scratch/console" ||
        fail "the machine did not power off within $seconds s"
    grep -q '^vm: status 0' "$scratch/console"
}

verb=${1:-}
[ $# -gt 0 ] && shift
case $verb in
fetch) fetch ;;
run) run "$@" ;;
*) fail "usage: tests/vm/boot.sh fetch | run COMMAND ..." ;;
esac
