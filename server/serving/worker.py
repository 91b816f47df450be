"""gunicorn's worker: uvicorn with our connections, one loop a process."""

from uvicorn_worker import UvicornWorker

from server.serving.connections import PatientHttp


class FrontWorker(UvicornWorker):
    """What proxies say is read by server/serving/proxies.py alone, and the access log is that of gunicorn_conf.py."""

    CONFIG_KWARGS = {
        "loop": "asyncio", "http": PatientHttp, "ws": "none", "lifespan": "on", "interface": "asgi3",
        "proxy_headers": False, "server_header": False, "access_log": False,
    }  # fmt: skip
