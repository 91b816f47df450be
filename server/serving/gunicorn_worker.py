"""gunicorn's worker: uvicorn with our connections, one loop a process."""

import asyncio
import signal
import socket
import sys

import uvicorn
from gunicorn.arbiter import Arbiter
from uvicorn_worker import UvicornWorker

from server.serving.connections import PatientHttp


class PatientServer(uvicorn.Server):
    """uvicorn's server, which also tells a connection that comes in at the last moment that the process ends."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """uvicorn tells those that are there; one whose client keeps it busy would be cut off by gunicorn later."""
        self.config.loaded_app.strangers.is_leaving = True
        await super().shutdown(sockets)


class FrontWorker(UvicornWorker):
    """What proxies say is read by server/serving/proxies.py alone, and the access log is that of gunicorn_conf.py."""

    CONFIG_KWARGS = {
        "loop": "asyncio", "http": PatientHttp, "ws": "none", "lifespan": "on", "interface": "asgi3",
        "proxy_headers": False, "server_header": False, "access_log": False,
    }  # fmt: skip

    def run(self) -> None:
        """Serve until gunicorn's first process, or a signal, ends it."""
        asyncio.run(self.serve())

    async def serve(self) -> None:
        """As uvicorn's own worker does, by our server."""
        self.config.app = self.wsgi
        server = PatientServer(self.config)
        asyncio.get_running_loop().add_signal_handler(signal.SIGQUIT, self.handle_exit, signal.SIGQUIT, None)
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
