"""Whether this worker lives, and whether it can answer."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from serving.api.deps import EngineDep
from serving.errors import DatabaseBusy, ModelUnavailable
from serving.metrics import count_connections

router = APIRouter(tags=["operations"])


@router.get("/health/live")
async def live() -> dict[str, str]:
    """Say that the process runs; touches nothing else."""
    return {"status": "live"}


@router.get("/health/ready", responses={503: {"description": "Not ready; `checks` says why."}})
async def ready(engine: EngineDep) -> JSONResponse:
    """Say whether questions can be answered: the database answers, and the model it serves is loaded."""
    checks = {"database": "ok", "embedding_model": "ok", "generator": engine.writer.generator_name}
    try:
        # A switch that was just made is no reason to be taken out of service: catch up with it instead.
        await engine.embedding.refresh()
    except DatabaseBusy as error:
        checks["database"] = str(error)
    except ModelUnavailable as error:
        checks["embedding_model"] = str(error)
    if engine.replica is not None:  # the primary answers without it: no reason to be taken out of service
        checks["replica"] = engine.replica.refusal or "ok"
    is_ready = checks["database"] == checks["embedding_model"] == "ok"
    return JSONResponse({"status": "ready" if is_ready else "not ready", "checks": checks}, 200 if is_ready else 503)


@router.get("/metrics", response_class=Response)
async def metrics(engine: EngineDep) -> Response:
    """Prometheus metrics; the pool is counted when it is asked for, so that no question pays for it."""
    count_connections(engine.pool.get_stats())
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
