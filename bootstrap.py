"""Commands that set up everything on a bare machine with Python 3.10 or later.

    python3 bootstrap.py demo                    the sample site, ready to click
    python3 bootstrap.py demo --engine server    the same on a Dolt server of its own
    python3 bootstrap.py test                    the test suite, on a Dolt server and embedded

The first one needs nothing but Python on Linux; elsewhere the second one is run.

What is missing is installed (into `.venv` beside this file, and by apt-get where that is
allowed), or named with the command that installs it. Standard library only, and no syntax
that an old Python can't read: it has to be able to say that it is too old.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(HERE, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")


def say(text):
    """Print a line of progress."""
    print("==> " + text, file=sys.stderr)
    sys.stderr.flush()


def fail(text):
    """Print an error and end."""
    sys.exit("error: " + text)


def run(command):
    """Run a command whose output is only of interest when it fails."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        fail(" ".join(command) + " failed:\n" + done.stdout.decode("utf-8", "replace")[-4000:])


def missing_packages(extra):
    """Debian packages for what is not there, and an extra of setup.cfg (or several) needs."""
    extras = extra.split(",")
    for_tests = "test" in extras
    for_server = for_tests or "server" in extras
    wanted = [] if has_venv() else ["python3-venv"]
    if not for_server:
        return wanted
    has_config = shutil.which("mysql_config") or shutil.which("mariadb_config")
    if not has_config or not shutil.which("pkg-config"):
        wanted += ["default-libmysqlclient-dev", "pkg-config"]
    if not shutil.which("g++"):
        wanted.append("g++")
    if not os.path.exists(python_header()):
        wanted.append("python3-dev")
    if for_tests and not find_browser():
        wanted.append("chromium")
    # That a server which isn't Dolt is refused is tested on one; `dbshell` needs its client.
    if for_tests and not shutil.which("mariadbd", path="/usr/sbin:" + os.environ["PATH"]):
        wanted.append("mariadb-server")
    return wanted


def has_venv():
    """Whether this Python can make virtual environments."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return False
    return True


def python_header():
    """Where the header is that compiling mysqlclient needs."""
    import sysconfig

    return os.path.join(sysconfig.get_paths()["include"], "Python.h")


def find_browser():
    """The path of an installed Chromium or Chrome, or None."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    return None


def install_packages(packages):
    """Install Debian packages, or say how to."""
    apt = ["apt-get", "install", "-y", "--no-install-recommends"] + packages
    if not shutil.which("apt-get"):
        fail(
            "these are missing: " + ", ".join(packages) + " (Debian's names). Install them, for "
            "example with: sudo dnf install mariadb-connector-c-devel pkgconf gcc-c++ "
            "python3-devel chromium mariadb-server, or brew install mariadb pkg-config"
        )
    prefix = []
    if os.geteuid() != 0:
        allowed = shutil.which("sudo") and (
            subprocess.run(["sudo", "-n", "true"], stderr=subprocess.DEVNULL).returncode == 0
        )
        if not allowed:
            fail("these are missing. Install them with: sudo " + " ".join(apt))
        prefix = ["sudo", "-n"]
    say("installing " + ", ".join(packages))
    os.environ.setdefault("DEBIAN_FRONTEND", "noninteractive")
    run(prefix + ["apt-get", "update", "-qq"])
    run(prefix + apt)


def set_up(extra):
    """Make the virtual environment and install the package with an extra into it."""
    packages = missing_packages(extra)
    if packages:
        install_packages(packages)
    with open(os.path.join(HERE, "setup.cfg"), "rb") as file:
        state = hashlib.sha256(file.read()).hexdigest() + " " + sys.version.split()[0]
    stamp = os.path.join(VENV, "installed-" + extra.replace(",", "-"))
    if os.path.exists(stamp):
        with open(stamp) as file:
            if file.read() == state:
                return
    if not os.path.exists(PYTHON):
        say("making the virtual environment .venv")
        run([sys.executable, "-m", "venv", VENV])
    say("installing dolt_router and what it needs")
    # Python compiles what it imports: a fifth of all that pip would.
    install = [PYTHON, "-m", "pip", "install", "--quiet", "--no-compile"]
    run(install + ["-e", HERE + "[" + extra + "]"])
    with open(stamp, "w") as file:
        file.write(state)


def get_dolt():
    """See that there is a Dolt server program: found, or built with progress shown."""
    if subprocess.call([PYTHON, "-m", "dolt_router.testing"], cwd=HERE) != 0:
        sys.exit(1)


def demo(arguments):
    """Run the sample site, on the embedded engine unless a server is asked for or named."""
    engine = asked_for(arguments)
    if engine is None:
        named = "DOLT_HOST" in os.environ or "DOLT_PORT" in os.environ
        engine = "server" if named or not sys.platform.startswith("linux") else "embedded"
        arguments = ["--engine", engine] + arguments
    if engine == "embedded":
        set_up("embedded,review")
    else:
        set_up("server,testing,review")
        get_dolt()
    manage = os.path.join(HERE, "sample_site", "manage.py")
    return subprocess.call([PYTHON, manage, "demo"] + arguments, cwd=HERE)


def asked_for(arguments):
    """The engine that the arguments of `demo` name, or None."""
    for at, word in enumerate(arguments):
        if word == "--engine":
            return "".join(arguments[at + 1 : at + 2])
        if word.startswith("--engine="):
            return word[len("--engine=") :]
    return None


def test(arguments):
    """Run the test suite on a server, then what depends on the engine on the embedded one."""
    set_up("test")
    get_dolt()
    command = [PYTHON, "-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    say("running the tests on a Dolt server")
    code = subprocess.call(command + arguments, cwd=HERE)
    if code != 0 or not sys.platform.startswith("linux"):
        return code
    say("running the tests on the embedded engine")
    env = dict(os.environ, DOLT_ROUTER_TEST_ENGINE="doltlite", DOLT_ROUTER_TEST_SECOND="1")
    command += ["-o", "dolt_server=false"]
    code = subprocess.call(command + arguments, cwd=HERE, env=env)
    return 0 if code == NOTHING_TO_RUN and arguments else code


NOTHING_TO_RUN = 5  # pytest's exit code: the arguments name tests of a server only


def main():
    """The command line."""
    if sys.version_info < (3, 10):  # noqa: UP036
        fail("Python 3.10 or later is needed; this is " + sys.version.split()[0] + ".")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["demo", "test"])
    parser.add_argument(
        "arguments",
        nargs=argparse.REMAINDER,
        help="handed on: to `manage.py demo` (for example --port 8001), or to pytest",
    )
    options = parser.parse_args()
    try:
        code = {"demo": demo, "test": test}[options.command](options.arguments)
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
