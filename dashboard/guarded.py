"""The dashboard behind a token: `make run TOKEN=auto` starts this in place of `app`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402

from dashboard.session import guard  # noqa: E402
from engine.errors import ConfigError  # noqa: E402

try:
    token = guard.asked()
except ConfigError as error:
    sys.exit(str(error))
if token is None:
    sys.exit(f"No token was asked for: set {guard.VARIABLE}, or start dashboard/app.py.")
port, base = st.get_option("server.port"), st.get_option("server.baseUrlPath").strip("/")
sys.stdout.write(f"\n  Open http://localhost:{port}/{base}?{guard.PARAMETER}={token}\n\n")
sys.stdout.flush()
app = st.App(Path(__file__).with_name("app.py"), middleware=[Middleware(guard.Guard, token=token)])
