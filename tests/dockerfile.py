#!/usr/bin/env python3
"""Carries out the Dockerfile's steps where there is no Docker: python3 tests/dockerfile.py [FOLDER]

Every stage is a root folder: Debian's from debootstrap, .NET's own images from the .NET of this machine. COPY heeds .dockerignore, RUN runs in the
stage's root, and at the end the last stage's ENTRYPOINT and CMD start as its USER and have to answer. Only what the Dockerfile uses is understood; anything
else is an error. Wants root, debootstrap and .NET; fetches some 800 MB. FOLDER keeps the stages for a look; it has to be new.
"""
import fnmatch
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
# The registries' certificates of this machine, where it has some of its own; a container of Docker's would get them from its engine's network.
CERTIFICATES = "/etc/ssl/certs"
PASSED_ON = ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "NUGET_CERT_REVOCATION_MODE")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Stage:
    def __init__(self, root):
        self.root, self.environment, self.folder, self.user = root, {"PATH": PATH, "HOME": "/root"}, "/", "root"
        self.entry, self.command = [], []

    def process(self, command):
        """The command in this root, as its user, in mounts of its own."""
        os.makedirs(self.root / CERTIFICATES[1:], exist_ok=True)
        inside = ["chroot", f"--userspec={self.user}:{self.user}", str(self.root), "/usr/bin/env", "-i"]
        inside += [f"{k}={v}" for k, v in self.environment.items()] + [f"{k}={os.environ[k]}" for k in PASSED_ON if k in os.environ]
        inside += ["sh", "-c", f'cd "{self.folder}" && exec "$@"', "step", *command]
        mounts = 'set -e; for m in /proc /dev %s; do mount --bind $m "$1$m"; done; shift; exec "$@"' % CERTIFICATES
        return ["unshare", "--mount", "--propagation", "private", "--kill-child", "--pid", "--fork", "bash", "-c", mounts, "mounts", str(self.root), *inside]


def instructions():
    text = re.sub(r"^\s*#.*\n", "", (REPOSITORY / "Dockerfile").read_text(), flags=re.M)
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if line.strip():
            yield line.strip().split(None, 1)


def expand(text, names):
    def value(match):
        name, alternative = match.group(1) or match.group(3), match.group(2)
        found = names.get(name, "")
        return (alternative if found else "") if alternative is not None else found

    return re.sub(r"\$\{(\w+)(?::\+([^}]*))?\}|\$(\w+)", value, text)


def ignored(path):
    for pattern in (REPOSITORY / ".dockerignore").read_text().split():
        parts = path.parts
        for depth in range(1, len(parts) + 1):
            if fnmatch.fnmatch("/".join(parts[:depth]), pattern) or (pattern.startswith("**/") and fnmatch.fnmatch(parts[depth - 1], pattern[3:])):
                return True
    return False


def copy_here(source, target):
    found = sorted(REPOSITORY.glob(source))
    if not found:
        sys.exit(f"FAILED: COPY {source}: there is no such file")
    for item in found:
        for file in [item] if item.is_file() else sorted(f for f in item.rglob("*") if f.is_file()):
            if not ignored(file.relative_to(REPOSITORY)):
                to = target / (file.name if item.is_file() else file.relative_to(item))
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, to)


def base(image, root, stages):
    if image in stages:
        shutil.copytree(stages[image].root, root, symlinks=True)
    elif image.startswith("mcr.microsoft.com/dotnet/"):
        dotnet = pathlib.Path(os.environ.get("DOTNET_ROOT", "/usr/share/dotnet"))
        for part in ["dotnet", "host", "shared"] + ([p.name for p in dotnet.iterdir()] if "/sdk:" in image else []):
            to = root / "usr/share/dotnet" / part
            if not to.exists():
                to.parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if (dotnet / part).is_dir() else shutil.copy2)(dotnet / part, to)
    elif image.startswith("debian:"):
        done = subprocess.run(["debootstrap", "--variant=minbase", image.split(":")[1].removesuffix("-slim"), str(root)], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"FAILED: debootstrap: {done.stdout[-500:]}")
    else:
        sys.exit(f"FAILED: the image '{image}' is not known to this script")


