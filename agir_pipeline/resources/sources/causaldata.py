"""Public data sets that ship inside the ``causaldata`` package (MIT)."""

from importlib import import_module

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.language import _


def pull(dataset: str) -> tuple[str, bytes]:
    """File name and csv bytes of one data set; the same bytes every night.

    Raises:
        InfrastructureError: the package or the data set is not installed.
    """
    try:
        frame = import_module(f"causaldata.{dataset}").load_pandas().data
    except ImportError:
        raise InfrastructureError(
            _(
                "the data set {dataset} is not installed; install agir-pipeline with its "
                "extra 'demo'"
            ).format(dataset=dataset)
        ) from None
    return f"{dataset}.csv", frame.to_csv(index=False, lineterminator="\n").encode()
