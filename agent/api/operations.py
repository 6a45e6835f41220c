"""Whether the server is up and ready, for those who operate it: ``/health``, ``/ready``."""

from typing import Any

from fastapi import APIRouter, Request

from agent.service import Service

__all__ = ["health", "ready", "router"]

router = APIRouter(tags=["operations"])


@router.get("/health")
def health() -> dict[str, str]:
    """The process answers; nothing else is looked at."""
    return {"status": "ok"}


@router.get("/ready")
def ready(request: Request) -> dict[str, Any]:
    """Whether requests can be served, how much waits for the model, and whether it is loaded yet."""
    service: Service = request.app.state.service
    return {"status": "ok", "waiting": service.queue.depth, "model_busy": service.queue.is_busy}
