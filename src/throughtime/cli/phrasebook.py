"""Where the model of the built-in phrasebook lies unless a run says otherwise."""

from __future__ import annotations

from throughtime.application.folder import run_folder

PHRASEBOOK_MODEL = run_folder((), "phrasebook") / "best.safetensors"
