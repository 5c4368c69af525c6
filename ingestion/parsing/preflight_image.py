"""Find images that unpack to far more pixels than anybody scans."""

from __future__ import annotations

import io
import warnings

from ingestion.errors import Unparseable


def check_image(data: bytes, pixels: int) -> None:
    """Refuse an image with more pixels than allowed; only its header is read.

    Raises:
        Unparseable: `bomb` or `corrupt`.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own bound decides
            with Image.open(io.BytesIO(data)) as image:
                width, height = image.size
    except Image.DecompressionBombError as error:
        raise Unparseable("bomb", f"the image unpacks to too many pixels: {error}") from error
    except UnidentifiedImageError as error:  # its own message names an object in memory
        raise Unparseable("corrupt", "the file does not begin as an image of any known format") from error
    except MemoryError:
        raise
    except Exception as error:  # Pillow raises anything at all on a broken header
        raise Unparseable("corrupt", f"the image's header cannot be read: {error}") from error
    if width * height > pixels:
        raise Unparseable("bomb", f"the image has {width:,} × {height:,} pixels; {pixels:,} are allowed")
