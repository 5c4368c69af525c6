#!/bin/sh
# Make the Python environments from the locks in this folder, and only what is not there yet:
#   sh requirements/install.sh main|dev|torch
# It needs Python 3.11 or 3.12 and the package index; once done, it needs neither.
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
HOME_FOLDER=${REGESTA_HOME:-$ROOT/.regesta}
(umask 077 && mkdir -p "$HOME_FOLDER/logs") # logs may tell what others should not read
HOME_FOLDER=$(cd "$HOME_FOLDER" && pwd -P)
VENV=$HOME_FOLDER/venv
DBT_VENV=$HOME_FOLDER/dbt-venv
TOOLS=$HOME_FOLDER/uv
LOCKS=$ROOT/requirements
UV=${UV:-$TOOLS/bin/uv}
export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1

fail() {
    printf '%s\n' "Error: $*" >&2
    exit 1
}

# part NAME COMMAND…: run it quietly and say how long it took; when it fails, show the end of its log.
part() {
    name=$1 log=$HOME_FOLDER/logs/install-$1.log begun=$(date +%s)
    shift
    if ! "$@" >"$log" 2>&1; then
        tail -n 25 "$log" >&2
        fail "$name could not be installed; all of it is in $log"
    fi
    seconds=$(($(date +%s) - begun))
    printf '✓ %-22s%6s s\n' "install $name" "$seconds"
    printf 'install %s\t%s\t%s\n' "$name" "$seconds" "$(date -u +%Y-%m-%dT%H:%M:%S+00:00)" >>"$HOME_FOLDER/install.tsv"
}

# stamp FILE…: what a finished install is known by: the locks' bytes and the folder it was made in.
stamp() {
    printf '%s %s' "$(cat "$@" | cksum)" "$HOME_FOLDER"
}

# fresh ENVIRONMENT NAME FILE…: the environment works and was made from exactly these files.
fresh() {
    environment=$1 mark=$1/.made-from-$2
    shift 2
    [ -f "$mark" ] && [ "$(cat "$mark")" = "$(stamp "$@")" ] && "$environment/bin/python" -c '' 2>/dev/null
}

find_python() {
    wanted=${PYTHON:-}
    if [ -n "$wanted" ]; then set -- "$wanted"; else set -- python3.11 python3.12 python3; fi
    for candidate in "$@"; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; then
            PYTHON=$(command -v "$candidate")
            return
        fi
    done
    fail "Python 3.11 or 3.12 is needed, and ${wanted:-no python3 here} is neither.
Debian, Ubuntu: apt-get install python3 python3-venv   macOS: brew install python@3.12
Another one: make PYTHON=/path/to/python3.12 …"
}

# A folder of its own for the installer: in a virtual environment, or, where Python was packaged
# without ensurepip, beside the system's pip.
make_tools() {
    rm -rf "$TOOLS"
    if "$PYTHON" -m venv "$TOOLS"; then
        "$TOOLS/bin/python" -m pip install --require-hashes -r "$LOCKS/uv.txt" || return 1
    elif rm -rf "$TOOLS" && "$PYTHON" -m pip --version; then
        "$PYTHON" -m pip install --require-hashes --target "$TOOLS" -r "$LOCKS/uv.txt" || return 1
    else
        echo "$PYTHON can make no virtual environment and has no pip: apt-get install python3-venv" >&2
        return 1
    fi
    stamp "$LOCKS/uv.txt" >"$TOOLS/.made-from-uv"
}

# make_environment FOLDER NAME LOCK…
# Packages are added and changed, never taken away, although `uv pip sync` would be stricter: torch is
# installed beside the lock and the development tools above it, and both must outlive an update of main.
make_environment() {
    folder=$1 mark=$1/.made-from-$2
    shift 2
    # One that was moved has programs that point to where it was.
    if ! "$folder/bin/python" -c '' || ! grep -qF "$folder" "$folder/bin/activate"; then
        "$UV" venv --clear --python "$PYTHON" "$folder" || return 1
    fi
    for lock in "$@"; do
        # Bytecode is compiled now: Airflow starts in 3 CPU seconds instead of 5.
        "$UV" pip install --python "$folder/bin/python" --no-deps --require-hashes --compile-bytecode -r "$lock" || return 1
    done
    stamp "$@" >"$mark"
}

make_project() {
    "$UV" pip install --python "$VENV/bin/python" --no-deps --no-build-isolation -e "$ROOT" || return 1
    printf '%s %s' "$(stamp "$ROOT/pyproject.toml")" "$ROOT" >"$VENV/.made-from-project"
}

# pip, not uv: where an index offers torch for several kinds of hardware, pip takes the one that fits.
make_torch() {
    pins=$HOME_FOLDER/logs/pins.txt
    # Names, versions and markers without hashes: pip would ask for the hash of everything else too.
    sed -n '/^[A-Za-z0-9]/{s/ *\\$//;p;}' "$LOCKS/main.txt" >"$pins"
    pip=$TOOLS/bin/python
    "$pip" -m pip --version >/dev/null 2>&1 || pip=$PYTHON
    "$pip" -m pip --python "$VENV/bin/python" install -r "$LOCKS/torch.txt" -c "$pins" || return 1
    stamp "$LOCKS/torch.txt" >"$VENV/.made-from-torch"
}

# An index set for pip holds for uv too.
use_index_of_pip() {
    index=${PIP_INDEX_URL:-$("$PYTHON" -m pip config get global.index-url 2>/dev/null || true)}
    if [ -n "$index" ] && [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
        export UV_DEFAULT_INDEX="$index"
    fi
}

case ${1:-main} in
    main | dev | torch) level=${1:-main} ;;
    *) fail "usage: sh requirements/install.sh main|dev|torch" ;;
esac
torch=no
if [ "$level" = torch ]; then
    torch=yes level=main
fi
# The development lock holds everything main does: once it is in, it stays.
if [ -f "$VENV/.made-from-dev" ]; then
    level=dev
fi

python_done=yes dbt_done=yes project_done=yes
fresh "$VENV" "$level" "$LOCKS/$level.txt" || python_done=no
fresh "$DBT_VENV" dbt "$LOCKS/dbt.txt" || dbt_done=no
made=$(cat "$VENV/.made-from-project" 2>/dev/null || true)
[ "$made" = "$(stamp "$ROOT/pyproject.toml") $ROOT" ] && [ "$python_done" = yes ] || project_done=no
if [ "$torch" = yes ] && fresh "$VENV" torch "$LOCKS/torch.txt"; then
    torch=no
fi
if [ "$python_done$dbt_done$project_done$torch" = yesyesyesno ]; then
    exit 0
fi

find_python
use_index_of_pip
if [ "$UV" = "$TOOLS/bin/uv" ] && ! { [ -x "$UV" ] && [ "$(cat "$TOOLS/.made-from-uv" 2>/dev/null)" = "$(stamp "$LOCKS/uv.txt")" ]; }; then
    part uv make_tools
fi
waiting=
trap '[ -z "$waiting" ] || kill "$waiting" 2>/dev/null || true' EXIT
if [ "$dbt_done" = no ]; then
    part dbt make_environment "$DBT_VENV" dbt "$LOCKS/dbt.txt" &
    waiting=$!
fi
if [ "$python_done" = no ]; then
    part "$level" make_environment "$VENV" "$level" "$LOCKS/$level.txt"
fi
if [ "$project_done" = no ]; then
    part project make_project
fi
if [ "$torch" = yes ]; then
    part torch make_torch
fi
if [ -n "$waiting" ]; then
    wait "$waiting"
    waiting=
fi
