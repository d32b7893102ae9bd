from tests.methods.mechanism.conftest import employment

__all__ = ["employment"]
