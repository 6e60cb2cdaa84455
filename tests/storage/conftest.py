"""What all storage tests may ask for."""

from tests.objects_server import object_server

__all__ = ["object_server"]
