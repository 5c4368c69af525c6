#!/bin/sh
# Stop the stack and delete everything made on this machine, by name: REGESTA_HOME may be a folder that
# also holds other things. The data goes too, so it wants to hear "yes".
set -eu
HOME_FOLDER=$(cd "${REGESTA_HOME:?}" 2>/dev/null && pwd -P) || {
    echo "Nothing to delete: there is no $REGESTA_HOME."
    exit 0
}
if [ "${1:-}" != yes ]; then
    echo "This stops the stack and deletes its environments, database, objects and logs in $HOME_FOLDER." >&2
    echo "If that is what you want: make clean CONFIRM=yes" >&2
    exit 1
fi
if [ -x "$HOME_FOLDER/venv/bin/python" ]; then
    "$HOME_FOLDER/venv/bin/python" -m regesta.cli down
fi
outside=$(sed -n "s/^REGESTA_POSTGRES_FOLDER='\{0,1\}\(.*regesta-[0-9a-f]\{12\}\)'\{0,1\}$/\1/p" "$HOME_FOLDER/settings.env" 2>/dev/null || true)
if [ -n "$outside" ]; then
    rm -rf "$outside"
fi
cd "$HOME_FOLDER"
rm -rf venv dbt-venv peers-venv uv logs run airflow s3 postgres models dbt-target settings.env stamps.json timings.json install.tsv .lock
cd ..
rmdir "$HOME_FOLDER" 2>/dev/null || echo "Other files in $HOME_FOLDER were left alone."
echo "Deleted."
