"""Change the embedding model without downtime.

Register the candidate → estimate → build its vectors beside the serving ones → compare both on the golden set → a
person approves → one UPDATE switches → the way back stays open until the old vectors are dropped.

Everything can be killed anywhere and run again. Connections must be in autocommit mode, as `Workbench.connect` gives
them.
"""

from __future__ import annotations

from ingestion.reembedding.building import build, build_batch, index_tenants
from ingestion.reembedding.candidates import candidate_spec, load_candidate, register
from ingestion.reembedding.comparing import Comparison, compare, compare_with_serving
from ingestion.reembedding.dropping import drop, drop_expired_models
from ingestion.reembedding.estimating import Estimate, estimate
from ingestion.reembedding.quality import Quality
from ingestion.reembedding.switching import previous_model, switch

__all__ = [
    "Comparison",
    "Estimate",
    "Quality",
    "build",
    "build_batch",
    "candidate_spec",
    "compare",
    "compare_with_serving",
    "drop",
    "drop_expired_models",
    "estimate",
    "index_tenants",
    "load_candidate",
    "previous_model",
    "register",
    "switch",
]
