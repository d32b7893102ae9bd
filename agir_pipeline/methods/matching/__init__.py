"""Who is compared with whom: pairs blind to outcomes, optimal in their band, proved so.

``match`` is for any data frame; see docs/matching.md.
"""

from agir_pipeline.methods.matching.library import match

__all__ = ["match"]