def build(folder):
    stages, names, stage = {}, {}, None
    for word, rest in instructions():
        began = time.monotonic()
        if word == "FROM":
            image, name = re.fullmatch(r"(\S+) AS (\w+)", expand(rest, names)).groups()
            stage = stages[name] = Stage(folder / name)
            base(image, stage.root, stages)
        elif word == "ARG":
            name, _, value = rest.partition("=")
            (names if stage is None else stage.environment)[name] = value.strip('"')
        elif word == "ENV":
            stage.environment |= {k: expand(v, stage.environment) for k, v in (pair.split("=", 1) for pair in rest.split())}
        elif word in ("WORKDIR", "USER"):
            setattr(stage, {"WORKDIR": "folder", "USER": "user"}[word], rest)
            stage.environment["HOME"] = "/root" if stage.user == "root" else f"/home/{stage.user}"
            os.makedirs(stage.root / stage.folder[1:], exist_ok=True)
        elif word == "COPY":
            *sources, target = rest.split()
            to = stage.root / os.path.join(stage.folder, target)[1:]
            if sources[0].startswith("--from="):
                subprocess.run(["cp", "-a", f"{stages[sources[0][7:]].root}{sources[1]}/.", f"{to}/"] if to.exists() else ["cp", "-a", f"{stages[sources[0][7:]].root}{sources[1]}", str(to)], check=True)
            else:
                for source in sources:
                    copy_here(source, to)
        elif word == "RUN":
            done = subprocess.run(stage.process(["sh", "-c", rest]), capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"FAILED: RUN {rest[:100]}\n{done.stdout[-2000:]}{done.stderr[-1000:]}")
        elif word in ("ENTRYPOINT", "CMD"):
            setattr(stage, {"ENTRYPOINT": "entry", "CMD": "command"}[word], json.loads(rest))
        elif word not in ("VOLUME", "EXPOSE", "HEALTHCHECK"):
            sys.exit(f"FAILED: {word} is not known to this script")
        print(f"ok: {word} {rest[:80]} ({time.monotonic() - began:.0f} s)", flush=True)
    return stage


def start(stage):
    # On loopback and a free port, as -p 127.0.0.1:... would publish it.
    address = "http://127.0.0.1:18080"
    command = stage.entry + [address if word.startswith("http://") else word for word in stage.command]
    with subprocess.Popen(stage.process(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            for _ in range(150):
                time.sleep(0.2)
                try:
                    with urllib.request.urlopen(f"{address}/health/ready", timeout=5) as answer:
                        if answer.status == 200:
                            print(f"ok: {' '.join(command)} as {stage.user}: ready")
                            said(stage, "link", "/sign-in?token=")
                            return stop(server)
                except OSError:
                    if server.poll() is not None:
                        break
            sys.exit(f"FAILED: the server did not become ready:\n{server.stdout.read() if server.poll() is not None else ''}")
        finally:
            # With everything in it.
            server.kill()


def said(stage, command, expected):
    """What an operator asks with docker exec."""
    done = subprocess.run(stage.process([*stage.entry, command]), capture_output=True, text=True)
    if done.returncode or expected not in done.stdout:
        sys.exit(f"FAILED: {command}: {done.stdout}{done.stderr}")
    print(f"ok: {command}: {done.stdout.strip().splitlines()[0]}")


def stop(server):
    """As docker stop does: SIGTERM to the first process of the container."""
    os.kill(int(pathlib.Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()[0]), signal.SIGTERM)
    code = server.wait(30)
    if code != 0:
        sys.exit(f"FAILED: stopped with SIGTERM the server ended with {code}:\n{server.stdout.read()}")
    print("ok: ended on SIGTERM")


if __name__ == "__main__":
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        sys.exit("This has to be root, with debootstrap (apt install debootstrap): it makes root folders and changes into them.")
    kept = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
    if kept:
        kept.mkdir()
    # So that what is below is cleared away then too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    work = kept or pathlib.Path(tempfile.mkdtemp())
    try:
        last = build(work)
        start(last)
        said(last, "doctor", "libtorch")
        print("The Dockerfile's steps passed.")
    finally:
        if not kept:
            shutil.rmtree(work, ignore_errors=True)
