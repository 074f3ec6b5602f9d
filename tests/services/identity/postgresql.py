"""A real PostgreSQL of Debian's packages, in a folder of its own, without a network, for as long as a test needs it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

PACKAGED = Path("/usr/lib/postgresql")
UNPRIVILEGED = ("postgres", "nobody")


class UnavailableError(Exception):
    """No PostgreSQL can be started here; the message says why."""


@dataclass(frozen=True)
class PostgreSQL:
    """A server that listens on a socket in its own folder."""

    programs: Path
    folder: Path
    user: str | None

    @property
    def url(self) -> str:
        return f"postgresql://tester@/postgres?host={self.folder}"

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c max_connections=40"
        self._run("pg_ctl", "start", "-w", "-D", self.cluster, "-l", str(self.folder / "log"), "-o", options)

    def stop(self) -> None:
        """Stop it at once: connections in use are cut."""
        self._run("pg_ctl", "stop", "-w", "-D", self.cluster, "-m", "immediate")

    def make(self) -> None:
        self._run("initdb", "-D", self.cluster, "-A", "trust", "-U", "tester", "--no-sync")

    @property
    def cluster(self) -> str:
        return str(self.folder / "cluster")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            user=self.user,
            group=self.user and _group(self.user),
            extra_groups=[] if self.user else None,
            cwd=self.folder,
            check=False,
            timeout=60,
        )
        if done.returncode:
            raise UnavailableError(f"{program} failed: {done.stderr.decode(errors='replace').strip()}")


def make() -> PostgreSQL:
    """Make a cluster. Raises UnavailableError."""
    programs = _programs()
    user = _unprivileged() if os.geteuid() == 0 else None  # PostgreSQL refuses to be run by root.
    folder = Path(tempfile.mkdtemp(prefix="atelier-pg-"))
    if user is not None:
        shutil.chown(folder, user)
    server = PostgreSQL(programs, folder, user)
    try:
        server.make()
    except BaseException:
        shutil.rmtree(folder)
        raise
    return server


def _programs() -> Path:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(PACKAGED.glob("*/bin"), reverse=True)
    for folder in folders:
        if all((folder / program).exists() for program in ("initdb", "pg_ctl", "postgres")):
            return folder
    raise UnavailableError("there is no PostgreSQL here; Debian's package `postgresql` has one")


def _unprivileged() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in UNPRIVILEGED:
        if name in known:
            return name
    raise UnavailableError("PostgreSQL does not run as root, and there is no other user here")


def _group(user: str) -> int:
    return pwd.getpwnam(user).pw_gid
