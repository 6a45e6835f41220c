"""What every door over the network stands on: tenants, keys, the queue before the model, jobs. Knows no protocol."""

from agent.service.early import Early, EarlyKind
from agent.service.hosting import Hosting, Running, running_at, server_of
from agent.service.jobs import Cancelled, Job, JobKind, JobState, Progress
from agent.service.keys import ApiKey, Keys, Scope
from agent.service.once import Answer, InProgress, Once, OtherRequest
from agent.service.queue import ModelQueue, QueueFull
from agent.service.schemas import Schemas
from agent.service.service import Service
from agent.service.tenants import DEFAULT_TENANT, Tenants, UnknownTenant

__all__ = [
    "DEFAULT_TENANT",
    "Answer",
    "ApiKey",
    "Cancelled",
    "Early",
    "EarlyKind",
    "Hosting",
    "InProgress",
    "Job",
    "JobKind",
    "JobState",
    "Keys",
    "ModelQueue",
    "Once",
    "OtherRequest",
    "Progress",
    "QueueFull",
    "Running",
    "Schemas",
    "Scope",
    "Service",
    "Tenants",
    "UnknownTenant",
    "running_at",
    "server_of",
]
