"""The server of the UI tests."""

from jupyterlab.galata import configure_jupyter_server

configure_jupyter_server(c)  # noqa: F821  (given by Jupyter)
c.ServerApp.allow_root = True  # noqa: F821  (CI may be root)
c.ServerApp.log_level = "ERROR"  # noqa: F821
