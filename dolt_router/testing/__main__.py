"""`python -m dolt_router.testing`: see that a Dolt server can be started, building it if needed."""

from __future__ import annotations

import sys

from .binary import DoltNotFound, external_server, find_binary
from .container import docker_is_there


def main() -> int:
    """Print where the server comes from; 1 and what to do when it comes from nowhere."""
    address = external_server()
    if address is not None:
        print(f"Dolt: the server at {address[0]}:{address[1]} (DOLT_HOST, DOLT_PORT)")
        return 0
    try:
        print(f"Dolt: {find_binary()}")
    except DoltNotFound as error:
        if docker_is_there():
            print("Dolt: in a container")
            return 0
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
