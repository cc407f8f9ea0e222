"""The run: every workload in every round, every subject in turn, and then the report."""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from . import plot, report
from .backends import Backends
from .figures import FIGURES, text
from .machine import Cores, Quiet, describe, raise_descriptor_limit
from .proxies import all_subjects
from .rehearsal import rehearse
from .results import digest
from .workloads import WORKLOADS

ROOT = Path(__file__).resolve().parents[2]
TAKEN = ("sluice", "haproxy", "nginx", "direct")  # names that builds may not begin with
SHOWN = ("rate", "gigabits", "p99", "cpu_per_operation", "cpu_per_gigabit", "memory")


@dataclass(frozen=True)
class Lab:
    """What a workload needs to run."""

    tools: Path
    work: Path
    scripts: Path
    cores: Cores
    seconds: float
    warm_up: float


def parse_arguments():
    names = [workload.name for workload in WORKLOADS]
    parser = argparse.ArgumentParser(
        prog="./dev bench", description="Measures Sluice beside HAProxy, nginx and no proxy."
    )
    parser.add_argument("sluice", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--tools", type=Path, help=argparse.SUPPRESS)
    parser.add_argument(
        "--quick", action="store_true", help="one short round in under 3 minutes, for a first look"
    )
    parser.add_argument("--rounds", type=int, help="how often all is measured (9)")
    parser.add_argument("--seconds", type=float, help="how long each measurement takes (1)")
    parser.add_argument(
        "--only", action="append", choices=names, metavar="WORKLOAD",
        help="this workload; may be given again. One of: " + " ".join(names),
    )
    parser.add_argument(
        "--beside", action="append", default=[], type=build_of, metavar="NAME=BINARY",
        help="another build of Sluice, measured in the same rounds; may be given again",
    )
    given = parser.parse_args()
    changed = (given.quick, given.only, given.rounds, given.seconds, given.beside)
    given.is_full = not any(changed)
    given.rounds = given.rounds or (1 if given.quick else 9)
    given.seconds = given.seconds or 1
    return given


def build_of(argument):
    name, separator, binary = argument.partition("=")
    if not separator or not name.isidentifier() or name.startswith(TAKEN):
        raise argparse.ArgumentTypeError(f"'{argument}' is not a name, '=' and a binary")
    if not os.access(binary, os.X_OK):
        raise argparse.ArgumentTypeError(f"'{binary}' is not a program")
    return name, Path(binary).resolve()


def main():
    given = parse_arguments()
    os.chdir(ROOT)
    descriptors = raise_descriptor_limit()
    cores = Cores.of_machine()
    os.sched_setaffinity(0, {cores.rest})
    work = ROOT / "build" / "bench"
    work.mkdir(parents=True, exist_ok=True)
    sluice = given.sluice.resolve()
    lab = Lab(
        tools=(given.tools or sluice.parent / "bench").resolve(),
        work=work,
        scripts=Path(__file__).resolve().parent,
        cores=cores,
        seconds=given.seconds,
        warm_up=0.1 if given.quick else 0.3,
    )
    builds = dict(given.beside)
    workloads = [load for load in WORKLOADS if not given.only or load.name in given.only]
    for build in builds:
        workloads = [load.beside(build) for load in workloads]
    subjects = all_subjects(sluice, builds)
    settings = {
        "rounds": given.rounds,
        "seconds": given.seconds,
        "descriptors": descriptors,
        "cores": asdict(cores),
    }

    with Backends(lab.tools, work, cores.backend) as backends:
        print(f"rehearsal: {', '.join(rehearse_all(lab, subjects))} carry and balance as asked")
        runs, errors, others = measure_all(lab, workloads, subjects, backends, given.rounds)
        for what, times in backends.problems().items():
            errors.append(f"the backends counted {what}: {times}")

    results = {
        "machine": describe(sluice),
        "settings": settings | {"others_share": others},
        "errors": errors,
        "workloads": {load.name: digest(load, runs[load.name]) for load in workloads},
    }
    folder = ROOT / "bench" if given.is_full else work
    (folder / "results.json").write_text(as_json(results))
    (folder / "results.md").write_text(report.markdown(results))
    (folder / "results.svg").write_text(plot.svg(results))
    print("\n" + report.targets_table(results))
    for build in builds:
        print(report.beside_table(workloads, results, build))
    print(f"all figures: {folder}/results.md, .json, .svg")
    return complain(errors, others)


def as_json(results):
    """One line a workload, so that two runs can be compared line by line."""
    head = {key: value for key, value in results.items() if key != "workloads"}
    lines = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
    workloads = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(digest, ensure_ascii=False)}"
        for name, digest in results["workloads"].items()
    )
    return f'{lines},\n "workloads": {{\n{workloads}\n }}\n}}\n'


