"""Runs programs one after another and reports what each cost.

One JSON object a line on standard input: {"argv": [...], "cwd": "...", "env": {...}, "output": "..."}.
One a line comes back: {"cpuMs": 12.3, "wallMs": 45.6, "peakBytes": 789, "exitCode": 0}. CPU time is the kernel's own
account of the program and the children it waited for, user and system.
"""

import json
import os
import sys
import time

for line in sys.stdin:
    job = json.loads(line)
    os.chdir(job["cwd"])
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    start = time.monotonic()
    pid = os.posix_spawn(
        job["argv"][0],
        job["argv"],
        job["env"],
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, job["output"], flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )
    _, status, usage = os.wait4(pid, 0)
    result = {
        "cpuMs": (usage.ru_utime + usage.ru_stime) * 1000,
        "wallMs": (time.monotonic() - start) * 1000,
        "peakBytes": usage.ru_maxrss * 1024,
        "exitCode": os.waitstatus_to_exitcode(status),
    }
    print(json.dumps(result), flush=True)
