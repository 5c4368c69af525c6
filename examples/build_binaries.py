"""Write the binary files of the sample corpus from their manuscripts.

Word, PowerPoint, Excel, PDF and EPUB files cannot be read in a diff, so their text is kept as Markdown under
`manuscripts/` and set from there. The same manuscripts, library versions and font give the same bytes:

    python examples/build_binaries.py           # write the files
    python examples/build_binaries.py --check   # compare with the committed files, write nothing

Korean PDFs embed the glyphs they need of Nanum Gothic, so that they show alike everywhere. The font ships in
the package `koreanize-matplotlib` (0.1.1; `--no-deps` is enough) and is cut with `fonttools`; `--fonts` names
another folder with `NanumGothic.ttf` and `NanumGothicBold.ttf`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from manuscript import Block, Document, read_blocks
from set_epub import build_epub
from set_office import build_docx, build_pptx, build_xlsx
from set_pdf import build_pdf, build_scan, build_two_columns

HERE = Path(__file__).resolve().parent
HANDBOOK = HERE / "corpus" / "handbook"

Builder = Callable[[Document, list[Block]], bytes]

DOCUMENTS = [
    Document("expenses.md", "people/expenses.docx", "Finance", "en-GB", datetime(2026, 4, 1)),
    Document("travel-expenses-ko.md", "people/출장비-정산-안내.docx", "오민재", "ko-KR", datetime(2026, 3, 2)),
    Document("security-policy.md", "engineering/security-policy.pdf", "Inês Carvalhal", "en-GB",
             datetime(2026, 8, 28)),
    Document("backup-restore-guide-ko.md", "engineering/backup-restore-guide-ko.pdf", "백승호", "ko-KR",
             datetime(2026, 8, 19)),
    Document("energy-report.md", "engineering/energy-report.pdf", "Facilities", "en-GB",
             datetime(2026, 7, 6), ("energy", "data centre"), "columns"),
    Document("fire-drill-ko.md", "people/대피-안내.pdf", "총무팀", "ko-KR", datetime(2026, 5, 11),
             style="scan"),
    Document("customer-review-ko.md", "company/3분기-고객-리뷰.pptx", "한지우", "ko-KR", datetime(2026, 10, 8),
             ("고객", "3분기")),
    Document("equipment.md", "people/equipment.xlsx", "Service desk", "en-GB", datetime(2026, 9, 15),
             ("equipment",)),
    Document("mobile-guide-ko.md", "product/모바일-앱-길잡이.epub", "고객지원팀", "ko-KR", datetime(2026, 6, 22),
             ("모바일", "길잡이")),
]  # fmt: skip


def build(document: Document, fonts: Path | None) -> bytes:
    """Return the bytes of one document; the ending of its name says in which format."""
    blocks = read_blocks((HERE / "manuscripts" / document.manuscript).read_text("utf-8"))
    if document.target.endswith(".pdf"):
        styles = {"plain": build_pdf, "columns": build_two_columns, "scan": build_scan}
        return styles[document.style](document, blocks, fonts)
    builders: dict[str, Builder] = {".docx": build_docx, ".pptx": build_pptx, ".xlsx": build_xlsx, ".epub": build_epub}
    return builders[Path(document.target).suffix](document, blocks)


def main() -> int:
    """Write the files, or with `--check` tell which of them differ; the exit code counts those."""
    parser = argparse.ArgumentParser(description="Write the binary files of the corpus.")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--fonts", type=Path, help="folder with NanumGothic.ttf")
    options = parser.parse_args()
    different = 0
    for document in DOCUMENTS:
        target, content = HANDBOOK / document.target, build(document, options.fonts)
        same = target.exists() and target.read_bytes() == content
        if not options.check:
            target.write_bytes(content)
        different += options.check and not same
        state = "same" if same else "differs" if options.check else "written"
        sys.stdout.write(f"{state:8} {len(content):6} bytes  {target.relative_to(HERE)}\n")
    return different


if __name__ == "__main__":
    sys.exit(main())