def rehearse_all(lab, subjects):
    for name in ("sluice", "haproxy-splice", "haproxy", "nginx"):
        subject = subjects[name]
        subject.start(lab.work, lab.cores.proxy)
        try:
            rehearse(subject)
        finally:
            subject.stop()
        yield subject.label


def measure_all(lab, workloads, subjects, backends, rounds):
    """Returns the runs by workload, the errors, and the share of the machine that others used."""
    runs = defaultdict(list)
    errors = []
    total = rounds * sum(len(workload.cases) for workload in workloads)
    done = 0
    quiet, began, backends_before = Quiet(), time.monotonic(), backends.cpu()
    for n in range(rounds):
        for workload in workloads:
            for case in shuffled(workload, n):
                figures, problems = measure(lab, workload, case, subjects[case.subject])
                runs[workload.name].append((case.name, figures))
                for what, times in problems.items():
                    errors.append(f"{workload.title}, {case.name}, round {n + 1}: {what}: {times}")
                done += 1
                show_progress(done, total, began, workload, case, figures, problems)
    return runs, errors, quiet.others_share([(backends_before, backends.cpu())])


def shuffled(workload, n):
    """The cases in the order of the n-th round: the same in every run, and nobody always comes
    after the same one, which may have left the machine's cores busy or idle."""
    return Random(f"{workload.name} {n}").sample(workload.cases, len(workload.cases))


def measure(lab, workload, case, subject):
    """One run's figures and problems. What fails is a problem, and the bench goes on."""
    subject.start(lab.work, lab.cores.proxy)
    try:
        figures, problems = workload.run(lab, subject, case)
    except (OSError, RuntimeError, subprocess.SubprocessError) as failure:
        figures, problems = {}, {str(failure): 1}
    finally:
        lived = subject.stop()
    if not lived:
        problems = {**problems, f"{subject.label} died": 1}
    if subject.processes.pids and not problems and not is_in_path(figures):
        problems = {f"{subject.label} did nothing": 1}
    return figures, problems


def is_in_path(figures):
    """A proxy that carried a load has used its core or its memory."""
    return figures.get("cpu_share", 1) > 0.001 and figures.get("memory", 1) > 0


def show_progress(done, total, began, workload, case, figures, problems):
    left = (time.monotonic() - began) / done * (total - done)
    shown = "  ".join(
        f"{FIGURES[name].title} {text(name, figures[name])} {FIGURES[name].unit}"
        for name in SHOWN
        if name in figures
    )
    place = f"{done:4}/{total}  {left / 60:3.0f} min left"
    trouble = f"  ERRORS {problems}" if problems else ""
    print(f"{place}  {workload.name:<11} {case.name:<24} {shown}{trouble}", flush=True)


def complain(errors, others):
    """The exit status: 1 if anything went wrong."""
    if others > 0.05:
        print(f"\n!! The machine was not quiet: others used {others:.0%} of it.", file=sys.stderr)
    if not errors:
        return 0
    print(f"\n!! {len(errors)} ERRORS, so these results are not to be trusted:", file=sys.stderr)
    for error in errors:
        print(f"!!   {error}", file=sys.stderr)
    return 1
