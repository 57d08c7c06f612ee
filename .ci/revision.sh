#!/bin/sh
# revision.sh HEADER SOURCE...: writes what the program is built from into a C
# header: git's name of the tree, and a hash over the sources themselves, which
# decides whether two programs compute the same.  Leaves the file alone when
# nothing has changed.
set -eu
header=$1
shift
revision=$(git describe --always --dirty 2>/dev/null || echo unknown)
hash=$(cat "$@" | sha256sum | cut -c1-32)
text=$(printf '#define TESSERA_REVISION "%s"\n#define TESSERA_SOURCE_HASH "%s"' "$revision" "$hash")
if [ ! -f "$header" ] || [ "$(cat "$header")" != "$text" ]; then
    printf '%s\n' "$text" >"$header"
fi
