"""The command line: `setup DIR` writes the world once, `serve DIR --port N [--time-scale S]` plays it."""

import argparse
import signal
import sys
from pathlib import Path

from sandbox.scene import build
from sandbox.server import HOST, Server
from sandbox.setup import write_world
from sandbox.world import WORLD_FILE, load


def serve(folder: Path, port: int, time_scale: float) -> None:
    """Serve until SIGTERM or Ctrl-C; the first line on stdout says where."""
    if not (folder / WORLD_FILE).exists():
        sys.exit(f"{folder} holds no world: run `python -m sandbox setup {folder}` first")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with Server(port, build(load(folder), time_scale=time_scale)) as server:
        print(f"sandbox listening on http://{HOST}:{server.server_address[1]}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            sys.exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="Plays WeChat, Tencent Cloud and the port over HTTP."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, does in (("setup", "write keys and storefronts, once"), ("serve", "answer as they do")):
        command = commands.add_parser(name, help=does)
        command.add_argument("folder", type=Path, metavar="DIR")
        if name == "serve":
            command.add_argument("--port", type=int, default=0, help="0 picks a free one")
            command.add_argument(
                "--time-scale",
                type=float,
                default=1.0,
                help="real seconds for one second of the ladder of retries: 0.001 makes 15 s into 15 ms",
            )
    asked = parser.parse_args()
    if asked.command == "setup":
        new = write_world(asked.folder)
        print(f"{'wrote' if new else 'kept'} {asked.folder / WORLD_FILE}")
    else:
        serve(asked.folder, asked.port, asked.time_scale)


if __name__ == "__main__":
    main()
