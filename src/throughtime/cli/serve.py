"""`throughtime seq2seq serve`, with the web packages that the other commands do without."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from throughtime.cli.models import pipeline_of
from throughtime.seq2seq.config import EnsembleConfig, SearchConfig
from throughtime.seq2seq.folder import PHRASEBOOK_MODEL
from throughtime.studio.config import ServeConfig
from throughtime.studio.server import serve as serve_until_stopped
from throughtime.studio.translation import application


def serve(
    model: Annotated[Path, Parameter(help="A model file.")] = PHRASEBOOK_MODEL,
    *,
    limits: Annotated[ServeConfig, Parameter(name="*", group="Server")] = ServeConfig(),  # noqa: B008
    members: Annotated[EnsembleConfig, Parameter(name="*", group="Ensemble")] = EnsembleConfig(),  # noqa: B008
    search: Annotated[SearchConfig, Parameter(name="*", group="Search")] = SearchConfig(),  # noqa: B008
) -> None:
    """Serve a model over HTTP until Ctrl-C; lines of all who ask are translated together.

    POST /translate takes {"text": a line, or a list of lines} and gives the translations of each.
    """
    serve_until_stopped(application(pipeline_of(model, members, search), limits), limits)
